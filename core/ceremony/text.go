package ceremony

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"anodize/core/profile"
)

const stampLayout = "2006-01-02 15:04:05 UTC"

// stamp is how a time is written on a screen.
func stamp(t time.Time) string { return t.UTC().Format(stampLayout) }

// rfc3339 is how a time is written in the log.
func rfc3339(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// fromRFC3339 writes a time of the log as stamp does.
func fromRFC3339(s string) string {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return s
	}
	return stamp(t)
}

// number groups the digits of n by thousands.
func number[N ~int | ~int64 | ~uint32 | ~uint64](n N) string {
	s := strconv.FormatInt(int64(n), 10)
	var b strings.Builder
	for i, r := range s {
		if i > 0 && (len(s)-i)%3 == 0 && s[i-1] != '-' {
			b.WriteByte(',')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// plural is "1 session", "2 sessions".
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if stem, ok := strings.CutSuffix(noun, "y"); ok && !strings.HasSuffix(stem, "a") {
		return number(n) + " " + stem + "ies" // entry, directory; not day
	}
	return number(n) + " " + noun + "s"
}

// size is a number of bytes in the unit that a person reads.
func size(n int64) string {
	switch {
	case n < 1<<10:
		return plural(int(n), "byte")
	case n < 1<<20:
		return fmt.Sprintf("%d KiB", (n+1<<9)>>10)
	}
	return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
}

// capacity is room on a disc in the unit that stands on its box.
func capacity(n int64) string {
	if n < 1e9 {
		return fmt.Sprintf("%d MB", n/1e6)
	}
	return fmt.Sprintf("%.1f GB", float64(n)/1e9)
}

// groups writes hex digits in groups of four.
func groups(digits string) string {
	var b strings.Builder
	for i := 0; i < len(digits); i += 4 {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(digits[i:min(i+4, len(digits))])
	}
	return b.String()
}

// hsmKinds are what people call the HSMs of a backend.
var hsmKinds = map[profile.Backend]string{profile.YubiHSM: "YubiHSM 2", profile.PKCS11: "PKCS #11 token"}

// hsmKind is what people call the HSMs of a backend.
func hsmKind(backend string) string { return cmp.Or(hsmKinds[profile.Backend(backend)], backend) }

// keyKinds are what people call the kinds of key.
var keyKinds = map[profile.KeySpec]string{
	profile.ECDSAP256: "ECDSA P-256", profile.ECDSAP384: "ECDSA P-384", profile.ECDSAP521: "ECDSA P-521",
	profile.Ed25519: "Ed25519", profile.RSA3072: "RSA 3072", profile.RSA4096: "RSA 4096",
}

// keyKind is what people call a kind of key.
func keyKind(spec string) string { return cmp.Or(keyKinds[profile.KeySpec(spec)], spec) }

// hexOf is lower-case hex, as in the log.
func hexOf(b []byte) string { return hex.EncodeToString(b) }

// capital begins a sentence.
func capital(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}

// elapsed is minutes and seconds.
func elapsed(d time.Duration) string {
	s := int(d.Round(time.Second).Seconds())
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}
