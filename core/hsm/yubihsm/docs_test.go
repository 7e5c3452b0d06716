package yubihsm

import (
	"os"
	"slices"
	"strings"
	"testing"

	"anodize/core/hsm"
)

// tableRow returns the cells of the row of docs/hsm.md that begins so.
func tableRow(t *testing.T, doc, begin string) []string {
	t.Helper()
	for line := range strings.Lines(doc) {
		if strings.HasPrefix(line, "| "+begin) {
			return strings.Split(line, "|")
		}
	}
	t.Fatalf("docs/hsm.md has no row that begins with %q", begin)
	return nil
}

// capabilitiesIn collects the capabilities that a cell names.
func capabilitiesIn(cell string) (caps uint64) {
	for _, word := range strings.FieldsFunc(cell, func(r rune) bool { return r != '-' && (r < 'a' || r > 'z') }) {
		if bit := slices.Index(capabilityNames[:], word); bit >= 0 {
			caps |= 1 << bit
		}
	}
	return caps
}

func TestDocumentedCapabilities(t *testing.T) {
	b, err := os.ReadFile("../../../docs/hsm.md")
	if err != nil {
		t.Fatal(err)
	}
	doc := string(b)
	for begin, want := range map[string]struct{ own, delegated uint64 }{
		"the ceremony's authentication key": {ceremonyCapabilities(firmware240), ceremonyDelegated},
		"an ECDSA key":                      {capsECDSA, 0},
		"an Ed25519 key":                    {capsEdDSA, 0},
		"an RSA key":                        {capsRSA, 0},
		"the wrap key of a copy":            {capsWrap, delegatedWrap},
		"the RSA wrap key of a copy":        {capsWrapPair, delegatedWrap},
		"its public half":                   {capsWrapPublic, delegatedWrap},
	} {
		cells := tableRow(t, doc, begin)
		if got := capabilitiesIn(cells[3]); got != want.own {
			t.Errorf("%s: docs/hsm.md says %s; the code %s", begin, describe(got), describe(want.own))
		}
		if got := capabilitiesIn(cells[4]); got != want.delegated {
			t.Errorf("%s may bestow: docs/hsm.md says %s; the code %s", begin, describe(got), describe(want.delegated))
		}
	}
	for command := range unaudited {
		if !strings.Contains(doc, hsm.CommandName(command)) {
			t.Errorf("docs/hsm.md does not say that %s is not logged", hsm.CommandName(command))
		}
	}
}

// What may be bestowed is enough for the root key and for a wrap key that
// carries it, and the root key's own powers are the session's too.
func TestCapabilitiesFitTogether(t *testing.T) {
	for _, firmware := range []version{{2, 0, 0}, firmware240} {
		own := ceremonyCapabilities(firmware)
		for _, a := range algorithms {
			if a.capabilities&^ceremonyDelegated != 0 {
				t.Errorf("%s: %s cannot be bestowed", a.spec, describe(a.capabilities&^ceremonyDelegated))
			}
			if rest := a.capabilities &^ capsExport &^ own; rest != 0 {
				t.Errorf("%s: the session may not %s", a.spec, describe(rest))
			}
		}
		if rest := (capsWrap | capsWrapPair | capsWrapPublic | delegatedWrap) &^ ceremonyDelegated; rest != 0 {
			t.Errorf("the wrap key cannot be given %s", describe(rest))
		}
		for _, a := range algorithms {
			if rest := a.capabilities &^ delegatedWrap; rest != 0 {
				t.Errorf("%s: the wrap key cannot carry %s", a.spec, describe(rest))
			}
		}
		for _, never := range []string{"put-authentication-key", "delete-authentication-key", "put-asymmetric-key",
			"delete-asymmetric-key", "set-option", "reset-device", "put-opaque", "delete-opaque"} {
			bit := slices.Index(capabilityNames[:], never)
			if (own|ceremonyDelegated)>>bit&1 == 1 {
				t.Errorf("firmware %s: the ceremony's key may %s", firmware, never)
			}
		}
	}
}
