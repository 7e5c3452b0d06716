package audit

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// Head is what witnesses take home of a log: how many records it has and the
// RFC 6962 tree head over them.
type Head struct {
	Size uint64
	Root [32]byte
}

// Whole returns the head of the whole log.
func (l *Log) Whole() Head { return Head{l.Len(), l.TreeHead()} }

// String writes SIZE:HASH, the size in decimal and the hash in lower-case hex.
func (h Head) String() string { return fmt.Sprintf("%d:%x", h.Size, h.Root) }

// ParseHead reads SIZE:HASH. The hash may be in either case, since a QR code
// carries it in upper case.
func ParseHead(s string) (Head, error) {
	size, root, ok := strings.Cut(s, ":")
	n, err := strconv.ParseUint(size, 10, 53)
	if !ok || err != nil || n == 0 || strconv.FormatUint(n, 10) != size {
		return Head{}, fmt.Errorf("%.80q is not a head: write the number of records, a colon and 64 hex digits", s)
	}
	b, err := hex.DecodeString(root)
	if err != nil || len(b) != 32 {
		return Head{}, fmt.Errorf("%.80q is not a head: %d characters follow the colon, not 64 hex digits", s, len(root))
	}
	return Head{n, [32]byte(b)}, nil
}

// Includes tells whether the log begins with the records that h was computed
// over; if not, the error says in what it differs.
func (l *Log) Includes(h Head) error {
	if h.Size > l.Len() {
		return fmt.Errorf("the head is over %d records, the log has only %d: records are missing at its end, or this is an older disc", h.Size, l.Len())
	}
	root, err := l.TreeHeadAt(h.Size)
	if err != nil {
		return err
	}
	if root != h.Root {
		return fmt.Errorf("the first %d records have the tree head %x, not %x: this is another log, or its past was changed", h.Size, root, h.Root)
	}
	return nil
}
