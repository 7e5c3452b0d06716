package ceremony

import (
	"anodize/core/audit"
	"anodize/core/state"
)

// certain says what became of the HSMs and the shares in a ceremony that stopped.
func (in *intended) certain() []string {
	if in == nil {
		return []string{"The HSM was not opened."}
	}
	var told []string
	opened, committed := false, false
	for _, r := range in.record.Records()[in.log.Len():] {
		switch e := r.Event.(type) {
		case audit.SharesCommitted:
			committed = true
		case audit.HSMBootstrapped:
			opened = true
			told = append(told, in.madeReady(e.HSM.Serial))
		case audit.HSMLogin:
			opened = true
		case audit.KeyCopied:
			told = append(told, "HSM "+e.To+" holds a copy of the key.")
		case audit.CertificateIssued:
			told = append(told, "The key has signed "+e.File+". It stands on the disc as far as the sessions above hold it.")
		case audit.CRLIssued:
			told = append(told, "The key has signed "+e.File+".")
		}
	}
	switch in.event.(type) {
	case audit.IntentInitRoot:
		if !opened {
			told = append(told, "Cards that were written in this ceremony open nothing: destroy them.")
		}
	case audit.IntentRekeyShares:
		if !committed {
			return append(told, "The PIN was not changed in any HSM: the cards so far are as good as before.", "Cards that were written in this ceremony open nothing: destroy them.")
		}
		return append(told, in.whichCards()...)
	case audit.IntentUpdateHSM:
		return append(told, in.whichCards()...)
	}
	if !opened {
		told = append(told, "The HSM was not changed, and its key was not used.")
	}
	return told
}

// madeReady says what an HSM is that was reset in a ceremony that stopped.
func (in *intended) madeReady(serial string) string {
	if _, ok := in.event.(audit.IntentKeyBackup); ok {
		return "HSM " + serial + " was reset and opens to the same cards. It is not of the fleet, whether or not the key is in it: begin the backup to it again, or reset it by hand."
	}
	return "HSM " + serial + " was reset and opens to the new shares alone."
}

// whichCards says which cards open each HSM of the fleet.
func (in *intended) whichCards() []string {
	s, err := state.Replay(in.record)
	if err != nil {
		return []string{"Which cards open which HSM is not known: keep all of them."}
	}
	var told []string
	for _, d := range s.HSMFleet {
		which := "HSM " + d.Serial + " " + opensTo(d)
		if len(d.Generations) > 1 {
			which += ": keep them all until it was opened"
		}
		told = append(told, which+".")
	}
	return told
}
