package state

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"anodize/core/audit"
)

func hexOf(n int) string { return strings.Repeat("5a", n) }

// profileHash is 5a…, so that PROFILE.TOML can be named with hexOf(32).
func profileHash() (h [32]byte) {
	for i := range h {
		h[i] = 0x5a
	}
	return h
}

var (
	device = audit.HSMFacts{Backend: "yubihsm", Serial: "1", Firmware: "2.4.1"}
	other  = audit.HSMFacts{Backend: "yubihsm", Serial: "2", Firmware: "2.4.1"}
	der    = base64.StdEncoding.EncodeToString([]byte("der"))
)

const (
	from = "2026-04-25T14:30:00Z"
	till = "2046-04-25T14:30:00Z"
	next = "2026-07-25T14:30:00Z"
)

// compared stands for a head.compared over the whole log so far.
type compared struct{ audit.Event }

func begin(operation string) audit.Event {
	return audit.CeremonyBegin{Operation: operation, Program: "p", Image: hexOf(32), HSM: device, Medium: audit.MediumFact{Name: "BD-R"}}
}

// closed is a session.close at minute n; names are files beside STATE.JSON.
func closed(n int, suffix string, names ...string) audit.Event {
	e := audit.SessionClose{Directory: directory(n, suffix)}
	for _, name := range append(names, "STATE.JSON") {
		e.Files = append(e.Files, audit.FileFact{Name: name, Size: 1, SHA256: hexOf(32)})
	}
	slices.SortFunc(e.Files, func(a, b audit.FileFact) int { return strings.Compare(a.Name, b.Name) })
	return e
}

func directory(n int, suffix string) string {
	return time.Date(2026, 4, 25, 15, n, 0, 0, time.UTC).Format("20060102T150405Z") + suffix
}

func verified(n int, suffix string) audit.Event {
	return audit.SessionVerified{Directory: directory(n, suffix), Blocks: 384, SHA256: hexOf(32)}
}

func intentRoot(serial string) audit.IntentInitRoot {
	return audit.IntentInitRoot{Set: 7, Threshold: 2, Custodians: []string{"Ada", "Grace"}, HSM: device, KeyLabel: "root", KeySpec: "ecdsa-p384",
		Subject: "CN=Root", Serial: serial, NotBefore: from, NotAfter: till, CRLNumber: 1, NextUpdate: next}
}

func shares() audit.SharesCommitted {
	return audit.SharesCommitted{HSMs: []string{"1"}, Roster: audit.Roster{Set: 7, Threshold: 2, PINVerify: hexOf(32), Members: []audit.Member{
		{Name: "Ada", X: 1, Commitment: hexOf(32)}, {Name: "Grace", X: 2, Commitment: hexOf(32)}}}}
}

func rootCertificate() audit.CertificateIssued {
	return audit.CertificateIssued{Kind: "root", File: "ROOT.CRT", SHA256: hexOf(32), Serial: "01", Subject: "CN=Root", NotBefore: from, NotAfter: till}
}

func child() audit.CertificateIssued {
	return audit.CertificateIssued{Kind: "intermediate", File: "INTCA1.CRT", SHA256: hexOf(32), Serial: "02", Subject: "CN=A", NotBefore: from, NotAfter: next}
}

func crl(number uint64) audit.CRLIssued {
	return audit.CRLIssued{Number: number, File: "ROOT.CRL", SHA256: hexOf(32), ThisUpdate: from, NextUpdate: next}
}

func deviceLog(number int) audit.Event {
	return audit.HSMLog{Serial: "1", Entries: []string{hexOf(32)}, LastNumber: number, LastDigest: hexOf(16)}
}

func done(operation string) audit.Event {
	return audit.CeremonyEnd{Operation: operation, Outcome: "done"}
}

var record = audit.RecordMade{Form: 1, File: "RECORD.HTML", Size: 1, SHA256: hexOf(32)}

