package state

import (
	"errors"
	"fmt"

	"anodize/core/audit"
)

// Disc is the newest disc of an archive, as its log tells of it. The zero value
// is the archive's first.
type Disc struct {
	Before int    // sessions of the archive on earlier discs
	Since  uint64 // number of the disc.migrated that began it; 0 if there is none
	Marked bool   // it takes no more sessions: the archive is carried to another
}

// NewestDisc reads which disc the last session of a log stands on.
func NewestDisc(log *audit.Log) Disc {
	var d Disc
	var sessions int
	var intent, moved bool // in the present session
	for _, r := range log.Records() {
		switch r.Event.(type) {
		case audit.DiscMigrated:
			d, moved = Disc{Before: sessions, Since: r.Seq}, true
		case audit.IntentMigrateDisc:
			intent = true
		case audit.SessionClose:
			sessions++
			d.Marked = d.Marked || intent && !moved
			intent, moved = false, false
		}
	}
	return d
}

func (m *Machine) intentMigrateDisc(e audit.IntentMigrateDisc) error {
	if err := m.mayIntend(migrateDisc); err != nil {
		return err
	}
	if err := m.carries(e.Sessions, e.LastHash); err != nil {
		return err
	}
	m.intend(e)
	return nil
}

// discMigrated takes the archive to another disc. Whatever a session is for, its
// disc may have failed, so it may stand after all else of it.
func (m *Machine) discMigrated(e audit.DiscMigrated) error {
	if m.s.Sessions == 0 {
		return errors.New("no session was closed yet, so there is nothing to carry")
	}
	if m.s.Unreported != "" {
		return fmt.Errorf("the session %s was not verified", m.s.Unreported)
	}
	if err := m.carries(e.Sessions, e.LastHash); err != nil {
		return err
	}
	if m.op != nil {
		m.op.migrated = true
	}
	m.oldDisc = m.s.LastSession
	return nil
}

// discLeft tells of the disc that the archive was carried from, once. It belongs to
// the ceremony before, so none is open.
func (m *Machine) discLeft(e audit.DiscLeft) error {
	if err := m.idle(); err != nil {
		return err
	}
	if e.Session == "" || e.Session != m.oldDisc {
		return fmt.Errorf("%s is not the last session on the disc before this one, or that was told already", e.Session)
	}
	m.oldDisc = ""
	return nil
}

// carries compares what is to be carried to another disc with the log so far.
func (m *Machine) carries(sessions int, lastHash string) error {
	if sessions != m.s.Sessions || lastHash != m.lastClose {
		return fmt.Errorf("it carries %d sessions up to the record %s; %d are closed, up to %s", sessions, lastHash, m.s.Sessions, m.lastClose)
	}
	return nil
}

// mayEnd refuses to end a migration on the disc that it leaves: that disc is
// marked, and takes no more sessions.
func (m *Machine) mayEnd() error {
	if m.op.name == migrateDisc && !m.op.migrated {
		return errors.New("its disc is marked and takes no more sessions: no disc.migrated stands before it")
	}
	return nil
}
