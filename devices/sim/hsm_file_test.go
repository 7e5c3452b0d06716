package sim

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func hsmOpenFile(t *testing.T, path string, serial uint32) *HSM {
	t.Helper()
	h, err := OpenHSM(path, serial)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestHSMInAFileSurvivesItsProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hsm.json")
	c := hsmLoginDefault(t, hsmOpenFile(t, path, 7))
	c.must(hsmGenAsymmetric, hsmObjectBytes(10, "root", 1, hsmCapSignECDSA, hsmP384))
	c.audit(hsmAuditFix)
	c.forceAudit(hsmAuditFix)
	public := c.must(hsmGetPublicKey, hsmBE(10))
	_, _, before := c.log()

	h := hsmOpenFile(t, path, 7) // as another process, with no word to the first
	c.hsm = h
	c.want(hsmInvalidSession, "a session of before", hsmEcho)
	d := hsmLoginDefault(t, h)
	if got := d.must(hsmGetPublicKey, hsmBE(10)); !bytes.Equal(got, public) {
		t.Errorf("public key %x, was %x", got, public)
	}
	_, _, after := d.log()
	hsmCheckChain(t, append(before[len(before)-1:], after[len(before):]...))
	if after[len(before)][2] != 0 {
		t.Errorf("no boot is in the log: %x", after[len(before)])
	}
}

func TestHSMInAFileCountsTheBootsThatItCannotLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hsm.json")
	h := hsmOpenFile(t, path, 7)
	c := hsmLoginDefault(t, h)
	c.audit(hsmAuditFix, hsmCreateSession, hsmAuthSession, hsmGenAsymmetric)
	c.forceAudit(hsmAuditFix)
	h.FaultIn(1, HSMFillLog)
	c.must(hsmEcho)
	for range 3 {
		h = hsmOpenFile(t, path, 7)
		h.Unplug()
		h.Plug() // a power cycle of its own
		hsmLoginDefault(t, h)
	}
	boots, auths, entries := hsmLoginDefault(t, h).log()
	if boots != 6 || auths != 4 || len(entries) != hsmLogSize {
		t.Errorf("%d boots and %d sessions were not logged; %d entries", boots, auths, len(entries))
	}
}

func TestHSMFileIsItsDevicesOwn(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "hsm.json")
	hsmOpenFile(t, path, 7)
	if _, err := OpenHSM(path, 8); err == nil {
		t.Error("another serial number was taken")
	}
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenHSM(path, 7); err == nil {
		t.Error("a damaged file was taken")
	}
	if _, err := OpenHSM(filepath.Join(dir, "missing", "hsm.json"), 7); err == nil {
		t.Error("a file that cannot be written was taken")
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("others may read it: %v, %v", info.Mode(), err)
	}
}

// A device whose state could not be kept has not done what was asked: the host
// sees no answer, and after the next start nothing of it is there.
func TestHSMThatCannotKeepItsStateDidNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "hsm.json")
	h := hsmOpenFile(t, path, 7)
	c := hsmLoginDefault(t, h)
	if err := os.Rename(dir, dir+".away"); err != nil {
		t.Fatal(err)
	}
	if answer, err := hsmRaw(h, c.sealed(hsmGenAsymmetric, hsmObjectBytes(10, "", 1, 0, hsmP256))); err == nil {
		t.Errorf("answered %x", answer)
	}
	if err := os.Rename(dir+".away", dir); err != nil {
		t.Fatal(err)
	}
	if got := hsmLoginDefault(t, hsmOpenFile(t, path, 7)).must(hsmListObjects, []byte{2, hsmAsymmetric}); len(got) != 0 {
		t.Errorf("a key is there: %x", got)
	}
}

func TestHSMFullStoreAsAFault(t *testing.T) {
	h := NewHSM(1)
	c := hsmLoginDefault(t, h)
	h.FaultIn(1, HSMFillStore)
	c.want(hsmStorageFailed, "a full store", hsmGenAsymmetric, hsmObjectBytes(10, "", 1, 0, hsmP256))
	c.must(hsmGenAsymmetric, hsmObjectBytes(10, "", 1, 0, hsmP256))
}
