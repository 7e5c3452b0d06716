package ceremony

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math/big"
	"sort"
	"strings"
	"time"

	"anodize/core/audit"
	"anodize/core/ca"
	"anodize/core/disc"
)

// decodeHex fills dst exactly from hex digits.
func decodeHex(dst []byte, digits string) error {
	if len(digits) != 2*len(dst) {
		return fmt.Errorf("%d hex digits where %d belong", len(digits), 2*len(dst))
	}
	_, err := hex.Decode(dst, []byte(digits))
	return err
}

// serialHex is a serial number as the log holds it.
func serialHex(n *big.Int) string { return hexOf(n.Bytes()) }

func parseSerial(s string) (*big.Int, error) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) == 0 || len(b) > 20 {
		return nil, fmt.Errorf("%q is not a serial number", s)
	}
	return new(big.Int).SetBytes(b), nil
}

// read fills b from the kernel's generator.
func (c *Ceremony) read(b []byte) error {
	if _, err := io.ReadFull(c.random, b); err != nil {
		return fmt.Errorf("reading the kernel's randomness: %w", err)
	}
	return nil
}

// fact names a file by its content.
func fact(f disc.File) (audit.FileFact, error) {
	h := sha256.New()
	if n, err := io.Copy(h, io.NewSectionReader(f.Content, 0, f.Size)); err != nil || n != f.Size {
		return audit.FileFact{}, fmt.Errorf("reading %s: %d of %d bytes: %w", f.Name, n, f.Size, err)
	}
	return audit.FileFact{Name: f.Name, Size: f.Size, SHA256: hexOf(h.Sum(nil))}, nil
}

func sortFiles(files []disc.File) {
	sort.Slice(files, func(i, j int) bool { return files[i].Name < files[j].Name })
}

func hexOf32(b [32]byte) string { return hexOf(b[:]) }

// described is to-be-signed bytes as people read them, everything in them.
func described(tbs []byte) ([]Fact, error) {
	fields, err := ca.Describe(tbs)
	if err != nil {
		return nil, err
	}
	facts := make([]Fact, len(fields))
	for i, f := range fields {
		facts[i] = Fact{Name: f.Name, Value: f.Value, Mono: isExact(f.Value)}
		if isHex(f.Value) {
			facts[i].Value, facts[i].Mono = groups(f.Value), true
		}
	}
	return facts, nil
}

// isExact reports whether s is a time, an address or bytes, of which every letter
// counts.
func isExact(s string) bool {
	_, err := time.Parse(stampLayout, s)
	return err == nil || strings.HasPrefix(s, "http://") || strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "DER ")
}

// isHex reports whether s is a digest or a number to be compared digit by digit.
func isHex(s string) bool {
	return len(s) >= 16 && len(s)%2 == 0 && strings.Trim(s, "0123456789abcdef") == ""
}
