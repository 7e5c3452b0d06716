package ceremony

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"anodize/core/audit"
	"anodize/core/disc"
	"anodize/core/state"
)

// session is the next one of the archive, put together and not yet burned.
type session struct {
	name        string
	at          time.Time
	log         *audit.Log // closed
	volume      disc.Volume
	directories []disc.Directory // every earlier one, then its own; all in memory
}

// newSession puts a draft together. Nothing that breaks the archive's rules is
// ever burned: the closed log is replayed, and every copy of an earlier
// directory is compared with what the log says of it.
func (c *Ceremony) newSession(ctx context.Context, d draft) (*session, error) {
	at, adjusted, err := c.sessionTime(d.step.kind)
	if err != nil {
		return nil, err
	}
	s := &session{at: at, log: d.log.Clone()}
	if s.name, err = audit.DirectoryName(at, d.step.kind); err != nil {
		return nil, err
	}
	if adjusted > 0 {
		if err := c.add(s.log, audit.ClockConfirmed{Adjusted: adjusted}); err != nil {
			return nil, err
		}
	}
	dir, err := c.close(s.log, s.name, d.files)
	if err != nil {
		return nil, err
	}
	if s.volume, err = c.volume(s.log, at); err != nil {
		return nil, err
	}
	if s.directories, err = c.copies(ctx); err != nil {
		return nil, err
	}
	s.directories = append(s.directories, dir)
	return s, nil
}

// maxAdjust is how far the clock may lie behind the last session when an
// operation begins. Once an intent is on the disc the operation goes on whatever
// the clock says: a signature must never wait for it.
const maxAdjust = time.Minute

// sessionTime is the time of the next session: the confirmed clock's, or one
// second after the last session's, on record.
func (c *Ceremony) sessionTime(kind audit.Kind) (at time.Time, adjusted int, err error) {
	now, last := c.now().UTC().Truncate(time.Second), c.table.archive.lastTime
	switch {
	case now.After(last):
		return now, 0, nil
	case kind == audit.IntentSession && last.Sub(now) > maxAdjust:
		return time.Time{}, 0, fmt.Errorf("the clock says %s and the last session was written %s: stop, and set the clock", stamp(now), stamp(last))
	}
	at = last.Add(time.Second)
	return at, int(at.Sub(now) / time.Second), nil
}

// add appends an event, dated by the confirmed clock. Where a session's time
// was moved forward the log follows it: its times never go back.
func (c *Ceremony) add(log *audit.Log, e audit.Event) error {
	at := c.now().UTC().Truncate(time.Second)
	if records := log.Records(); len(records) > 0 && at.Before(records[len(records)-1].Time) {
		at = records[len(records)-1].Time
	}
	_, err := log.Append(at, e)
	return err
}

// close ends a session's part of the log and puts its directory together.
func (c *Ceremony) close(log *audit.Log, name string, files []disc.File) (disc.Directory, error) {
	st, err := state.Replay(log)
	if err != nil {
		return disc.Directory{}, fmt.Errorf("replaying the log before session %s: %w", name, err)
	}
	encoded, err := st.Encode()
	if err != nil {
		return disc.Directory{}, fmt.Errorf("encoding the state of session %s: %w", name, err)
	}
	files = append(append([]disc.File(nil), files...), disc.NewFile(stateJSON, encoded))
	sortFiles(files)
	facts := make([]audit.FileFact, len(files))
	for i, f := range files {
		if facts[i], err = fact(f); err != nil {
			return disc.Directory{}, err
		}
	}
	if err := c.add(log, audit.SessionClose{Directory: name, Files: facts}); err != nil {
		return disc.Directory{}, err
	}
	if _, err := state.Replay(log); err != nil {
		return disc.Directory{}, fmt.Errorf("replaying the log of session %s: %w", name, err)
	}
	files = append(files, disc.NewFile(auditLog, log.Bytes()))
	sortFiles(files)
	return disc.Directory{Name: name, Files: files}, nil
}

// maxCopies bounds what is carried from session to session, in bytes.
const maxCopies = 256 << 20

// copies reads every earlier directory into memory and compares it with the log:
// a sector that went bad since the disc was verified is not copied on.
func (c *Ceremony) copies(context.Context) ([]disc.Directory, error) {
	a := c.table.archive
	closes := map[string][]audit.FileFact{}
	for _, r := range a.log.Records() {
		if e, ok := r.Event.(audit.SessionClose); ok {
			closes[e.Directory] = e.Files
		}
	}
	var total int64
	all := make([]disc.Directory, 0, len(a.directories)+1)
	for _, d := range a.directories {
		files := make([]disc.File, len(d.Files))
		for i, f := range d.Files {
			if total += f.Size; total > maxCopies {
				return nil, fmt.Errorf("copying the earlier sessions: more than %d bytes", maxCopies)
			}
			data, err := readFile(d, f.Name, maxCopies)
			if err != nil {
				return nil, fmt.Errorf("copying the earlier sessions: %w", err)
			}
			if !c.onRecord(closes[d.Name], f.Name, data) {
				return nil, fmt.Errorf("copying the earlier sessions: %s/%s is not what the log says: the disc or the drive is failing. Stop, and have the disc validated", d.Name, f.Name)
			}
			files[i] = disc.NewFile(f.Name, data)
		}
		all = append(all, disc.Directory{Name: d.Name, Files: files})
	}
	return all, nil
}

// onRecord says whether a file of an earlier directory is the one that its
// session.close names; its log must be the beginning of ours.
func (c *Ceremony) onRecord(facts []audit.FileFact, name string, data []byte) bool {
	if name == auditLog {
		return bytes.HasPrefix(c.table.archive.log.Bytes(), data)
	}
	for _, f := range facts {
		if f.Name == name {
			return fileFact(name, data) == f
		}
	}
	return false
}

// volume describes the next session of the archive.
func (c *Ceremony) volume(log *audit.Log, at time.Time) (disc.Volume, error) {
	g, ok := log.Records()[0].Event.(audit.Genesis)
	if !ok {
		return disc.Volume{}, errors.New("the log does not begin with its genesis")
	}
	v := disc.Volume{Mode: g.Mode, Number: c.table.archive.sessions + 1, Time: at}
	if err := decodeHex(v.Archive[:], g.Archive); err != nil {
		return disc.Volume{}, fmt.Errorf("reading the archive's id: %w", err)
	}
	return v, nil
}

// sectorSize is the size of a disc's sector in bytes.
const sectorSize = 2048

// maxLog bounds a log that is read into memory.
const maxLog = 64 << 20

// readFile reads a small file of a session directory.
func readFile(d disc.Directory, name string, limit int64) ([]byte, error) {
	for _, f := range d.Files {
		if f.Name != name {
			continue
		}
		if f.Size > limit {
			return nil, fmt.Errorf("%s/%s is longer than %d bytes", d.Name, name, limit)
		}
		data := make([]byte, f.Size)
		if _, err := io.ReadFull(io.NewSectionReader(f.Content, 0, f.Size), data); err != nil {
			return nil, fmt.Errorf("reading %s/%s: %w", d.Name, name, err)
		}
		return data, nil
	}
	return nil, fmt.Errorf("%s holds no %s", d.Name, name)
}

// clip shortens s to n bytes at most, for fields of the log that are bounded.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xc0 == 0x80 {
		n--
	}
	return s[:n]
}
