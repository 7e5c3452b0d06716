package sim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
)

// discChunk is the number of sectors kept together.
const discChunk = 32

// discStore holds the sectors that are not all zeros, in chunks.
type discStore map[uint32]*[discChunk * discSector]byte

func (s discStore) read(sector uint32) (data [discSector]byte) {
	if chunk := s[sector/discChunk]; chunk != nil {
		copy(data[:], chunk[sector%discChunk*discSector:])
	}
	return data
}

func (s discStore) write(sector uint32, data []byte) {
	chunk := s[sector/discChunk]
	if chunk == nil {
		if isZero(data) {
			return
		}
		chunk = new([discChunk * discSector]byte)
		s[sector/discChunk] = chunk
	}
	copy(chunk[sector%discChunk*discSector:], data)
}

func isZero(data []byte) bool {
	return bytes.Count(data, []byte{0}) == len(data)
}

// WriteImage writes the disc as an image: sectors of 2048 bytes from address
// 0 to the last recorded one, with zeros where nothing is recorded. What is
// still in a drive's cache is not on the disc.
func (d *Disc) WriteImage(w io.Writer) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	var zeros [discChunk * discSector]byte
	end := d.recordedEnd()
	for at := uint32(0); at < end; at += discChunk {
		chunk := d.store[at/discChunk]
		if chunk == nil {
			chunk = &zeros
		}
		if _, err := w.Write(chunk[:min(discChunk, end-at)*discSector]); err != nil {
			return fmt.Errorf("writing the disc image at sector %d: %w", at, err)
		}
	}
	return nil
}

// The two files of a saved disc.
const (
	discImageFile = "disc.img"
	discTableFile = "disc.json"
)

// discTable is the saved form of all that a disc has besides its sectors.
type discTable struct {
	Profile    uint16           `json:"profile"`
	Capacity   uint32           `json:"capacity"`
	Sessions   int              `json:"sessions"`
	Open       bool             `json:"open"`
	Formatted  bool             `json:"formatted"`
	Tracks     []discTableTrack `json:"tracks"`
	Unreadable []uint32         `json:"unreadable,omitempty"`
	Unwritable []uint32         `json:"unwritable,omitempty"`
}

type discTableTrack struct {
	Session  int    `json:"session"`
	Start    uint32 `json:"start"`
	Size     uint32 `json:"size"`
	Written  uint32 `json:"written"`
	Closed   bool   `json:"closed"`
	Reserved bool   `json:"reserved"`
	Damaged  bool   `json:"damaged"`
}

// Save keeps the disc in a directory, which it makes: disc.img as WriteImage
// gives it, and disc.json with the table of sessions and tracks.
func (d *Disc) Save(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("saving the disc: %w", err)
	}
	if err := d.saveImage(filepath.Join(dir, discImageFile)); err != nil {
		return fmt.Errorf("saving the disc: %w", err)
	}
	table, err := json.MarshalIndent(d.table(), "", "  ")
	if err != nil {
		return fmt.Errorf("saving the disc's table: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, discTableFile), append(table, '\n'), 0o644); err != nil {
		return fmt.Errorf("saving the disc's table: %w", err)
	}
	return nil
}

func (d *Disc) saveImage(path string) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(d.WriteImage(file), file.Close())
}

func (d *Disc) table() discTable {
	d.mu.Lock()
	defer d.mu.Unlock()
	table := discTable{Profile: d.medium.profile, Capacity: d.capacity, Sessions: d.sessions, Open: d.open, Formatted: d.formatted}
	for _, t := range d.tracks {
		table.Tracks = append(table.Tracks, discTableTrack{t.session, t.start, t.size, t.written, t.closed, t.reserved, t.damaged})
	}
	for sector := range d.unreadable {
		table.Unreadable = append(table.Unreadable, sector)
	}
	for sector := range d.unwritable {
		table.Unwritable = append(table.Unwritable, sector)
	}
	return table
}

// LoadDisc reads what Save kept. A table that no recording could have left is
// refused.
func LoadDisc(dir string) (*Disc, error) {
	raw, err := os.ReadFile(filepath.Join(dir, discTableFile))
	if err != nil {
		return nil, fmt.Errorf("loading the disc's table: %w", err)
	}
	var table discTable
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&table); err != nil {
		return nil, fmt.Errorf("loading the disc's table: %w", err)
	}
	d, err := table.disc()
	if err != nil {
		return nil, fmt.Errorf("loading the disc's table: %w", err)
	}
	if err := d.loadImage(filepath.Join(dir, discImageFile)); err != nil {
		return nil, fmt.Errorf("loading the disc's image: %w", err)
	}
	return d, nil
}

// disc rebuilds a disc without its sectors.
func (t discTable) disc() (*Disc, error) {
	d := NewDisc(t.Profile)
	if t.Capacity > d.medium.capacity {
		return nil, fmt.Errorf("capacity %d is more than profile %04Xh has", t.Capacity, t.Profile)
	}
	d.capacity, d.sessions, d.open, d.formatted, d.tracks = t.Capacity, t.Sessions, t.Open, t.Formatted, nil
	next, session := uint64(0), 0
	for i, r := range t.Tracks {
		end := uint64(r.Start) + uint64(max(r.Size, r.Written))
		if uint64(r.Start) < next || end > uint64(t.Capacity) || r.Session < max(session, 1) || r.Session > t.Sessions {
			return nil, fmt.Errorf("track %d does not fit its place", i+1)
		}
		next, session = end, r.Session
		d.tracks = append(d.tracks, &discTrack{r.Session, r.Start, r.Size, r.Written, r.Closed, r.Reserved, r.Damaged})
	}
	if t.Sessions != session {
		return nil, fmt.Errorf("%d sessions are named, the last track is in session %d", t.Sessions, session)
	}
	if d.open && (len(d.tracks) == 0 || d.tracks[len(d.tracks)-1].closed || d.tracks[len(d.tracks)-1].reserved) {
		return nil, errors.New("the open session has no track to write to")
	}
	for _, sector := range t.Unreadable {
		d.unreadable[sector] = true
	}
	for _, sector := range t.Unwritable {
		d.unwritable[sector] = true
	}
	return d, nil
}

func (d *Disc) loadImage(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	buffer := make([]byte, discChunk*discSector)
	var at uint32
	for {
		n, err := io.ReadFull(file, buffer)
		if n%discSector != 0 {
			return fmt.Errorf("%d bytes after sector %d are not a sector", n%discSector, at)
		}
		for ; n > 0 && at < math.MaxUint32; n -= discSector {
			offset := int(at%discChunk) * discSector
			d.store.write(at, buffer[offset:offset+discSector])
			at++
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			break
		}
		if err != nil {
			return err
		}
	}
	if at != d.recordedEnd() {
		return fmt.Errorf("it holds %d sectors, the table says %d", at, d.recordedEnd())
	}
	return nil
}
