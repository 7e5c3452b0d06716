package html

import "fmt"

// Bounds of a page. Parse refuses what exceeds them before it allocates for it.
const (
	MaxSize     = 4 << 20 // bytes
	MaxDepth    = 32      // elements within each other
	MaxElements = 1 << 17
	MaxCells    = 1 << 16 // of all tables
	MaxColumns  = 64      // of a table
	MaxPixels   = 1 << 23 // of all images
)

// Error says why a page is refused, and where.
type Error struct {
	Line   int // counted from 1
	Reason string
}

func (e *Error) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Reason) }

func refuse(line int, format string, args ...any) error {
	return &Error{Line: line, Reason: fmt.Sprintf(format, args...)}
}
