package archive

import (
	"bytes"
	"errors"
	"fmt"

	"anodize/core/audit"
	"anodize/core/record"
)

// checkRecords makes every record of a ceremony again, and compares it with the
// one on the disc. A log that breaks its rules has none to compare with.
func (v *verifier) checkRecords(c *check) string {
	if v.res.State.TreeSize == 0 {
		return ""
	}
	session, same := 0, 0
	for _, r := range v.res.Log.Records() {
		switch r.Event.(type) {
		case audit.SessionClose:
			session++
		case audit.RecordMade:
			err := v.compareRecord(r.Seq, session)
			switch {
			case err == nil:
				same++
			case errors.Is(err, record.ErrUnknownForm):
				c.warn("record %d: %v", r.Seq, err)
			default:
				c.error("record %d: %v", r.Seq, err)
			}
		}
	}
	if same == 0 {
		return ""
	}
	return fmt.Sprintf("%d records of ceremonies, made again from the log, are what stands on the disc", same)
}

// compareRecord compares the file of one record.made.
func (v *verifier) compareRecord(seq uint64, session int) error {
	file := filesOf(v.newest.session, session)
	again, err := record.Remake(v.res.Log, seq, file)
	if err != nil {
		return err
	}
	page, err := file(record.File)
	if err != nil {
		return err
	}
	if !bytes.Equal(page, again) {
		return fmt.Errorf("%s is not what it is when made again", record.File)
	}
	return nil
}

// filesOf reads the files of the session's directory n, counted from 0.
func filesOf(s Session, n int) func(name string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		if n >= len(s.Directories) {
			return nil, fmt.Errorf("the directory with %s is missing", name)
		}
		return readFile(s.Directories[n], name, maxArtifact)
	}
}

// Record makes again the record of the last ceremony that ended, whether or not
// the disc holds one.
func (r Result) Record() ([]byte, error) {
	if r.Log == nil || len(r.Sessions) == 0 {
		return nil, errors.New("making the record again: the archive's log cannot be read")
	}
	session, at, end := 0, 0, uint64(0)
	for _, rec := range r.Log.Records() {
		switch rec.Event.(type) {
		case audit.SessionClose:
			session++
		case audit.CeremonyEnd:
			at, end = session, rec.Seq+1
		}
	}
	if end == 0 {
		return nil, errors.New("making the record again: no ceremony has ended yet")
	}
	log, err := r.Log.Prefix(end)
	if err != nil {
		return nil, fmt.Errorf("making the record again: %w", err)
	}
	return record.Make(log, filesOf(r.Sessions[len(r.Sessions)-1], at))
}
