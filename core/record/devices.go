package record

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"

	"anodize/core/audit"
)

// devices shows the HSM and the disc as they were found, and what was done to
// the HSM.
func (h *history) devices() markup {
	begin := h.now.CeremonyBegin
	all := []fact{
		{"HSM", join(data(begin.HSM.Backend), words(", serial "), name(begin.HSM.Serial), words(", firmware "), data(begin.HSM.Firmware))},
		{"Disc", join(data(begin.Medium.Name), words(", "), counted(begin.Medium.Sessions, "session"),
			words(" of this archive on it, next sector "), number(begin.Medium.NextAddress))},
		{"Archive's id on the disc", mono(h.genesis.Archive)},
	}
	var steps []markup
	for _, r := range h.steps {
		switch e := r.Event.(type) {
		case audit.KeyGenerated:
			all = append(all, fact{"Key", keyMade(e)})
		case audit.KeyAttested:
			all = append(all, fact{"Attestation", attestation(e)})
		case audit.HSMBootstrapped:
			steps = append(steps, stepsOf("How the HSM was made ready", e.Steps))
		case audit.KeyCopied:
			steps = append(steps, stepsOf("How the key was copied", e.Steps))
		}
	}
	return join(append(append([]markup{factTable(all...)}, steps...), h.fleetTable())...)
}

func keyMade(e audit.KeyGenerated) markup {
	public := markup("")
	if spki, err := base64.StdEncoding.DecodeString(e.SPKI); err == nil {
		sum := sha256.Sum256(spki)
		public = join(words("public key, SHA-256 "), mono(hex.EncodeToString(sum[:])))
	}
	return lines(join(data(e.Spec), words(", label "), name(e.Label), words(fmt.Sprintf(", object %#04x, made in HSM ", e.ID)), name(e.Serial)), public)
}

// attestation names the certificates by which the HSM vouches for a key, the
// key's first.
func attestation(e audit.KeyAttested) markup {
	all := []markup{join(words(fmt.Sprintf("object %#04x, by HSM ", e.ID)), name(e.Serial))}
	for _, encoded := range e.Chain {
		if der, err := base64.StdEncoding.DecodeString(encoded); err == nil {
			sum := sha256.Sum256(der)
			all = append(all, join(words("certificate, SHA-256 "), mono(hex.EncodeToString(sum[:]))))
		}
	}
	return lines(all...)
}

// stepsOf shows how something was done to a device.
func stepsOf(title string, steps []audit.HSMStep) markup {
	var rows [][]markup
	for i, s := range steps {
		rows = append(rows, []markup{number(i + 1), data(s.Name), data(s.Detail)})
	}
	return join(el(h3, words(title)), table([]string{"No.", "Step", "Detail"}, rows))
}

// deviceLog shows the HSM's own log as far as this ceremony recorded it.
func (h *history) deviceLog() markup {
	var rows [][]markup
	for _, r := range h.steps {
		e, ok := r.Event.(audit.HSMLog)
		if !ok {
			continue
		}
		for _, entry := range deviceEntries(e) {
			result := words("carried out")
			if !entry.Succeeded() {
				result = el(strong, words(fmt.Sprintf("refused, %#02x", entry.Result)))
			}
			rows = append(rows, []markup{number(entry.Number), data(entry.Name()), object(entry.SessionKey), object(entry.TargetKey), result,
				mono(hex.EncodeToString(entry.Digest[:]))})
		}
	}
	if len(rows) == 0 {
		return el(paragraph, words("No entry is on record from this ceremony."))
	}
	return join(
		table([]string{"Entry", "Command", "Session", "Object", "Result", "Digest"}, rows),
		el(paragraph, words("The device writes it itself, each entry with a digest over the one before.")),
	)
}

// object is an object's number, nothing if there is none.
func object(id uint16) markup {
	if id == 0xffff {
		return ""
	}
	return words(fmt.Sprintf("%#04x", id))
}
