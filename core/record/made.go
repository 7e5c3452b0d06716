package record

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"

	"anodize/core/audit"
	"anodize/core/ca"
)

// made shows what was intended and what was issued, in full.
func (h *history) made() markup {
	out := []markup{h.intended()}
	for _, i := range h.present() {
		out = append(out, el(h3, data(i.file)), described(i.der))
	}
	if len(h.present()) == 0 {
		out = append(out, el(paragraph, el(strong, words("Nothing was issued."))))
	}
	return join(out...)
}

// intended shows the intent of the ceremony.
func (h *history) intended() markup {
	switch e := h.now.intent.(type) {
	case audit.IntentInitRoot:
		return join(el(h3, words("The intent")), factTable(
			fact{"Subject", data(e.Subject)},
			fact{"Serial number", mono(e.Serial)},
			fact{"Valid", data(e.NotBefore + " to " + e.NotAfter)},
			fact{"Key", join(data(e.KeySpec), words(", label "), name(e.KeyLabel))},
			fact{"First CRL", join(words("number "), number(e.CRLNumber), words(", next update "), data(e.NextUpdate))},
		))
	case audit.IntentSignCSR:
		return join(el(h3, words("The request")), request(e), h.unsigned(e.TBS))
	case audit.IntentIssueCRL:
		return join(el(h3, words("The intent")), factTable(fact{"CRL number", number(e.Number)}, fact{"File", data(e.File)}), h.unsigned(e.TBS))
	case audit.IntentKeyBackup, audit.IntentRekeyShares, audit.IntentUpdateHSM, audit.IntentRetireHSM:
		return fleetIntent(e)
	default:
		return el(paragraph, words("The ceremony had no intent."))
	}
}

// unsigned shows to-be-signed bytes if nothing was issued: what was issued
// holds them, and is shown itself.
func (h *history) unsigned(tbs string) markup {
	if len(h.present()) > 0 {
		return ""
	}
	der, err := base64.StdEncoding.DecodeString(tbs)
	if err != nil {
		return "" // a log holds none such
	}
	return join(el(h3, words("What would have been signed")), described(der))
}

// request shows a certificate request.
func request(e audit.IntentSignCSR) markup {
	der, err := base64.StdEncoding.DecodeString(e.CSR)
	if err != nil {
		return "" // a log holds none such
	}
	sum := sha256.Sum256(der)
	all := []fact{{"Certificate profile", data(e.Profile)}, {"Certificate's file", data(e.File)}, {"Certificate's serial number", mono(e.Serial)},
		{"Request, SHA-256", mono(hex.EncodeToString(sum[:]))}}
	csr, err := ca.ParseCSR(der)
	if err != nil {
		return factTable(append(all, fact{"Request", words("This is not a request that the program would sign.")})...)
	}
	spki := csr.SPKIHash()
	all = append(all, fact{"Subject", data(csr.Subject())}, fact{"Public key", data(csr.KeyDescription())},
		fact{"Public key, SHA-256", mono(hex.EncodeToString(spki[:]))})
	for _, extension := range csr.IgnoredExtensions() {
		all = append(all, fact{"Asked for, not granted", data(extension)})
	}
	return factTable(all...)
}

// described shows a certificate, a CRL or its to-be-signed bytes in readable
// form.
func described(der []byte) markup {
	fields, err := ca.Describe(der)
	if err != nil {
		sum := sha256.Sum256(der)
		return factTable(fact{"Not readable", words("This is neither a certificate nor a CRL.")}, fact{"SHA-256", mono(hex.EncodeToString(sum[:]))})
	}
	var all []fact
	for _, f := range fields {
		all = append(all, fact{f.Name, data(f.Value)})
	}
	return factTable(all...)
}
