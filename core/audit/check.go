package audit

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Bounds of what a record may hold.
const (
	maxInteger = 1 << 53 // the largest integer that every JSON reader keeps exact
	maxText    = 4096    // bytes
	maxName    = 128     // bytes
	maxDER     = 256 << 10
	maxList    = 4096
	maxShares  = 16

	attestationChain = 2       // certificates: the key's, then the device's own
	maxAttestation   = 8 << 10 // bytes of one of them
)

// Bounds of an environment.claimed.
const (
	MaxClaims = 128  // facts
	MaxClaim  = 1024 // bytes of a fact's value
)

// checkEvent refuses values that no reader could rely on: text that is not
// UTF-8 or too long, hex of the wrong length, numbers out of range, words
// outside their closed set.
func checkEvent(e Event) error {
	if reflect.ValueOf(e).Kind() != reflect.Struct {
		return fmt.Errorf("an event is given by value, not as %T", e)
	}
	var c checker
	e.check(&c)
	return c.err
}

// checker keeps the first fault of an event.
type checker struct{ err error }

func (c *checker) fail(field, format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf("%s: %s", field, fmt.Sprintf(format, args...))
	}
}

// text takes UTF-8 of 0 to limit bytes without control characters other than
// tab and line feed.
func (c *checker) text(field, v string, limit int) {
	switch {
	case len(v) > limit:
		c.fail(field, "%d bytes are more than the %d allowed", len(v), limit)
	case !utf8.ValidString(v):
		c.fail(field, "not UTF-8")
	case strings.ContainsFunc(v, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }):
		c.fail(field, "a control character in %.80q", v)
	}
}

// word takes text on one line that is not empty.
func (c *checker) word(field, v string, limit int) {
	c.text(field, v, limit)
	if v == "" || strings.ContainsAny(v, "\n\t") {
		c.fail(field, "%.80q is empty or not on one line", v)
	}
}

func (c *checker) said(field, v string) {
	c.text(field, v, maxText)
	if strings.TrimSpace(v) == "" {
		c.fail(field, "nothing is said")
	}
}

func (c *checker) number(field string, v, low, high uint64) {
	if v < low || v > high {
		c.fail(field, "%d is not from %d to %d", v, low, high)
	}
}

func (c *checker) count(field string, v int, low, high uint64) {
	if v < 0 {
		c.fail(field, "%d is negative", v)
		return
	}
	c.number(field, uint64(v), low, high)
}

// hex takes lower-case hex of so many bytes.
func (c *checker) hex(field, v string, size int) {
	b, err := hex.DecodeString(v)
	if err != nil || len(b) != size || hex.EncodeToString(b) != v {
		c.fail(field, "%.80q is not %d lower-case hex digits", v, 2*size)
	}
}

// serial takes a serial number as SerialText writes it (RFC 5280 section
// 4.1.2.2: positive, at most 20 octets).
func (c *checker) serial(field, v string) {
	n, ok := new(big.Int).SetString(v, 16)
	if !ok || len(v) > 40 || n.Sign() <= 0 || SerialText(n) != v || n.BitLen() > 159 {
		c.fail(field, "%.80q is not a serial number of 1 to 20 octets in lower-case hex", v)
	}
}

func (c *checker) der(field, v string, limit int) {
	b, err := base64.StdEncoding.Strict().DecodeString(v)
	if err != nil || len(b) == 0 || len(b) > limit || base64.StdEncoding.EncodeToString(b) != v {
		c.fail(field, "not 1 to %d bytes in padded base64", limit)
	}
}

func (c *checker) time(field, v string) time.Time {
	t, err := parseTime(v)
	if err != nil {
		c.fail(field, "%v", err)
	}
	return t
}

// span takes two times, the first earlier.
func (c *checker) span(from, fromValue, to, toValue string) {
	if a, b := c.time(from, fromValue), c.time(to, toValue); !a.Before(b) {
		c.fail(to, "%.40q is not later than %s, %.40q", toValue, from, fromValue)
	}
}

func (c *checker) oneOf(field, v string, words ...string) {
	if !slices.Contains(words, v) {
		c.fail(field, "%.80q is none of %s", v, strings.Join(words, ", "))
	}
}

func (c *checker) directory(field, v string) {
	if _, _, err := ParseDirectory(v); err != nil {
		c.fail(field, "%v", err)
	}
}

// file takes a name of upper-case letters, digits and underscores, one full
// stop and an extension.
func (c *checker) file(field, v string) {
	name, extension, _ := strings.Cut(v, ".")
	plain := func(s string, limit int) bool {
		return s != "" && len(s) <= limit && !strings.ContainsFunc(s, func(r rune) bool {
			return r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z')
		})
	}
	if !plain(name, 24) || !plain(extension, 4) {
		c.fail(field, "%.80q is not a file name such as ROOT.CRT", v)
	}
}

func (c *checker) list(field string, n, low, high int) bool {
	if n < low || n > high {
		c.fail(field, "%d entries are not from %d to %d", n, low, high)
	}
	return c.err == nil
}

// files takes facts in rising order of name.
func (c *checker) files(field string, files []FileFact, low int) {
	if !c.list(field, len(files), low, maxList) {
		return
	}
	for i, f := range files {
		c.file(field+".name", f.Name)
		c.number(field+".size", uint64(f.Size), 0, maxInteger)
		c.hex(field+".sha256", f.SHA256, 32)
		if i > 0 && files[i-1].Name >= f.Name {
			c.fail(field, "%s does not follow %s in order of name", f.Name, files[i-1].Name)
		}
	}
}

// SerialText writes a certificate's serial number as the log does: whole
// octets, most significant first, no leading zero octet, in lower-case hex.
func SerialText(serial *big.Int) string { return hex.EncodeToString(serial.Bytes()) }
