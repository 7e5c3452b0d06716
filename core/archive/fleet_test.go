package archive_test

import (
	"testing"

	"anodize/core/archive"
	"anodize/core/archive/archivetest"
	"anodize/core/audit"
)

// signCSR signs while the HSM also does what a command says.
func signCSR(b *archivetest.Builder, besides byte) {
	b.Open()
	file, cert := b.IntendCSR()
	b.Unlock()
	b.Device(besides)
	b.Device(0x56)
	b.Issued("intermediate", file, cert)
	b.End("sign-csr", file)
}

func TestAKeyGivenAwayOutsideABackupIsAnError(t *testing.T) {
	b := archivetest.Whole(t, "rehearsal", 0, 0)
	signCSR(b, 0x4a)
	r := verify(b.Image, archive.Options{})
	if !found(r, archive.Error, "hsm log") {
		t.Errorf("findings %v", r.Findings)
	}
}

// A second copy of the key may have gone anywhere: whoever holds the PIN can open it.
func TestTheKeyIsGivenAwayAsOftenAsABackupSays(t *testing.T) {
	done := audit.CeremonyEnd{Operation: "key-backup", Outcome: "done"}
	stopped := audit.CeremonyEnd{Operation: "key-backup", Outcome: "stopped", Words: "the power failed"}
	for name, c := range map[string]struct {
		logged, said int
		end          audit.CeremonyEnd
		level        archive.Level
	}{
		"once":                                    {1, 1, done, archive.Pass},
		"twice, an answer was lost":               {2, 2, done, archive.Pass},
		"once, the lost one was never made":       {1, 2, done, archive.Pass},
		"not at all, it was there already":        {0, 0, done, archive.Pass},
		"once more than the ceremony says":        {2, 1, done, archive.Error},
		"and the ceremony says nothing of it":     {1, 0, done, archive.Error},
		"once more, and the ceremony stopped":     {2, 1, stopped, archive.Warn},
		"and the ceremony stopped before it said": {1, 0, stopped, archive.Warn},
	} {
		t.Run(name, func(t *testing.T) {
			b := archivetest.Whole(t, "rehearsal", 0, 0)
			b.OpenBackup()
			for range c.logged {
				b.Device(0x4a)
			}
			b.CopyKey(c.said)
			b.EndWith(c.end)
			r := verify(b.Image, archive.Options{})
			for _, level := range []archive.Level{archive.Warn, archive.Error} {
				if found(r, level, "hsm log") != (level == c.level) {
					t.Errorf("findings %v", r.Findings)
				}
			}
		})
	}
}

func TestACommandThatNoCeremonyIsForIsAnError(t *testing.T) {
	for name, command := range map[string]byte{
		"the PIN was changed outside a rekey": 0x6c, "an authentication key was put after the bootstrap": 0x44,
		"a wrap key was put outside a backup": 0x4c, "the key went out under RSA in a way that no backup uses": 0x74,
		"another key was made": 0x46, "options were set": 0x4f, "something was deleted": 0x58, "a key was imported": 0x4b,
	} {
		t.Run(name, func(t *testing.T) {
			b := archivetest.Whole(t, "rehearsal", 0, 0)
			signCSR(b, command)
			if r := verify(b.Image, archive.Options{}); !found(r, archive.Error, "hsm log") {
				t.Errorf("findings %v", r.Findings)
			}
		})
	}
}

func TestASignatureByAnotherKeyOfTheHSMIsAnError(t *testing.T) {
	b := archivetest.Whole(t, "rehearsal", 0, 0)
	b.Open()
	file, cert := b.IntendCSR()
	b.Unlock()
	b.DeviceWith(0x56, 2)
	b.Issued("intermediate", file, cert)
	b.End("sign-csr", file)
	if r := verify(b.Image, archive.Options{}); !found(r, archive.Error, "hsm log") {
		t.Errorf("findings %v", r.Findings)
	}
}

func TestASignatureOfOneHSMExcusesNoOther(t *testing.T) {
	b := archivetest.Whole(t, "rehearsal", 0, 0)
	b.Backup()
	b.Open() // a ceremony on the first HSM that stopped, whose signature was lost
	b.IntendCSR()
	b.Verified()
	b.Device(0x56)
	b.Add(audit.IntentAbandoned{Directory: b.LastBurn.Directory, Explanation: "power failed"})
	b.Burn(audit.RecordSession)
	b.Rekey() // reads its log
	if r := verify(b.Image, archive.Options{}); !found(r, archive.Warn, "hsm log") || found(r, archive.Error, "hsm log") {
		t.Errorf("the lost signature: %v", r.Findings)
	}
	b = archivetest.Whole(t, "rehearsal", 0, 0)
	b.Backup()
	b.Open()
	b.IntendCSR()
	b.Verified()
	b.SecondDevice(0x56) // the second HSM signed what nobody asked for
	b.Add(audit.IntentAbandoned{Directory: b.LastBurn.Directory, Explanation: "power failed"})
	b.Burn(audit.RecordSession)
	b.Rekey()
	b.Update()
	if r := verify(b.Image, archive.Options{}); !found(r, archive.Error, "hsm log") {
		t.Errorf("the second HSM's signature: %v", r.Findings)
	}
}
