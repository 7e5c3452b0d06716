package archive

import (
	"encoding/hex"
	"fmt"

	"anodize/core/audit"
	"anodize/core/disc"
)

// checkEarlierDiscs makes the sessions on earlier discs again from the copies of
// their directories, and compares them with what was read back of them there: the
// same files at the same address make the same sectors.
func (v *verifier) checkEarlierDiscs(c *check) string {
	if v.disc.Marked {
		c.warn("session %s marks this disc: it takes no more sessions, and the archive goes on on another disc", v.closes[len(v.closes)-1].Directory)
	}
	if v.disc.Before == 0 {
		return ""
	}
	genesis, _ := v.res.Log.Records()[0].Event.(audit.Genesis)
	id, err := hex.DecodeString(genesis.Archive)
	if err != nil || len(id) != len(disc.Volume{}.Archive) {
		return "" // checkVolumes has said so
	}
	same := 0
	for _, r := range v.res.Log.Records()[:v.disc.Since] {
		e, ok := r.Event.(audit.SessionVerified)
		n := v.closed(e.Directory)
		if !ok || n < 0 || n >= v.disc.Before || n >= len(v.newest.session.Directories) {
			continue
		}
		at, _, err := audit.ParseDirectory(e.Directory)
		if err != nil {
			c.error("record %d: %v", r.Seq, err)
			continue
		}
		same++
		compareReadBack(c, fmt.Sprintf("session %d, made again,", n+1), &disc.Session{
			Volume:  disc.Volume{Archive: [32]byte(id), Mode: genesis.Mode, Number: n + 1, Time: at},
			Address: e.Address, Blocks: e.Blocks, Directories: v.newest.session.Directories[:n+1],
		}, e)
	}
	return fmt.Sprintf("record %d carried %d sessions to this disc; %d of them, made again from their copies, are what was read back there", v.disc.Since, v.disc.Before, same)
}

// closed is which session, from 0, the log closes under a name; -1 if none.
func (v *verifier) closed(directory string) int {
	for i, end := range v.closes {
		if end.Directory == directory {
			return i
		}
	}
	return -1
}
