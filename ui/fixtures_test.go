package ui_test

import (
	"fmt"
	"os"
	"strings"
	"time"

	"anodize/core/ceremony"
	"anodize/ui/kit"
)

// fixture is a view made by hand.
type fixture struct {
	name string
	view ceremony.View
}

const (
	exampleHex  = "A1B2C3D4E5F60718293A4B5C6D7E8F901122334455667788" + "99AABBCCDDEEFF01"
	exampleHead = "9f3c71aa04d2be5510c8e4f7a6b3928190ffeeddccbbaa998877665544332211"
	exampleTree = "c41b5e9077f6012233445566778899aabbccddeeff00112233445566778899aa"
)

var exampleNow = time.Date(2026, 4, 25, 14, 31, 22, 0, time.UTC)

// exampleWords are the words of no share.
var exampleWords = strings.Fields(`afraid aide actress album already adjust acne aluminum academic adult agency
	alto alarm acid adapt again alcohol adorn adequate activity acquire agree airline alive admit acrobat ambition
	advocate alpha alien amount aircraft amazing`)

var phaseNames = [7]string{"Preflight", "Plan", "Commit", "Quorum", "Execute", "Record", "Export"}

// base is what stands around every body: a rehearsal at phase current.
func base(operation string, current int) ceremony.View {
	v := ceremony.View{
		Screen: 7, Revision: 1,
		CA: "Example Root CA", Banner: "REHEARSAL",
		HSM:   ceremony.Lamp{State: ceremony.There, Word: "HSM 0034332673"},
		Disc:  ceremony.Lamp{State: ceremony.There, Word: "Disc, 251 sessions free"},
		Stick: ceremony.Lamp{State: ceremony.There, Word: "Stick"},
		Now:   exampleNow, ClockConfirmed: true,
		Operation: operation,
		Records:   14, LogHead: exampleHead, TreeHead: exampleTree,
	}
	for i, n := range phaseNames {
		v.Phases[i] = ceremony.Phase{Name: n}
		switch {
		case i < current:
			v.Phases[i].State = ceremony.Done
		case i == current:
			v.Phases[i].State = ceremony.Current
		}
	}
	return v
}

func with(v ceremony.View, title, sentence string, body ceremony.Body, actions ...ceremony.Action) ceremony.View {
	v.Title, v.Sentence, v.Body, v.Actions = title, sentence, body, actions
	return v
}

func noted(v ceremony.View, note string) ceremony.View {
	v.Note = note
	return v
}

func noticed(v ceremony.View, k ceremony.NoticeKind, text string) ceremony.View {
	v.Notice = ceremony.Notice{Kind: k, Text: text}
	return v
}

func primary(id, label string) ceremony.Action {
	return ceremony.Action{ID: id, Label: label, Key: "Enter", Kind: ceremony.Primary}
}

func stop(id, label string) ceremony.Action {
	return ceremony.Action{ID: id, Label: label, Key: "Esc", Kind: ceremony.Stop}
}

func other(id, label, key string) ceremony.Action {
	return ceremony.Action{ID: id, Label: label, Key: key}
}

func notYet(a ceremony.Action, why string) ceremony.Action {
	a.Why = why
	return a
}

func held(a ceremony.Action) ceremony.Action {
	a.Held = true
	return a
}

// fixtures covers every kind of body, in its ordinary and its longest shape.
func fixtures() []fixture {
	fs := append(ordinary(), typed()...)
	return append(fs, long()...)
}