var (
	genesis   = audit.Genesis{Format: 1, Archive: hexOf(32), Mode: "rehearsal", Image: hexOf(32), Program: "p"}
	clock     = audit.ClockConfirmed{}
	claimed   = audit.EnvironmentClaimed{By: "p"}
	login     = audit.HSMLogin{Serial: "1"}
	booted    = audit.HSMBootstrapped{HSM: device}
	generated = audit.KeyGenerated{Serial: "1", ID: 1, Label: "root", Spec: "ecdsa-p384", SPKI: der}
	attested  = audit.KeyAttested{Serial: "1", ID: 1, Chain: []string{der, der}}
	csr       = audit.IntentSignCSR{Profile: "p", File: "INTCA1.CRT", Serial: "02", CSR: der, TBS: der}
	list      = audit.IntentIssueCRL{Number: 2, File: "ROOT.CRL", TBS: der}
	same      = audit.FingerprintCompared{File: "ROOT.CRT", SHA256: hexOf(32), Same: true}
	exported  = audit.ExportDone{Files: []audit.FileFact{{Name: "ROOT.CRL", Size: 1, SHA256: hexOf(32)}, {Name: "ROOT.CRT", Size: 1, SHA256: hexOf(32)}}}
)

// intended, committed and rooted are the three sessions of init-root.
func intended() []audit.Event {
	return []audit.Event{genesis, clock, claimed, begin("init-root"), intentRoot("01"), closed(1, "-intent", "PROFILE.TOML")}
}

func committed() []audit.Event {
	return append(intended(), verified(1, "-intent"), shares(), closed(2, "-commit"))
}

func rooted() []audit.Event {
	return append(committed(), verified(2, "-commit"), booted, login, generated, attested, rootCertificate(), crl(1), deviceLog(9), same,
		done("init-root"), record, closed(3, "", "RECORD.HTML", "ROOT.CRL", "ROOT.CRT"))
}

// unrecorded is signed up to its ceremony.end.
func unrecorded() []audit.Event { return signed()[:len(signed())-2] }

func signing() []audit.Event {
	return append(rooted(), clock, verified(3, ""), exported, compared{}, claimed, begin("sign-csr"), csr, closed(4, "-intent"))
}

func signed() []audit.Event {
	return append(signing(), verified(4, "-intent"), login, child(), deviceLog(12), done("sign-csr"), record, closed(5, "", "INTCA1.CRT", "RECORD.HTML"))
}

func listing() []audit.Event {
	return append(signed(), clock, verified(5, ""), claimed, begin("issue-crl"), list, closed(6, "-intent"))
}

func whole() []audit.Event {
	return append(listing(), verified(6, "-intent"), login, crl(2), deviceLog(15), done("issue-crl"), record, closed(7, "", "RECORD.HTML", "ROOT.CRL"))
}

// logOf chains events rightly, whether or not the rules allow them.
func logOf(t require, events []audit.Event) *audit.Log {
	t.Helper()
	log := audit.New(profileHash())
	for i, e := range events {
		if _, ok := e.(compared); ok {
			head := log.Whole()
			e = audit.HeadCompared{Size: head.Size, Root: hex.EncodeToString(head.Root[:])}
		}
		if c, ok := e.(carry); ok {
			e = c.event(log)
		}
		if _, err := log.Append(time.Date(2026, 4, 25, 14, 30, i, 0, time.UTC), e); err != nil {
			t.Fatalf("event %d: %v", i, err)
		}
	}
	return log
}

type require interface {
	Helper()
	Fatalf(string, ...any)
}

