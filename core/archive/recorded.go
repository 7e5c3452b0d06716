package archive

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"

	"anodize/core/audit"
	"anodize/core/disc"
)

// checkUndeclared takes the sessions out that the caller will declare void.
func (v *verifier) checkUndeclared(c *check) string {
	for _, e := range v.opts.Voids {
		c.warn("the burn at sector %d failed, and no record says so yet: %s", e.Address, e.Reason)
	}
	v.sessions = slices.DeleteFunc(v.sessions, func(s Session) bool {
		return s.Recorded != nil && declares(v.opts.Voids, s.Recorded.Address)
	})
	return ""
}

func declares(voids []audit.SessionVoid, address uint32) bool {
	return slices.ContainsFunc(voids, func(e audit.SessionVoid) bool { return e.Address == address })
}

// checkVoids takes out of sessions and damage what the log declares void, each
// with a warning. A void reaches from its address to the next session of the
// archive, on the disc that its own session stands on.
func (v *verifier) checkVoids(c *check) string {
	voids := slices.Clone(v.opts.Voids)
	for _, r := range v.res.Log.Records() {
		if e, ok := r.Event.(audit.SessionVoid); ok {
			c.warn("record %d: the burn at sector %d failed: %s", r.Seq, e.Address, e.Reason)
			if r.Seq >= v.disc.Since {
				voids = append(voids, e)
			}
		}
	}
	known := map[string]bool{}
	for _, end := range v.closes {
		known[end.Directory] = true
	}
	for i, s := range v.sessions {
		if s.Recorded != nil && known[newestDirectory(s)] && declares(voids, s.Recorded.Address) {
			c.error("%s is declared void, and is the one that the log calls %s", label(i, s), newestDirectory(s))
		}
	}
	declared := func(s Session) bool {
		return s.Recorded != nil && !known[newestDirectory(s)] && declares(voids, s.Recorded.Address)
	}
	v.sessions = slices.DeleteFunc(v.sessions, declared)
	v.damage = slices.DeleteFunc(slices.Clone(v.damage), func(err error) bool {
		sector, ok := damagedSector(err)
		return ok && v.isVoid(voids, sector)
	})
	return ""
}

func newestDirectory(s Session) string {
	if len(s.Directories) == 0 {
		return ""
	}
	return s.Directories[len(s.Directories)-1].Name
}

// damagedSector tells at which sector an error found something.
func damagedSector(err error) (uint32, bool) {
	var torn *TornError
	var stray *disc.StrayError
	var mismatch *disc.MismatchError
	switch {
	case errors.As(err, &torn):
		return torn.Address, true
	case errors.As(err, &stray):
		return stray.First, true
	case errors.As(err, &mismatch):
		return mismatch.Sector, true
	default:
		return 0, false
	}
}

// isVoid reports whether a void lies between sector and the end of the session
// before it.
func (v *verifier) isVoid(voids []audit.SessionVoid, sector uint32) bool {
	end := uint64(0)
	for _, s := range v.sessions {
		if r := s.Recorded; r != nil && r.Address <= sector {
			end = max(end, uint64(r.Address)+uint64(r.Blocks))
		}
	}
	return slices.ContainsFunc(voids, func(e audit.SessionVoid) bool {
		return uint64(e.Address) >= end && e.Address <= sector
	})
}

// checkSessions compares the sessions' directories with each other: session n
// adds directory n to all earlier ones, and none is missing.
func (v *verifier) checkSessions(c *check) string {
	for _, err := range v.damage {
		c.error("%v", err)
	}
	if len(v.sessions) == 0 {
		return ""
	}
	last := v.sessions[len(v.sessions)-1]
	v.newest = hold(last)
	v.reading()
	if v.newest.err != nil {
		c.error("%v", v.newest.err)
	}
	names := directoryNames(last)
	for i, name := range names {
		if _, _, err := audit.ParseDirectory(name); err != nil {
			c.error("%v", err)
		}
		if i > 0 && names[i-1][:min(16, len(names[i-1]))] >= name[:min(16, len(name))] {
			c.error("%s is not later than %s", name, names[i-1])
		}
	}
	if last.Recorded == nil && len(v.sessions) == 1 {
		return fmt.Sprintf("%d directories, copied from a disc: its sectors were not looked at", len(names))
	}
	before := v.before()
	if before+len(v.sessions) != len(names) {
		c.error("%d sessions, and %d on earlier discs, hold %d directories: a session is missing, or one was added", len(v.sessions), before, len(names))
	}
	for i, s := range v.sessions {
		if got := directoryNames(s); !slices.Equal(got, names[:min(before+i+1, len(names))]) {
			c.error("%s does not hold the first %d directories of the last one", label(i, s), before+i+1)
		}
	}
	return fmt.Sprintf("%d sessions, each with all earlier directories", len(v.sessions))
}