func ordinary() []fixture {
	return []fixture{
		{"clock", noticed(with(base("Before we begin", 0), "Is this the time?",
			"Compare with a clock you trust. Certificates, the log and the disc will carry it.",
			ceremony.ClockBody{Time: exampleNow},
			other("set", "Set the clock", "S"), primary("right", "It is right")),
			ceremony.Caution, "The last record on the disc was written 24 April 2026, 09:16:45 UTC. An earlier time is refused.")},
		{"facts", noted(noticed(with(base("Sign CSR", 1), "This will be signed",
			"Read it aloud. Nothing outside this list is signed.", factsBody(),
			stop("stop", "Stop here"), primary("commit", "Burn the intent")),
			ceremony.Caution, "After this the intent stays on the disc for ever, also if nothing is signed."), "Both operators have read it")},
		{"choices", with(base("Sign CSR", 0), "Which request?", "Requests found on the stick, with a valid signature.",
			ceremony.ChoicesBody{Choices: []ceremony.Choice{
				{Label: "INTCA1.CSR", Detail: "CN=Example Issuing CA 1, O=Example Corp, C=US · ECDSA P-384"},
				{Label: "INTCA2.CSR", Detail: "CN=Example Issuing CA 2, O=Example Corp, C=US · RSA 4096"},
				{Label: "OLD.CSR", Detail: "CN=Old CA", Why: "RSA 1024 is too weak: 2048 is the least"},
			}}, stop("back", "Back to the menu"))},
		{"menu", noted(with(base("Choose", 0), "What is this ceremony for?",
			"The disc is verified from its first record: 4 sessions, 14 records, no gaps.", menuBody(),
			other("off", "Shut down", "F10"), other("machine", "The machine", "F3")), "Press a number, or touch")},
		{"steps", noted(noticed(with(base("Sign CSR", 5), "Writing the record to the disc",
			"Session 6 of at most 255. Leave the disc and the power alone until it says done.",
			ceremony.StepsBody{Steps: []ceremony.WorkStep{
				{Label: "Session put together, 5 directories, 29 files", State: ceremony.Done, Detail: "614 KiB"},
				{Label: "Drive ready, next address 4,912", State: ceremony.Done, Detail: "0:02"},
				{Label: "Writing", State: ceremony.Current, Detail: "0:04 left", Fraction: 0.62},
				{Label: "Closing the session", Detail: "about 0:30"},
				{Label: "Reading back and comparing", Detail: "about 0:05"},
			}}, ceremony.Action{ID: "go", Label: "Continue", Kind: ceremony.Primary, Why: "The disc is being written"}),
			ceremony.Caution, "Nothing goes to the stick before this session is on the disc and read back equal."),
			"Power loss now is safe: the next start finds the intent and continues.")},
		{"sharehidden", with(base("Init root", 3), "A share for custodian B",
			"Custodian B steps up alone and takes a card. Everyone else looks away.",
			ceremony.ShareHiddenBody{Custodian: "Beatrix Example", Index: 2, Total: 3, Seen: []bool{true, false, false}},
			stop("stop", "Stop here"), primary("show", "Show my share"))},
		{"share", noted(with(base("Init root", 3), "Share 2 of 3, for custodian B",
			"Only custodian B looks at this screen. Copy all 33 words onto your card, in order.",
			ceremony.ShareBody{Words: ceremony.NewWords(append([]string(nil), exampleWords...))}, primary("written", "Written down")),
			"Set 4C1A, generation 1, any 2 of 3. You will type all 33 words back.")},
		{"fingerprint", noted(with(base("Init root", 4), "Compare the fingerprint",
			"Read it aloud, group by group, against the printout. Scan the code to compare by machine.",
			fingerprintBody(), stop("differs", "It differs"), primary("same", "The same")), "Both operators have compared it")},
		{"findings", with(base("Validate disc", 0), "The disc is not sound", "Read and checked from the first record: 6 sessions, 6 checks.",
			findingsBody(6), primary("menu", "Back to the menu"))},
		{"message", noticed(with(base("Sign CSR", 5), "The burn failed", "The session was not read back as it was written.",
			ceremony.MessageBody{
				Happened: "Sector 5,120 of session 6 reads back differently from what was written.",
				Certain: []string{"The intent is on the disc, in session 5, and was read back equal.",
					"The HSM has signed one certificate. It left the HSM but not this machine.",
					"Nothing was written to the stick."},
				Do: "Put in a new disc of the same kind and carry the archive over, or try the record once more on this one.",
			}, stop("off", "Shut down"), other("migrate", "Carry over to a new disc", "M"), primary("again", "Burn the record again")),
			ceremony.Danger, "Do not take this disc out: it holds the intent.")},
		{"page", with(base("Init root", 7), "The record of this ceremony", "", ceremony.PageBody{HTML: exampleRecord()},
			ceremony.Action{ID: "back", Label: "Go back", Key: "Esc", Kind: ceremony.Primary})},
	}
}

