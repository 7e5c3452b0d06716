package archive

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	"anodize/core/audit"
	"anodize/core/state"
)

// checkLog reads the profile and the newest log, and finds its sessions.
func (v *verifier) checkLog(c *check) string {
	if len(v.sessions) == 0 || len(v.sessions[len(v.sessions)-1].Directories) == 0 {
		c.error("there is no session to verify")
		return ""
	}
	dirs := v.sessions[len(v.sessions)-1].Directories
	profile, err := readFile(dirs[0], profileFile, maxProfile)
	if err != nil {
		c.error("%v", err)
		return ""
	}
	newest := dirs[len(dirs)-1]
	file, err := readFile(newest, logFile, audit.MaxFile)
	if err != nil {
		c.error("%v", err)
		return ""
	}
	log, err := audit.Parse(file, sha256.Sum256(profile))
	if err != nil {
		c.error("%s/%s: %v", newest.Name, logFile, err)
		return ""
	}
	v.res.Log, v.res.Profile = log, profile
	v.closes, v.disc = findCloses(log), state.NewestDisc(log)
	if n := len(v.closes); n == 0 || v.closes[n-1].seq != log.Len()-1 {
		c.error("the log of %s does not end with session.close", newest.Name)
	}
	return fmt.Sprintf("%d records are one chain from SHA-256(%s), tree head %s", log.Len(), profileFile, log.Whole())
}

// findCloses lists the session.close records of a log.
func findCloses(log *audit.Log) []closing {
	var closes []closing
	digest, size := sha256.New(), int64(0)
	for _, r := range log.Records() {
		line := append(r.Line(), '\n')
		digest.Write(line)
		size += int64(len(line))
		if e, ok := r.Event.(audit.SessionClose); ok {
			closes = append(closes, closing{e, r.Seq, size, [32]byte(digest.Sum(nil))})
		}
	}
	return closes
}

// checkPrefixes compares each directory's log with the newest one's beginning.
func (v *verifier) checkPrefixes(c *check) string {
	dirs := v.newest.session.Directories
	if len(dirs) != len(v.closes) {
		c.error("%d directories stand against %d session.close records", len(dirs), len(v.closes))
	}
	for i := range min(len(dirs), len(v.closes)) {
		end := v.closes[i]
		if dirs[i].Name != end.Directory {
			c.error("directory %d is %s, but session.close %d names %s", i+1, dirs[i].Name, i+1, end.Directory)
		}
		if v.newest.files[i][logFile] != (content{end.size, end.sum}) {
			c.error("%s/%s is not the first %d records of the newest log", dirs[i].Name, logFile, end.seq+1)
		}
	}
	return fmt.Sprintf("each of %d logs is the beginning of the next", len(dirs))
}

// checkFiles compares every directory with its session.close.
func (v *verifier) checkFiles(c *check) string {
	total := 0
	for i := range min(len(v.newest.files), len(v.closes)) {
		name := v.newest.session.Directories[i].Name
		left := maps.Clone(v.newest.files[i])
		delete(left, logFile)
		for _, f := range v.closes[i].Files {
			total++
			got, ok := left[f.Name]
			switch {
			case !ok:
				c.error("%s/%s is named by the log and is not there", name, f.Name)
			case got.size != f.Size || hex.EncodeToString(got.sum[:]) != f.SHA256:
				c.error("%s/%s has another length or SHA-256 than the log says", name, f.Name)
			}
			delete(left, f.Name)
		}
		for _, file := range slices.Sorted(maps.Keys(left)) {
			c.error("%s/%s is named by no record", name, file)
		}
	}
	return fmt.Sprintf("%d files are there with the length and SHA-256 on record, and no other", total)
}

// checkReplay replays the log by its rules and compares every STATE.JSON.
func (v *verifier) checkReplay(c *check) string {
	m := state.New(v.res.Log.ProfileHash())
	session := 0
	for _, r := range v.res.Log.Records() {
		if _, ok := r.Event.(audit.SessionClose); ok {
			v.compareState(c, session, m)
			session++
		}
		if err := m.Apply(r); err != nil {
			c.error("%v", err)
			return ""
		}
	}
	v.res.State = m.State()
	s := v.res.State
	return fmt.Sprintf("the log keeps the rules, and every %s is what it replays to (%d sessions, CRL number %d)", stateFile, s.Sessions, s.CRLNumber)
}

func (v *verifier) compareState(c *check, i int, m *state.Machine) {
	if i >= len(v.newest.files) {
		return // checkPrefixes has said so
	}
	want, err := m.State().Encode()
	if err != nil {
		c.error("%v", err)
		return
	}
	if v.newest.files[i][stateFile] != (content{int64(len(want)), sha256.Sum256(want)}) {
		c.error("%s/%s is not what the log replays to", v.newest.session.Directories[i].Name, stateFile)
	}
}

// checkMode compares the archive's mode with the one that the caller wants.
func (v *verifier) checkMode(c *check) string {
	genesis, ok := v.res.Log.Records()[0].Event.(audit.Genesis)
	if !ok {
		c.error("record 0 is not archive.genesis")
		return ""
	}
	if v.opts.Mode != "" && genesis.Mode != v.opts.Mode {
		c.error("this is a %s archive; %s is required", genesis.Mode, v.opts.Mode)
	}
	return fmt.Sprintf("%s, archive %s", genesis.Mode, genesis.Archive)
}

// checkHead compares the log with the head on the witnesses' sheet.
func (v *verifier) checkHead(c *check) string {
	if v.opts.Head == nil {
		return ""
	}
	if err := v.res.Log.Includes(*v.opts.Head); err != nil {
		c.error("%v", err)
	}
	return fmt.Sprintf("the log begins with the %d records of the head given", v.opts.Head.Size)
}
