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