// exampleRecord is a record such as ceremonies make. It stays as it is, whatever
// becomes of those.
func exampleRecord() []byte {
	page, err := os.ReadFile("testdata/record.html")
	if err != nil {
		panic(err)
	}
	return page
}

func typed() []fixture {
	return []fixture{
		{"text", noted(with(base("Init root", 1), "Who is custodian 3?", "The name that stands on the card, as it will stand in the log.",
			ceremony.TextBody{Label: "Name of custodian 3", Value: "Carol Example-Sm", Hint: "Letters, digits, space, - . ' and at most 64 characters",
				Listed: []string{"Alice Example", "Beatrix Example"}},
			stop("stop", "Stop here"), other("enough", "These are all", "F2"), primary("add", "Add custodian 3")), "2 to 16 custodians")},
		{"textwrong", with(base("Before we begin", 0), "What time is it?", "In UTC, from a clock you trust.",
			ceremony.TextBody{Label: "Date and time, UTC", Value: "2026-04-25 14:61", Hint: "61 is no minute: use 00 to 59", Wrong: true, Mono: true, Numeric: true},
			stop("back", "Leave it"), notYet(primary("set", "Set the clock"), "The time is not complete"))},
		{"entry", noted(with(base("Sign CSR", 3), "Enter share 1 of 2",
			"Custodian A types the words from the card. Each is taken as soon as no other word begins that way, and hidden.",
			ceremony.EntryBody{Total: 33, Accepted: 16, Position: 17, Current: "ac", Next: "aqrtin",
				Candidates: []string{"academic", "acid", "acne", "acquire", "acrobat", "activity"}},
			stop("clear", "Clear this share"), held(other("reveal", "Show while held", "F2")),
			notYet(primary("next", "Next"), "Word 17 of 33")), "")},
		{"entryrevealed", with(base("Sign CSR", 3), "Enter share 1 of 2", "Custodian A types the words from the card.",
			ceremony.EntryBody{Total: 33, Accepted: 33, Position: 34, Suspect: 12, Wrong: "The check words do not match: at least one word is wrong, perhaps word 12. Compare it with the card.",
				Revealed: ceremony.NewWords(append([]string(nil), exampleWords...))},
			stop("clear", "Clear this share"), other("redo", "Type word 12 again", "F3"), primary("next", "Next"))},
	}
}

func factsBody() ceremony.FactsBody {
	return ceremony.FactsBody{Groups: []ceremony.FactGroup{
		{Title: "Certificate", Facts: []ceremony.Fact{
			{Name: "Subject", Value: "CN=Example Issuing CA 1, O=Example Corp, C=US"},
			{Name: "Issuer", Value: "CN=Example Root CA, O=Example Corp, C=US"},
			{Name: "Valid", Value: "2026-04-25 14:31:22 UTC to 2036-04-22 14:31:22 UTC (3,650 days)", Mono: true},
			{Name: "Key", Value: "ECDSA P-384"},
			{Name: "Serial", Value: "5d11 8c02 77e0 9b41 c6aa 301f", Mono: true},
			{Name: "Path length", Value: "0"},
		}},
		{Title: "Request", Facts: []ceremony.Fact{
			{Name: "File", Value: "INTCA1.CSR, 1,021 bytes"},
			{Name: "SHA-256", Value: strings.ToLower(strings.Join(kit.Groups(exampleHex), " ")), Mono: true},
		}},
	}}
}

func menuBody() ceremony.MenuBody {
	return ceremony.MenuBody{Cards: []ceremony.Choice{
		{Label: "Sign CSR", Detail: "Issue an intermediate CA from a request on the stick"},
		{Label: "Issue CRL", Detail: "Sign a fresh revocation list"},
		{Label: "Revoke", Detail: "Add a certificate to the list and sign it"},
		{Label: "Cross-sign", Detail: "Certify another CA's existing certificate"},
		{Label: "Change custodians", Detail: "New PIN, new shares, every HSM"},
		{Label: "Back up the key", Detail: "Copy it, wrapped, to a second HSM"},
		{Label: "Migrate disc", Detail: "Carry the archive to a blank disc"},
		{Label: "Validate disc", Detail: "Check everything from the first record"},
		{Label: "Init root", Detail: "Make the root key and certificate", Why: "Done on 2026-04-25"},
	}}
}

