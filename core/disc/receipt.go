package disc

import "crypto/sha256"

// A Receipt says that a session was burned, and read back from the disc equal
// to the last byte. Only Drive.Burn makes one; the zero value is not a receipt.
type Receipt struct {
	address, blocks uint32
	sum             [sha256.Size]byte
}

// Valid tells whether r is a receipt.
func (r Receipt) Valid() bool { return r.blocks > 0 }

// Address returns the session's first sector.
func (r Receipt) Address() uint32 { return r.address }

// Blocks returns the session's length in sectors, padding included.
func (r Receipt) Blocks() uint32 { return r.blocks }

// SHA256 returns the hash of the session's sectors, padding included.
func (r Receipt) SHA256() [sha256.Size]byte { return r.sum }