func TestTheStateOfAWholeArchive(t *testing.T) {
	log := logOf(t, whole())
	s, err := Replay(log)
	if err != nil {
		t.Fatal(err)
	}
	head, last := log.Whole(), log.Head()
	roster := shares().Roster
	spki := "5050d80d22ecd471ea55df7034042c1e041341ff4066e7f6ff38e20b720df8ea" // printf der | sha256sum
	want := State{
		Archive: hexOf(32), Mode: "rehearsal", ProfileSHA256: hexOf(32),
		TreeSize: head.Size, TreeRoot: hex.EncodeToString(head.Root[:]), LastHash: hex.EncodeToString(last[:]),
		Sessions: 7, LastSession: directory(7, ""), Unreported: directory(7, ""),
		RootCertificateSHA256: hexOf(32), Intermediates: 1, Serials: []Serial{{"01", true}, {"02", true}},
		CRLNumber: 2, CRLSHA256: hexOf(32), CRLIntended: 2,
		Key:      &Key{"1", 1, "root", "ecdsa-p384", spki},
		Roster:   &roster,
		HSMFleet: []HSM{{"1", "yubihsm", "2.4.1", []int{0}, 15, hexOf(16)}},
	}
	if !reflect.DeepEqual(s, want) {
		t.Errorf("state\n%+v\nwant\n%+v", s, want)
	}
	if s.NextCRLNumber() != 3 {
		t.Errorf("next CRL number %d", s.NextCRLNumber())
	}
}

func TestTheStateOnTheWay(t *testing.T) {
	for _, c := range []struct {
		events                  []audit.Event
		open, unreported        string
		crlNumber, crlIntended  uint64
		rooted, rostered, keyed bool
	}{
		{intended()[:5], "", "", 0, 1, false, false, false},
		{intended(), directory(1, "-intent"), directory(1, "-intent"), 0, 1, false, false, false},
		{committed(), directory(1, "-intent"), directory(2, "-commit"), 0, 1, false, true, false},
		{rooted(), "", directory(3, ""), 1, 1, true, true, true},
		{signing(), directory(4, "-intent"), directory(4, "-intent"), 1, 1, true, true, true},
		{listing(), directory(6, "-intent"), directory(6, "-intent"), 1, 2, true, true, true},
	} {
		s, err := Replay(logOf(t, c.events))
		if err != nil {
			t.Fatal(err)
		}
		if s.OpenIntent != c.open || s.Unreported != c.unreported || s.CRLNumber != c.crlNumber || s.CRLIntended != c.crlIntended ||
			(s.RootCertificateSHA256 != "") != c.rooted || (s.Roster != nil) != c.rostered || (s.Key != nil) != c.keyed {
			t.Errorf("after %d records: %+v", len(c.events), s)
		}
	}
}

