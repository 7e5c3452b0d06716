package sim

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
)

func TestHSMFaultsFireOnceAtTheirFrame(t *testing.T) {
	generate := hsmObjectBytes(10, "", 1, 0, hsmP256)
	for _, tt := range []struct {
		fault    HSMFault
		err      error
		executed bool
	}{
		{HSMLoseMessage, ErrHSMNoAnswer, false},
		{HSMLoseAnswer, ErrHSMNoAnswer, true},
		{HSMUnplugBefore, ErrHSMUnplugged, false},
		{HSMUnplugAfter, ErrHSMUnplugged, true},
		{HSMHalfAnswer, nil, true},
		{HSMWrongMAC, nil, true},
	} {
		h := NewHSM(1)
		var frames []HSMFrame
		h.Trace = func(f HSMFrame) { frames = append(frames, f) }
		c := hsmLoginDefault(t, h)
		good := len(hsmMessage(hsmSessionMessage, make([]byte, 1+16+8)))
		h.FaultIn(2, tt.fault)
		c.must(hsmEcho)
		answer, err := hsmRaw(h, c.sealed(hsmGenAsymmetric, generate))
		if !errors.Is(err, tt.err) || (h.object(10, hsmAsymmetric) != nil) != tt.executed {
			t.Errorf("fault %d: %v, executed %v", tt.fault, err, !tt.executed)
		}
		if tt.fault == HSMHalfAnswer && len(answer) != good/2 {
			t.Errorf("half an answer of %d bytes has %d", good, len(answer))
		}
		last := frames[len(frames)-1]
		if last.Fault != tt.fault || last.Executed != tt.executed || last.Answered != (tt.err == nil) || last.Number != 4 {
			t.Errorf("fault %d: frame %+v", tt.fault, last)
		}
		h.Plug()
		hsmLoginDefault(t, h) // the fault is spent
	}
}

func TestHSMExpiredSessionsAndFullLogAsFaults(t *testing.T) {
	h := NewHSM(1)
	c := hsmLoginDefault(t, h)
	h.FaultIn(1, HSMExpireSessions)
	c.want(hsmInvalidSession, "expired", hsmEcho)
	c = hsmLoginDefault(t, h)
	c.audit(hsmAuditOn)
	c.forceAudit(hsmAuditOn)
	h.FaultIn(1, HSMFillLog)
	c.want(hsmLogFull, "filled", hsmObjectInfo, hsmBE(1), []byte{hsmAuthKey})
	if _, _, entries := c.log(); len(entries) != 62 {
		t.Errorf("%d entries", len(entries))
	}
}

func TestHSMUnpluggedAnswersNothingAndForgetsItsSessions(t *testing.T) {
	h := NewHSM(1)
	c := hsmLoginDefault(t, h)
	h.Unplug()
	if _, err := hsmRaw(h, []byte{hsmDeviceInfo, 0, 0}); !errors.Is(err, ErrHSMUnplugged) {
		t.Errorf("unplugged: %v", err)
	}
	h.Plug()
	h.Plug() // in its socket already
	c.want(hsmInvalidSession, "a session from before", hsmEcho)
	if _, _, entries := hsmLoginDefault(t, h).log(); len(entries) != 3 || entries[2][2] != 0 {
		t.Errorf("log %x", entries)
	}
}

func TestHSMTraceTellsTheOrderOfInnerCommands(t *testing.T) {
	h := NewHSM(1)
	var frames []HSMFrame
	h.Trace = func(f HSMFrame) { frames = append(frames, f) }
	c := hsmLoginDefault(t, h)
	c.must(hsmGenAsymmetric, hsmObjectBytes(10, "", 1, hsmCapSignECDSA, hsmP256))
	c.must(hsmSignECDSA, hsmBE(10), make([]byte, 32))
	c.want(hsmObjectNotFound, "absent", hsmSignECDSA, hsmBE(11), make([]byte, 32))
	c.must(hsmCloseSession)
	hsmRaw(h, []byte{9})
	want := []HSMFrame{
		{Number: 1, Command: hsmCreateSession, AuthKey: 1},
		{Number: 2, Command: hsmAuthSession, AuthKey: 1},
		{Number: 3, Command: hsmSessionMessage, Inner: hsmGenAsymmetric, AuthKey: 1, Target: 10},
		{Number: 4, Command: hsmSessionMessage, Inner: hsmSignECDSA, AuthKey: 1, Target: 10},
		{Number: 5, Command: hsmSessionMessage, Inner: hsmSignECDSA, AuthKey: 1, Target: 11, Result: byte(hsmObjectNotFound)},
		{Number: 6, Command: hsmSessionMessage, Inner: hsmCloseSession, AuthKey: 1},
		{Number: 7, Command: 9, Session: -1, AuthKey: hsmNobody, Result: byte(hsmWrongLength)},
	}
	if len(frames) != len(want) {
		t.Fatalf("%d frames: %+v", len(frames), frames)
	}
	for i, w := range want {
		if w.Target == 0 {
			w.Target = hsmNobody
		}
		w.Second, w.Executed, w.Answered = hsmNobody, true, true
		if frames[i] != w {
			t.Errorf("frame %d: %+v, want %+v", i, frames[i], w)
		}
	}
}