// before counts the sessions that stand on earlier discs. Copies may have been
// taken from all of them.
func (v *verifier) before() int {
	last := v.sessions[len(v.sessions)-1]
	if last.Recorded == nil && len(v.sessions) == len(last.Directories) {
		return 0
	}
	return v.disc.Before
}

func directoryNames(s Session) []string {
	names := make([]string, len(s.Directories))
	for i, d := range s.Directories {
		names[i] = d.Name
	}
	return names
}

// checkCopies compares the copies of every directory in every session.
func (v *verifier) checkCopies(c *check) string {
	if len(v.sessions) < 2 {
		return ""
	}
	copies := 0
	for i, s := range v.sessions[:len(v.sessions)-1] {
		h := hold(s)
		v.reading()
		if h.err != nil {
			c.error("%s: %v", label(i, s), h.err)
		}
		for j := range min(len(h.files), len(v.newest.files)) {
			copies++
			compareFiles(c, label(i, s), s.Directories[j].Name, h.files[j], v.newest.files[j])
		}
	}
	return fmt.Sprintf("%d copies of earlier directories are equal", copies)
}

func compareFiles(c *check, where, directory string, got, want map[string]content) {
	for name, g := range got {
		if w, ok := want[name]; !ok || g != w {
			c.error("%s: %s/%s is not as in the last session", where, directory, name)
		}
	}
	for name := range want {
		if _, ok := got[name]; !ok {
			c.error("%s: %s/%s is missing", where, directory, name)
		}
	}
}

// checkImages compares every byte of every session that is not a file's
// content with what must stand there.
func (v *verifier) checkImages(c *check) string {
	recorded := 0
	for i := range v.sessions {
		s := &v.sessions[i]
		if s.Recorded == nil {
			continue
		}
		recorded++
		if err := s.verify(); err != nil {
			c.error("%s: %v", label(i, *s), err)
		}
		v.reading()
	}
	if recorded == 0 {
		return ""
	}
	return fmt.Sprintf("descriptors, directories and padding of %d sessions are as they must be", recorded)
}

// checkVolumes compares the volume descriptors with record 0.
func (v *verifier) checkVolumes(c *check) string {
	genesis, _ := v.res.Log.Records()[0].Event.(audit.Genesis)
	recorded := 0
	for i, s := range v.sessions {
		r := s.Recorded
		if r == nil {
			continue
		}
		recorded++
		if hex.EncodeToString(r.Archive[:]) != genesis.Archive {
			c.error("%s belongs to the archive %x, not %s", label(i, s), r.Archive, genesis.Archive)
		}
		if r.Mode != genesis.Mode {
			c.error("%s is of mode %s, record 0 of %s", label(i, s), r.Mode, genesis.Mode)
		}
		if r.Number != v.disc.Before+i+1 {
			c.error("%s has the number %d", label(i, s), r.Number)
		}
	}
	if recorded == 0 {
		return ""
	}
	return "archive, mode and number of every session agree with record 0"
}

// checkReadBack compares what session.verified says of a session with what
// stands there.
func (v *verifier) checkReadBack(c *check) string {
	verified, compared := map[string]bool{}, 0
	for _, r := range v.res.Log.Records() {
		e, ok := r.Event.(audit.SessionVerified)
		if !ok {
			continue
		}
		verified[e.Directory] = true
		for i, s := range v.sessions {
			if s.Recorded != nil && newestDirectory(s) == e.Directory {
				compared++
				compareReadBack(c, label(i, s), s.Recorded, e)
				v.reading()
			}
		}
	}
	for i, end := range v.closes {
		if i < len(v.closes)-1 && !verified[end.Directory] {
			c.warn("no record says that %s was read back", end.Directory)
		}
	}
	return fmt.Sprintf("the log says of %d sessions that they were read back; %d were compared, and stand there as then", len(verified), compared)
}

func compareReadBack(c *check, where string, s *disc.Session, e audit.SessionVerified) {
	if s.Address != e.Address || s.Blocks != e.Blocks {
		c.error("%s: the log says that it has %d sectors from %d on", where, e.Blocks, e.Address)
		return
	}
	// Its descriptors and padding were compared with this image before.
	image, err := disc.NewImage(s.Volume, s.Address, s.Directories)
	if err != nil {
		c.error("%s: %v", where, err)
		return
	}
	digest := sha256.New()
	buffer := make([]byte, 1<<18)
	if _, err := io.CopyBuffer(digest, io.NewSectionReader(image, 0, image.Size()), buffer); err != nil {
		c.error("%s: %v", where, err)
		return
	}
	if sum := hex.EncodeToString(digest.Sum(nil)); sum != e.SHA256 {
		c.error("%s has the SHA-256 %s; the log says %s", where, sum, e.SHA256)
	}
}