func TestAtIsTheStateBeforeARecord(t *testing.T) {
	log := logOf(t, whole())
	m := New(profileHash())
	for i, r := range log.Records() {
		s, err := At(log, uint64(i))
		if err != nil || !reflect.DeepEqual(s, m.State()) {
			t.Fatalf("state before record %d: %v", i, err)
		}
		if err := m.Apply(r); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := At(log, log.Len()+1); err == nil {
		t.Error("there is a state after the end")
	}
}

// optional lists events whose absence breaks no rule.
func optional(e audit.Event) bool {
	switch e.(type) {
	case audit.ExportDone, audit.FingerprintCompared, audit.KeyAttested, compared:
		return true
	}
	return false
}

func TestNoStepCanBeLeftOut(t *testing.T) {
	events := whole()
	for i := 1; i < len(events)-1; i++ {
		_, err := Replay(logOf(t, slices.Delete(slices.Clone(events), i, i+1)))
		// A record's session needs to be verified for no later step; the
		// validator warns if no record says so.
		if optional(events[i]) || events[i] == verified(3, "") || events[i] == verified(5, "") {
			if err != nil {
				t.Errorf("without event %d, %T: %v", i, events[i], err)
			}
		} else if !errors.Is(err, ErrRule) {
			t.Errorf("without event %d, %T: error = %v", i, events[i], err)
		}
	}
}

func TestNoStepCanBeTakenTwice(t *testing.T) {
	events := whole()
	for i := 1; i < len(events); i++ {
		_, err := Replay(logOf(t, slices.Insert(slices.Clone(events), i, events[i])))
		switch events[i].(type) {
		case audit.ClockConfirmed, audit.HSMLogin, audit.HSMLog:
			continue
		}
		_, attested := events[i].(audit.KeyAttested)
		if (attested || !optional(events[i])) && !errors.Is(err, ErrRule) {
			t.Errorf("event %d, %T, twice: error = %v", i, events[i], err)
		}
	}
}

func TestWhatABrokenOrMaliciousProgramMightRecord(t *testing.T) {
	with := func(events []audit.Event, more ...audit.Event) []audit.Event { return append(events, more...) }
	certificate := func(change func(*audit.CertificateIssued)) audit.Event { c := child(); change(&c); return c }
	root := func(change func(*audit.CertificateIssued)) audit.Event { c := rootCertificate(); change(&c); return c }
	intent := func(change func(*audit.IntentSignCSR)) audit.Event { c := csr; change(&c); return c }
	shared := func(change func(*audit.SharesCommitted)) audit.Event { c := shares(); change(&c); return c }
	unlocked := func() []audit.Event { return with(signing(), verified(4, "-intent"), login) }
	keyed := func() []audit.Event { return with(committed(), verified(2, "-commit"), booted, login, generated) }
	reopen := []audit.Event{clock, verified(5, ""), claimed, begin("sign-csr")}
	for name, events := range map[string][]audit.Event{
		"a login before the intent is closed":         with(signing()[:len(signing())-1], login),
		"a login before the intent was read back":     with(signing(), login),
		"a login without an intent":                   with(rooted(), login),
		"a login after the end":                       with(signed()[:len(signed())-1], login),
		"a login to another HSM":                      with(signing(), verified(4, "-intent"), audit.HSMLogin{Serial: "2"}),
		"a bootstrap before the shares are closed":    with(intended(), verified(1, "-intent"), booted),
		"a bootstrap before they were read back":      with(committed(), booted),
		"a bootstrap in a session with the shares":    with(intended(), verified(1, "-intent"), shares(), booted),
		"a bootstrap of another HSM":                  with(committed(), verified(2, "-commit"), audit.HSMBootstrapped{HSM: other}),
		"a bootstrap by another ceremony":             with(signing(), verified(4, "-intent"), booted),
		"a login before the bootstrap":                with(committed(), verified(2, "-commit"), login),
		"a key before the login":                      with(committed(), verified(2, "-commit"), booted, generated),
		"a key with another label":                    with(keyed()[:len(keyed())-1], audit.KeyGenerated{Serial: "1", Label: "x", Spec: "ecdsa-p384", SPKI: der}),
		"a key of another type":                       with(keyed()[:len(keyed())-1], audit.KeyGenerated{Serial: "1", Label: "root", Spec: "rsa-4096", SPKI: der}),
		"an attestation before the key":               with(keyed()[:len(keyed())-1], attested),
		"a second attestation":                        with(keyed(), attested, attested),
		"an attestation after the key was used":       with(keyed(), rootCertificate(), attested),
		"an attestation of another key":               with(keyed(), audit.KeyAttested{Serial: "1", ID: 2, Chain: attested.Chain}),
		"an attestation by another HSM":               with(keyed(), audit.KeyAttested{Serial: "2", ID: 1, Chain: attested.Chain}),
		"an attestation in a later ceremony":          with(unlocked(), attested),
		"a second key later":                          with(unlocked(), generated),
		"a certificate before the login":              with(signing(), verified(4, "-intent"), child()),
		"a certificate without an intent":             with(signed(), child()),
		"a certificate under the CRL's intent":        with(listing(), verified(6, "-intent"), login, child()),
		"a CRL under the certificate's intent":        with(unlocked(), crl(2)),
		"a certificate in the intent's session":       with(signing()[:len(signing())-1], child()),
		"a certificate of another serial number":      with(unlocked(), certificate(func(c *audit.CertificateIssued) { c.Serial = "03" })),
		"a certificate of another file":               with(unlocked(), certificate(func(c *audit.CertificateIssued) { c.File = "INTCA2.CRT" })),
		"a second root by sign-csr":                   with(unlocked(), certificate(func(c *audit.CertificateIssued) { c.Kind = "root" })),
		"an intermediate by init-root":                with(keyed(), root(func(c *audit.CertificateIssued) { c.Kind = "intermediate" })),
		"a root with another subject":                 with(keyed(), root(func(c *audit.CertificateIssued) { c.Subject = "CN=Other" })),
		"a root valid longer":                         with(keyed(), root(func(c *audit.CertificateIssued) { c.NotAfter = "2047-04-25T14:30:00Z" })),
		"a CRL before the root":                       with(keyed(), crl(1)),
		"a first CRL of another number":               with(keyed(), rootCertificate(), crl(2)),
		"a CRL of another number":                     with(listing(), verified(6, "-intent"), login, crl(3)),
		"a CRL whose number falls":                    with(signed(), clock, verified(5, ""), claimed, begin("issue-crl"), audit.IntentIssueCRL{Number: 1, File: "ROOT.CRL", TBS: der}),
		"a CRL in another file":                       with(signed(), clock, verified(5, ""), claimed, begin("issue-crl"), audit.IntentIssueCRL{Number: 2, File: "OTHER.CRL", TBS: der}),
		"a second init-root":                          with(rooted(), clock, claimed, begin("init-root")),
		"sign-csr without a root":                     {genesis, clock, claimed, begin("sign-csr")},
		"a ceremony without a clock":                  {genesis, claimed, begin("init-root")},
		"a ceremony without a claim":                  {genesis, clock, begin("init-root")},
		"a claim of an earlier session":               with(rooted(), clock, claimed, closed(4, ""), clock, begin("sign-csr")),
		"a claim inside a ceremony":                   with(signing(), claimed),
		"a clock of an earlier session":               with(rooted(), verified(3, ""), claimed, begin("sign-csr")),
		"a ceremony inside a ceremony":                with(intended(), clock, begin("init-root")),
		"an HSM outside the fleet":                    with(rooted(), clock, claimed, audit.CeremonyBegin{Operation: "sign-csr", Program: "p", Image: hexOf(32), HSM: other, Medium: audit.MediumFact{Name: "BD-R"}}),
		"an intent without a ceremony":                {genesis, clock, intentRoot("01")},
		"an intent of another operation":              {genesis, clock, claimed, begin("init-root"), csr},
		"a second intent":                             {genesis, clock, claimed, begin("init-root"), intentRoot("01"), intentRoot("02")},
		"an intent for another HSM":                   {genesis, clock, claimed, begin("init-root"), func() audit.Event { i := intentRoot("01"); i.HSM = other; return i }()},
		"a serial number used before":                 with(signed(), append(slices.Clone(reopen), intent(func(i *audit.IntentSignCSR) { i.File = "INTCA2.CRT" }))...),
		"the root's serial number":                    with(signed(), append(slices.Clone(reopen), intent(func(i *audit.IntentSignCSR) { i.File, i.Serial = "INTCA2.CRT", "01" }))...),
		"a file written before":                       with(signed(), append(slices.Clone(reopen), intent(func(i *audit.IntentSignCSR) { i.Serial = "03" }))...),
		"a certificate in the root's file":            with(signed(), append(slices.Clone(reopen), intent(func(i *audit.IntentSignCSR) { i.File, i.Serial = "ROOT.CRT", "03" }))...),
		"shares before the intent is closed":          with(intended()[:4], shares()),
		"shares before it was read back":              with(intended(), shares()),
		"shares of another ceremony":                  with(signing(), verified(4, "-intent"), shares()),
		"shares twice":                                with(committed(), verified(2, "-commit"), shares()),
		"shares of another set":                       with(intended(), verified(1, "-intent"), shared(func(s *audit.SharesCommitted) { s.Roster.Set = 8 })),
		"shares of another threshold":                 with(append(intended()[:4:4], func() audit.Event { i := intentRoot("01"); i.Custodians = append(i.Custodians, "Eve"); return i }(), intended()[5]), verified(1, "-intent"), shares()),
		"shares for another HSM":                      with(intended(), verified(1, "-intent"), shared(func(s *audit.SharesCommitted) { s.HSMs = []string{"2"} })),
		"shares of another custodian":                 with(intended(), verified(1, "-intent"), shared(func(s *audit.SharesCommitted) { s.Roster.Members[1].Name = "Eve" })),
		"a log of an HSM that was not unlocked":       with(signing(), verified(4, "-intent"), deviceLog(1)),
		"an end without what was intended":            with(unlocked(), deviceLog(1), done("sign-csr")),
		"an end without the HSM's log":                with(unlocked(), child(), done("sign-csr")),
		"an end of another ceremony":                  with(unlocked(), child(), deviceLog(1), done("issue-crl")),
		"an end before the intent is closed":          with(signing()[:len(signing())-1], audit.CeremonyEnd{Operation: "sign-csr", Outcome: "stopped", Words: "no"}),
		"an end of nothing":                           with(rooted(), done("init-root")),
		"an intent in a record's directory":           with(signing()[:len(signing())-1], closed(4, "")),
		"a record in an intent's directory":           with(signed()[:len(signed())-1], closed(5, "-intent", "INTCA1.CRT", "RECORD.HTML")),
		"shares in a record's directory":              with(committed()[:len(committed())-1], closed(2, "")),
		"a session closed with an open ceremony":      with(signing(), verified(4, "-intent"), closed(5, "")),
		"a session closed between begin and intent":   with(rooted(), clock, claimed, begin("sign-csr"), closed(4, "")),
		"a directory of the same time":                with(signing()[:len(signing())-1], closed(3, "-intent")),
		"a directory of an earlier time":              with(signing()[:len(signing())-1], closed(2, "-intent")),
		"a file that nothing made":                    with(signed()[:len(signed())-1], closed(5, "", "INTCA1.CRT", "INTCA2.CRT", "RECORD.HTML")),
		"a missing file":                              with(signed()[:len(signed())-1], closed(5, "", "RECORD.HTML")),
		"a second profile":                            with(signed()[:len(signed())-1], closed(5, "", "INTCA1.CRT", "PROFILE.TOML", "RECORD.HTML")),
		"no profile":                                  with(intended()[:4], closed(1, "-intent")),
		"a log that names itself":                     with(signed()[:len(signed())-1], closed(5, "", "AUDIT.LOG", "INTCA1.CRT", "RECORD.HTML")),
		"another profile":                             with(intended()[:4], audit.SessionClose{Directory: directory(1, "-intent"), Files: []audit.FileFact{{Name: "PROFILE.TOML", Size: 1, SHA256: strings.Repeat("11", 32)}, {Name: "STATE.JSON", Size: 1, SHA256: hexOf(32)}}}),
		"a certificate with another digest":           with(signed()[:len(signed())-1], audit.SessionClose{Directory: directory(5, ""), Files: []audit.FileFact{{Name: "INTCA1.CRT", Size: 1, SHA256: strings.Repeat("11", 32)}, {Name: "STATE.JSON", Size: 1, SHA256: hexOf(32)}}}),
		"a session verified that is not the last":     with(committed(), verified(1, "-intent")),
		"a session verified that is not there":        with(committed(), verified(9, "")),
		"a session verified twice":                    with(committed(), verified(2, "-commit"), verified(2, "-commit")),
		"a head that never was":                       with(rooted(), audit.HeadCompared{Size: 3, Root: hexOf(32)}),
		"a head of the future":                        with(rooted(), audit.HeadCompared{Size: 999, Root: hexOf(32)}),
		"an export of a file that is on no disc":      with(rooted(), audit.ExportDone{Files: []audit.FileFact{{Name: "INTCA1.CRT", Size: 1, SHA256: hexOf(32)}}}),
		"an export before the record":                 with(keyed(), rootCertificate(), exported),
		"an export before anything":                   {genesis, audit.ExportDone{}},
		"a failed export inside a ceremony":           with(keyed(), audit.ExportFailed{Reason: "x"}),
		"a fingerprint of another ceremony's file":    with(unlocked(), same),
		"a fingerprint of nothing":                    with(rooted(), same),
		"an abandoned intent that is not open":        with(rooted(), audit.IntentAbandoned{Directory: directory(1, "-intent"), Explanation: "x"}),
		"an abandoned intent of another session":      with(signing(), audit.IntentAbandoned{Directory: directory(1, "-intent"), Explanation: "x"}),
		"an abandoned intent after a login":           with(unlocked(), audit.IntentAbandoned{Directory: directory(4, "-intent"), Explanation: "x"}),
		"something after an intent in its session":    with(signing()[:len(signing())-1], compared{}),
		"something after the shares in their session": with(committed()[:len(committed())-1], compared{}),
		"something after an end in its session":       with(signed()[:len(signed())-1], compared{}),
		"something after an end without a record":     with(unrecorded(), compared{}),
		"a second record":                             with(signed()[:len(signed())-1], record),
		"a record before the end":                     with(signed()[:len(signed())-3], record),
		"a record in an intent's session":             with(signing()[:len(signing())-1], record),
		"a record in another session":                 with(signed(), record),
		"a record that does not follow the end":       with(unrecorded(), clock, record),
		"a record in another file":                    with(unrecorded(), audit.RecordMade{Form: 1, File: "OTHER.HTML", Size: 1, SHA256: hexOf(32)}),
		"a record that is not in the directory":       with(signed()[:len(signed())-1], closed(5, "", "INTCA1.CRT")),
		"a file of a record that was not made":        with(unrecorded(), closed(5, "", "INTCA1.CRT", "RECORD.HTML")),
		"a record of another length":                  with(unrecorded(), audit.RecordMade{Form: 1, File: "RECORD.HTML", Size: 2, SHA256: hexOf(32)}, closed(5, "", "INTCA1.CRT", "RECORD.HTML")),
		"a record of another digest":                  with(unrecorded(), audit.RecordMade{Form: 1, File: "RECORD.HTML", Size: 1, SHA256: strings.Repeat("11", 32)}, closed(5, "", "INTCA1.CRT", "RECORD.HTML")),
		"a certificate named like a record":           with(append(slices.Clone(signed()), reopen...), intent(func(i *audit.IntentSignCSR) { i.File, i.Serial = "RECORD.HTML", "03" })),
	} {
		t.Run(name, func(t *testing.T) {
			log := logOf(t, events)
			if _, err := Replay(log); !errors.Is(err, ErrRule) {
				t.Fatalf("error = %v", err)
			}
			// Only the last event is wrong.
			if _, err := At(log, log.Len()-1); err != nil {
				t.Errorf("already before the last event: %v", err)
			}
		})
	}
}

func TestWhatGoesWrongHonestlyCanBeRecorded(t *testing.T) {
	stopped := audit.CeremonyEnd{Operation: "sign-csr", Outcome: "stopped", Words: "a custodian left"}
	abandoned := audit.IntentAbandoned{Directory: directory(4, "-intent"), Explanation: "power failed"}
	void := audit.SessionVoid{Track: 3, Address: 999, Reason: "write error"}
	again := csr
	again.Serial = "03"
	for name, events := range map[string][]audit.Event{
		"stopped before the HSM was used":  append(signing(), verified(4, "-intent"), stopped, closed(5, "")),
		"stopped after the login":          append(signing(), verified(4, "-intent"), login, deviceLog(10), stopped, closed(5, "")),
		"stopped, with its record":         append(signing(), verified(4, "-intent"), stopped, record, closed(5, "", "RECORD.HTML")),
		"done, without a record":           append(unrecorded(), closed(5, "", "INTCA1.CRT")),
		"a failed burn of a record":        append(unrecorded(), record, void, clock, closed(5, "", "INTCA1.CRT", "RECORD.HTML")),
		"abandoned in its own session":     append(signing(), clock, abandoned, closed(5, "")),
		"abandoned, and begun once more":   append(signing(), clock, verified(4, "-intent"), abandoned, claimed, begin("sign-csr"), again, closed(5, "-intent")),
		"init-root abandoned after shares": append(committed(), clock, verified(2, "-commit"), audit.IntentAbandoned{Directory: directory(1, "-intent"), Explanation: "x"}, claimed, begin("init-root"), rootAgain(), closed(3, "-intent")),
		"a failed burn of an intent":       append(signing()[:len(signing())-1], void, closed(4, "-intent")),
		"a session's time moved forward":   append(signing()[:len(signing())-1], audit.ClockConfirmed{Adjusted: 1}, closed(4, "-intent")),
		"a failed burn of the first":       {genesis, clock, void, claimed, begin("init-root"), intentRoot("01"), void, closed(1, "-intent", "PROFILE.TOML")},
		"a failed export":                  append(rooted(), clock, audit.ExportFailed{Reason: "the stick was pulled out"}),
		"a fingerprint that differs":       append(signing(), verified(4, "-intent"), login, child(), deviceLog(10), audit.FingerprintCompared{File: "INTCA1.CRT", SHA256: hexOf(32)}, stopped, closed(5, "", "INTCA1.CRT")),
	} {
		if _, err := Replay(logOf(t, events)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func rootAgain() audit.Event {
	i := intentRoot("02")
	i.CRLNumber = 2
	return i
}

func TestNumbersOfAnAbandonedIntentStayUsedUp(t *testing.T) {
	abandoned := append(committed(), clock, audit.IntentAbandoned{Directory: directory(1, "-intent"), Explanation: "x"}, claimed, begin("init-root"))
	s, err := Replay(logOf(t, abandoned))
	if err != nil || s.NextCRLNumber() != 2 || len(s.Serials) != 1 || s.Serials[0].Issued {
		t.Errorf("state %+v, %v", s, err)
	}
	for name, change := range map[string]func(*audit.IntentInitRoot){
		"its serial number": func(i *audit.IntentInitRoot) { i.CRLNumber = 2 },
		"its CRL number":    func(i *audit.IntentInitRoot) { i.Serial = "02" },
	} {
		i := intentRoot("01")
		change(&i)
		if _, err := Replay(logOf(t, append(slices.Clone(abandoned), i))); !errors.Is(err, ErrRule) {
			t.Errorf("%s again: %v", name, err)
		}
	}
}

func TestAMachineThatRefusedIsAsItWas(t *testing.T) {
	events := whole()
	good := logOf(t, events)
	rapid.Check(t, func(t *rapid.T) {
		at := rapid.IntRange(0, len(events)-1).Draw(t, "at")
		bad := rapid.IntRange(1, len(events)-1).Draw(t, "bad")
		m := New(profileHash())
		for _, r := range good.Records()[:at] {
			if err := m.Apply(r); err != nil {
				t.Fatal(err)
			}
		}
		before := m.State()
		log := logOf(t, append(slices.Clone(events[:max(at, 1)]), events[bad]))
		r := log.Records()[log.Len()-1]
		if m.Apply(r) != nil {
			if !reflect.DeepEqual(before, m.State()) {
				t.Fatalf("a refused %T changed the state", events[bad])
			}
			for _, r := range good.Records()[at:] {
				if err := m.Apply(r); err != nil {
					t.Fatalf("after a refused %T: %v", events[bad], err)
				}
			}
		}
	})
}

func TestStatesAreReadBackAsTheyWereWritten(t *testing.T) {
	log := logOf(t, whole())
	for n := uint64(0); n <= log.Len(); n++ {
		s, err := At(log, n)
		if err != nil {
			t.Fatal(err)
		}
		file, err := s.Encode()
		if err != nil {
			t.Fatal(err)
		}
		var got State
		if err := json.Unmarshal(file, &got); err != nil || !reflect.DeepEqual(got, s) {
			t.Fatalf("state %d: %v\n%+v\n%+v", n, err, got, s)
		}
	}
}