func TestHSMSavedAndLoadedIsTheSameDeviceAfterABoot(t *testing.T) {
	h := NewHSM(34332673)
	c := hsmLoginDefault(t, h)
	c.audit(hsmAuditFix)
	c.forceAudit(hsmAuditOn)
	for id, algorithm := range map[uint16]byte{10: hsmP384, 11: hsmRSA2048, 12: hsmEd25519} {
		c.must(hsmGenAsymmetric, hsmObjectBytes(id, "root", 1, hsmCapAll, algorithm))
	}
	c.must(hsmDeleteObject, hsmBE(12), []byte{hsmAsymmetric})
	public := c.must(hsmGetPublicKey, hsmBE(10))
	_, _, before := c.log()
	saved, err := h.Save()
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := LoadHSM(saved)
	if err != nil {
		t.Fatal(err)
	}
	if loaded.Serial() != 34332673 {
		t.Errorf("serial number %d", loaded.Serial())
	}
	c.hsm = loaded
	c.want(hsmInvalidSession, "a session from before", hsmEcho)
	d := hsmLoginDefault(t, loaded)
	_, _, after := d.log()
	hsmCheckChain(t, append(before[len(before)-1:], after[len(before):]...))
	if len(after) != len(before)+3 || after[len(before)][2] != 0 {
		t.Errorf("log after loading %x", after)
	}
	if got := d.must(hsmGetPublicKey, hsmBE(10)); !bytes.Equal(got, public) {
		t.Errorf("public key %x, was %x", got, public)
	}
	d.must(hsmSignPKCS1, hsmBE(11), make([]byte, 32))
	d.must(hsmSignAttestation, hsmBE(10), hsmBE(0))
	d.want(hsmInvalidData, "fixed stays fixed", hsmSetOption, []byte{hsmOptionCommandAudit, 0, 2, hsmSignECDSA, 0})
	d.must(hsmGenAsymmetric, hsmObjectBytes(12, "", 1, 0, hsmEd25519))
	if got := d.must(hsmListObjects, []byte{1, 0, 12}); got[3] != 1 {
		t.Errorf("sequence %d", got[3])
	}
}

func TestHSMLoadsNothingButADevice(t *testing.T) {
	saved, err := NewHSM(1).Save()
	if err != nil {
		t.Fatal(err)
	}
	for why, change := range map[string][2]string{
		"not JSON":          {"{", "("},
		"another format":    {`"Format": 1`, `"Format": 2`},
		"an unknown field":  {`"Serial"`, `"Cereal"`},
		"an empty object":   {`"Objects": [`, `"Objects": [null,`},
		"a short key":       {`"Secret": "`, `"Secret": "AAAA`},
		"no such type":      {`"Type": 2`, `"Type": 9`},
		"no audit options":  {`"Audit": {}`, `"Audit": null`},
		"an ID of zero":     {`"ID": 1`, `"ID": 0`},
		"a digest cut off":  {`"LogDigest": "`, `"LogDigest": "AAAA`},
		"an entry cut off":  {`"Log": [`, `"Log": ["AAAA",`},
		"a domain of none":  {`"Domains": 65535`, `"Domains": 0`},
		"too many bytes":    {`{`, strings.Repeat(" ", hsmMaxState) + `{`},
		"a label cut short": {`"Label": "`, `"Label": "AAAA`},
	} {
		damaged := strings.Replace(string(saved), change[0], change[1], 1)
		if damaged == string(saved) {
			t.Errorf("%s: nothing was changed", why)
		}
		if _, err := LoadHSM([]byte(damaged)); err == nil {
			t.Errorf("%s: loaded", why)
		}
	}
}

func FuzzHSMLoad(f *testing.F) {
	saved, err := NewHSM(1).Save()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(saved)
	f.Add([]byte("{}"))
	f.Fuzz(func(t *testing.T, in []byte) {
		h, err := LoadHSM(in)
		if err != nil {
			return
		}
		if answer, err := h.Exchange(context.Background(), []byte{hsmDeviceInfo, 0, 0}); err != nil || answer[0] != hsmDeviceInfo|hsmAnswer {
			t.Errorf("loaded device answers %x, %v", answer, err)
		}
		c, code := hsmBegin(t, h, 1, []byte(hsmDefaultSecret))
		if code == hsmOK {
			c.authenticate()
			c.do(hsmSignAttestation, hsmBE(10), hsmBE(0))
			c.do(hsmGetLog)
		}
	})
}
