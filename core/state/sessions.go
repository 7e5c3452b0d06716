package state

import (
	"errors"
	"fmt"

	"anodize/core/audit"
)

// The files that a session.close may name beside those issued in its session.
const (
	stateFile   = "STATE.JSON"
	profileFile = "PROFILE.TOML"
	recordFile  = "RECORD.HTML"
)

// recordMade takes the record of the ceremony that has just ended: it covers
// the log up to ceremony.end.
func (m *Machine) recordMade(e audit.RecordMade) error {
	if !m.ended {
		return errors.New("no ceremony.end stands right before it")
	}
	if e.File != recordFile {
		return fmt.Errorf("the record's file is %s, not %s", recordFile, e.File)
	}
	m.session.record = &e
	return nil
}

func (m *Machine) sessionVerified(e audit.SessionVerified) error {
	if m.s.Unreported == "" {
		return fmt.Errorf("no session awaits it")
	}
	if e.Directory != m.s.Unreported {
		return fmt.Errorf("it names %s; the last session is %s", e.Directory, m.s.Unreported)
	}
	m.s.Unreported = ""
	return nil
}

func (m *Machine) sessionClose(e audit.SessionClose) error {
	at, kind, err := audit.ParseDirectory(e.Directory)
	if err != nil {
		return err
	}
	if !at.After(m.last) {
		return fmt.Errorf("%s is not later than %s", e.Directory, m.s.LastSession)
	}
	if kind != m.session.kind {
		return fmt.Errorf("the suffix of %s does not say what the session holds", e.Directory)
	}
	if m.op != nil && kind == audit.RecordSession {
		return fmt.Errorf("the ceremony %s has not ended", m.op.name)
	}
	if err := m.closesFiles(e.Files); err != nil {
		return err
	}
	for _, f := range e.Files {
		m.named[f] = struct{}{}
	}
	m.last = at
	m.s.Sessions++
	m.s.LastSession, m.s.Unreported = e.Directory, e.Directory
	if m.op != nil {
		m.closeStep(kind, e.Directory)
	}
	m.session = session{made: map[string]string{}}
	return nil
}

// closeStep tells the open ceremony that its intent, or its shares, are closed.
func (m *Machine) closeStep(kind audit.Kind, directory string) {
	switch kind {
	case audit.IntentSession:
		m.op.closed = true
		m.s.OpenIntent = directory
	case audit.CommitSession:
		m.op.commit = true
	}
}

// closesFiles checks that files are exactly those that the session must have.
func (m *Machine) closesFiles(files []audit.FileFact) error {
	want := map[string]string{stateFile: ""}
	if m.s.Sessions == 0 {
		want[profileFile] = m.s.ProfileSHA256
	}
	for name, sha256 := range m.session.made {
		want[name] = sha256
	}
	if record := m.session.record; record != nil {
		want[record.File] = record.SHA256
	}
	for _, f := range files {
		sha256, ok := want[f.Name]
		if !ok {
			return fmt.Errorf("nothing in its session made the file %s", f.Name)
		}
		if sha256 != "" && sha256 != f.SHA256 {
			return fmt.Errorf("%s has another SHA-256 than its own record", f.Name)
		}
		if record := m.session.record; record != nil && f.Name == record.File && f.Size != record.Size {
			return fmt.Errorf("%s has another length than its own record", f.Name)
		}
		delete(want, f.Name)
	}
	for name := range want {
		return fmt.Errorf("the file %s is not named", name)
	}
	return nil
}

// exportDone takes files that are on the disc. The export belongs to the
// ceremony before, so none is open.
func (m *Machine) exportDone(e audit.ExportDone) error {
	if err := m.idle(); err != nil {
		return err
	}
	if m.s.Sessions == 0 {
		return errors.New("nothing is on the disc yet")
	}
	for _, f := range e.Files {
		if _, ok := m.named[f]; !ok {
			return fmt.Errorf("no session holds the file %s with SHA-256 %s", f.Name, f.SHA256)
		}
	}
	return nil
}