func fingerprintBody() ceremony.FingerprintBody {
	return ceremony.FingerprintBody{Of: "SHA-256 of ROOT.CRT", Hex: exampleHex, QR: exampleHex, Facts: []ceremony.Fact{
		{Name: "Subject", Value: "CN=Example Root CA, O=Example Corp, C=US"},
		{Name: "Valid", Value: "2026-04-25 14:31:22 UTC to 2046-04-25 14:31:22 UTC (7,305 days)"},
		{Name: "Key", Value: "ECDSA P-384, made in HSM 0034332673"},
		{Name: "Serial", Value: "5d11 8c02 77e0 9b41 c6aa 301f", Mono: true},
	}}
}

func findingsBody(n int) ceremony.FindingsBody {
	all := []ceremony.Finding{
		{Level: "PASS", Check: "log.chain", What: "14 records, each names the one before, from SHA-256 of the profile"},
		{Level: "PASS", Check: "log.tree", What: "The tree's head is that of STATE.JSON"},
		{Level: "PASS", Check: "session.copy", What: "Every directory is equal in every later session"},
		{Level: "WARN", Check: "session.void", What: "Session 4 is declared void by session 5: power was lost while it was written"},
		{Level: "PASS", Check: "root.constant", What: "ROOT.CRT is the same in all sessions"},
		{Level: "ERROR", Check: "crl.number", What: "The CRL number falls from 3 to 2 between 20260425T143122Z and 20260426T090000Z"},
	}
	var b ceremony.FindingsBody
	for i := range n {
		b.Findings = append(b.Findings, all[i%len(all)])
	}
	return b
}

// longName has 64 characters, the most that a common name may have (RFC 5280,
// appendix A.1, ub-common-name).
const longName = "Example Corporation Worldwide Offline Root Certification Auth R1"

