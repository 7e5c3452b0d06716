package ceremony

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"anodize/core/hsm"
)

func TestHowThingsAreWritten(t *testing.T) {
	for _, tc := range []struct{ what, got, want string }{
		{"a time", stamp(time.Date(2026, 4, 25, 16, 31, 22, 9, time.FixedZone("", 7200))), "2026-04-25 14:31:22 UTC"},
		{"a small number", number(999), "999"},
		{"a large number", number(12219392), "12,219,392"},
		{"a negative number", number(-123456), "-123,456"},
		{"one", plural(1, "session"), "1 session"},
		{"none", plural(0, "session"), "0 sessions"},
		{"a thousand", plural(1000, "record"), "1,000 records"},
		{"bytes", size(512), "512 bytes"},
		{"kibibytes", size(614 << 10), "614 KiB"},
		{"mebibytes", size(3 << 19), "1.5 MiB"},
		{"room on a Blu-ray disc", capacity(12_219_392 * 2048), "25.0 GB"},
		{"room on a CD", capacity(359_844 * 2048), "736 MB"},
		{"a digest", groups("a1b2c3d4e"), "a1b2 c3d4 e"},
		{"nothing in groups", groups(""), ""},
		{"a sentence", capital("the disc is full"), "The disc is full"},
		{"a duration", elapsed(64 * time.Second), "1:04"},
		{"an HSM", hsmKind("yubihsm"), "YubiHSM 2"},
		{"an HSM without a word for it", hsmKind("abacus"), "abacus"},
		{"a kind of key", keyKind("ecdsa-p384"), "ECDSA P-384"},
		{"a kind of key without a word for it", keyKind("abacus"), "abacus"},
		{"a short text", clip("abc", 5), "abc"},
		{"a long text", clip("abcdef", 3), "abc"},
	} {
		if tc.got != tc.want {
			t.Errorf("%s: %q, not %q", tc.what, tc.got, tc.want)
		}
	}
	if got := clip(strings.Repeat("é", 10), 5); !utf8.ValidString(got) || len(got) != 4 {
		t.Errorf("a text is cut inside a letter: %q", got)
	}
}

func TestOnlyDigestsAreGroupedToBeCompared(t *testing.T) {
	for s, want := range map[string]bool{
		"c41b5e9077f6c41b5e9077f6": true, "2026": false, "deadbeef": false, "CN=Example": false, "c41b5e9077f6c41b5": false,
	} {
		if isHex(s) != want {
			t.Errorf("%q: %v", s, !want)
		}
	}
}

// Every kind of key that a profile may name has words.
func TestEveryKindOfKeyHasWords(t *testing.T) {
	for _, spec := range []hsm.KeySpec{hsm.ECDSAP256, hsm.ECDSAP384, hsm.ECDSAP521, hsm.Ed25519, hsm.RSA3072, hsm.RSA4096} {
		if keyKind(string(spec)) == string(spec) {
			t.Errorf("%s is shown as it stands in the profile", spec)
		}
	}
}