// long returns the longest plausible texts.
func long() []fixture {
	around := func(op string, current int) ceremony.View {
		v := base(op, current)
		v.CA = longName
		v.ClockConfirmed = false
		v.HSM.Word = "HSM 0034332673, 2 of 3 in the fleet"
		v.Disc = ceremony.Lamp{State: ceremony.NeedsYou, Word: "Disc is of another archive"}
		v.Stick = ceremony.Lamp{Word: "No stick"}
		v.Records = 123456
		return v
	}
	dn := "CN=" + longName + ", OU=Public Key Infrastructure and Key Management, O=Example Corporation of Somewhere Ltd, C=US"
	var choices []ceremony.Choice
	for i := range 14 {
		label := fmt.Sprintf("EXAMPLE-ISSUING-CA-REQUEST-2026-04-25-TRY-%d.CSR", i+1)
		choices = append(choices, ceremony.Choice{Label: label, Detail: dn})
	}
	menu := menuBody()
	for i := range menu.Cards {
		menu.Cards[i].Detail += ", and say so on record for those who read it later"
	}
	fp := fingerprintBody()
	fp.Facts[0].Value = dn
	fp.Facts = append(fp.Facts, ceremony.Fact{Name: "Tree head", Value: exampleTree, Mono: true})
	facts := factsBody()
	facts.Groups[0].Facts[0].Value = dn
	facts.Groups[0].Facts = append(facts.Groups[0].Facts, ceremony.Fact{Name: "Certificate revocation list distribution point",
		Value: "http://crl.pki.example.com/public/certificates/revocation/lists/example-root-ca-r1.crl"})
	facts.Groups = append(facts.Groups, facts.Groups...)
	var names []string
	seen := make([]bool, 16)
	for i := range 15 {
		names = append(names, "Dr. Maximiliane-Theodora von Beispielhausen-Musterstadt")
		seen[i] = i < 11
	}
	body := []fixture{
		{"longfacts", noted(noticed(with(around("Change custodians", 1), "This will be signed, and put on record for everyone",
			"Read it aloud, all of it, and compare it with the request that was agreed upon beforehand in writing.", facts,
			stop("stop", "Stop the ceremony here"), other("print", "Show the request", "F2"), notYet(primary("commit", "Burn the intent to the disc"), "The disc drive is not ready yet")),
			ceremony.Caution, "After this the intent stays on the disc for ever, also if nothing is signed. It is burned, read back and compared before the HSM is opened."),
			"Both operators have read it")},
		{"longchoices", with(around("Sign CSR", 0), "Which request?", "Requests found on the stick, with a valid signature.",
			ceremony.ChoicesBody{Choices: choices}, stop("back", "Back to the menu"))},
		{"longmenu", with(around("Before we begin", 0), "What is this ceremony for?", "The disc is verified from its first record: 251 sessions, 123,456 records, no gaps.",
			menu, other("off", "Shut down", "F10"))},
		{"longfingerprint", with(around("Init root", 6), "Compare the fingerprint", "Read it aloud, group by group, against the printout. Scan the code to compare by machine.",
			fp, stop("differs", "It differs"), primary("same", "The same"))},
		{"longfindings", with(around("Validate disc", 0), "The disc has errors", "Do not use it before somebody has looked at it.", findingsBody(40), primary("menu", "Back to the menu"))},
		{"longtext", with(around("Init root", 1), "Who is custodian 16?", "The name that stands on the card, as it will stand in the log.",
			ceremony.TextBody{Label: "Name of custodian 16", Value: "Dr. Maximiliane-Theodora von Beispielhausen-Musterstadt", Hint: "This name is taken: every custodian needs one of their own, so that the log can tell them apart", Wrong: true, Listed: names},
			stop("stop", "Stop here"), other("enough", "These are all", "F2"), primary("add", "Add custodian 16"))},
		{"longsharehidden", with(around("Init root", 3), "A share for Dr. Maximiliane-Theodora von Beispielhausen-Musterstadt", "They step up alone and take a card.",
			ceremony.ShareHiddenBody{Custodian: names[0], Index: 12, Total: 16, Seen: seen}, stop("stop", "Stop here"), primary("show", "Show my share"))},
		{"longshare", noted(with(around("Change custodians", 3), "Share 12 of 16, for Dr. Maximiliane-Theodora von Beispielhausen-Musterstadt",
			"Only Dr. Maximiliane-Theodora von Beispielhausen-Musterstadt looks at this screen. Copy all 33 words onto your card, in order.",
			ceremony.ShareBody{Words: ceremony.NewWords(append([]string(nil), exampleWords...))}, stop("stop", "Stop here"), primary("written", "Written down")),
			"Set 4C1A, generation 31, any 12 of 16. You will type all 33 words back.")},
		{"longentry", with(around("Sign CSR", 3), "Enter share 12 of 16", "Dr. Maximiliane-Theodora von Beispielhausen-Musterstadt types the words from the card. Each is taken as soon as no other word begins that way, and hidden.",
			ceremony.EntryBody{Total: 33, Accepted: 33, Position: 34, Suspect: 33, Wrong: "This share is of another set, made on 2024-02-11: this archive's is set 4C1A, generation 2. Look for the newer card."},
			stop("clear", "Clear this share"), other("redo", "Type word 33 again", "F3"), primary("next", "Next"))},
		{"longmessage", noticed(with(around("Sign CSR", 5), "The burn failed", "The session was not read back as it was written.",
			ceremony.MessageBody{Happened: strings.Repeat("Sector 5,120 of session 6 reads back differently from what was written. ", 3),
				Certain: []string{strings.Repeat("The intent is on the disc, in session 5, and was read back equal. ", 3), "Nothing was written to the stick."},
				Do:      strings.Repeat("Put in a new disc of the same kind and carry the archive over. ", 3)},
			stop("off", "Shut down the machine"), other("migrate", "Carry the archive over to a new disc", "M"), primary("again", "Burn the record once more")),
			ceremony.Danger, "Do not take this disc out: it holds the intent, and without it nobody can tell later what the HSM was asked to sign.")},
	}
	return body
}
