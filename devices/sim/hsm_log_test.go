package sim

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// hsmAudit turns command audit on for the commands given, or for all that a
// careful owner audits: everything but what would lock the log.
func (c *hsmClient) audit(value byte, list ...byte) {
	c.t.Helper()
	if len(list) == 0 {
		for _, command := range hsmAuditable {
			if command != hsmEcho && command != hsmSessionMessage && command != hsmDeviceInfo && command != hsmGetLog {
				list = append(list, command)
			}
		}
	}
	var pairs []byte
	for _, command := range list {
		pairs = append(pairs, command, value)
	}
	c.must(hsmSetOption, []byte{hsmOptionCommandAudit}, hsmBE(uint16(len(pairs))), pairs)
}

func (c *hsmClient) forceAudit(value byte) {
	c.t.Helper()
	c.must(hsmSetOption, []byte{hsmOptionForceAudit, 0, 1, value})
}

// log reads the log and checks its form and chain.
func (c *hsmClient) log() (boots, auths uint16, entries [][]byte) {
	c.t.Helper()
	out := c.must(hsmGetLog)
	boots, auths = binary.BigEndian.Uint16(out), binary.BigEndian.Uint16(out[2:])
	for e := range slices.Chunk(out[5:], 32) {
		entries = append(entries, e)
	}
	if len(entries) != int(out[4]) {
		c.t.Fatalf("%d entries announced, %d there", out[4], len(entries))
	}
	hsmCheckChain(c.t, entries)
	return boots, auths, entries
}

func hsmCheckChain(t interface{ Fatalf(string, ...any) }, entries [][]byte) {
	for i := 1; i < len(entries); i++ {
		digest := sha256.Sum256(append(bytes.Clone(entries[i][:16]), entries[i-1][16:]...))
		if !bytes.Equal(digest[:16], entries[i][16:]) {
			t.Fatalf("entry %x does not follow %x", entries[i], entries[i-1])
		}
		if binary.BigEndian.Uint16(entries[i]) != binary.BigEndian.Uint16(entries[i-1])+1 {
			t.Fatalf("entry %x is not numbered after %x", entries[i], entries[i-1])
		}
	}
}

// The entries are those that a real device printed after a factory reset
// (gist.github.com/karalabe/fb7ac43f3899f511b5547279c036bf4e); only the first
// digest is taken from it, the rest must follow.
func TestHSMLogChainsAsARecordedDeviceDoes(t *testing.T) {
	h := NewHSM(1)
	h.state.Log, h.state.LogNumber = nil, 1
	h.state.LogDigest = hsmUnhex(t, "33012657537e4842f57fa6ed3b09b25b")
	h.logBoot()
	h.logAppend(hsmSetOption, 5, 1, hsmNobody, hsmNobody, hsmSetOption|hsmAnswer, 1987)
	for i, want := range []string{
		"0002 00 0000 ffff 0000 0000 00 00000000 fc153091560e18bca82621522c85bdba",
		"0003 4f 0005 0001 ffff ffff cf 000007c3 3d9380a76ae41826d90daa44c1085a62",
	} {
		if !bytes.Equal(h.state.Log[i], hsmUnhex(t, want)) {
			t.Errorf("entry %x, the device has %s", h.state.Log[i], want)
		}
	}
}

func TestHSMLogBeginsWithTheResetAndTheBoot(t *testing.T) {
	_, _, entries := hsmLoginDefault(t, NewHSM(1)).log()
	if len(entries) != 2 || !bytes.Equal(entries[0][:16], append([]byte{0, 1}, bytes.Repeat([]byte{0xff}, 14)...)) ||
		!bytes.Equal(entries[1][:16], hsmUnhex(t, "0002 00 0000 ffff 0000 0000 00 00000000")) {
		t.Errorf("log %x", entries)
	}
}

// python-yubihsm's tests/device/test_logs.py finds these four entries after a
// reset, on firmware that audits from the factory.
func TestHSMOldFirmwareAuditsFromTheFactory(t *testing.T) {
	_, _, entries := hsmLoginDefault(t, NewHSM(1, WithHSMFirmware(2, 2, 0))).log()
	if len(entries) != 4 || entries[2][2] != hsmCreateSession || entries[3][2] != hsmAuthSession {
		t.Errorf("log %x", entries)
	}
}

// The fields are those of the entries that other owners have published for
// these commands (session open, put authkey, delete, set log index).
func TestHSMLogEntryNamesKeyTargetsAndResult(t *testing.T) {
	clock := &hsmHandClock{time.Unix(1e9, 0)}
	h := NewHSM(1, WithHSMClock(clock.time))
	c := hsmLoginDefault(t, h)
	c.audit(hsmAuditOn)
	clock.now = clock.now.Add(5 * time.Second)
	c = hsmLoginDefault(t, h)
	c.newAuthKey(2, 1, 0, 0).must(hsmCloseSession)
	c.must(hsmDeleteObject, hsmBE(2), []byte{hsmAuthKey})
	c.must(hsmGenAsymmetric, hsmObjectBytes(10, "", 1, hsmCapExportable, hsmP256))
	c.must(hsmGenWrapKey, hsmObjectBytes(11, "", 1, hsmCapExportWrapped, hsmAES128CCM), hsmCapBytes(hsmCapAll))
	c.must(hsmExportWrapped, hsmBE(11), []byte{hsmAsymmetric}, hsmBE(10))
	c.must(hsmSignAttestation, hsmBE(10), hsmBE(0))
	c.want(hsmNotPermitted, "no capability", hsmSignECDSA, hsmBE(10), make([]byte, 32))
	c.must(hsmEcho, []byte("not audited"))
	_, _, entries := c.log()
	want := []string{
		"4f 007d 0001 ffff ffff cf 00000000",
		"03 000a ffff 0001 ffff 83 000001f4",
		"04 0011 ffff 0001 ffff 84 000001f4",
		"44 005d 0001 0002 ffff c4 000001f4",
		"03 000a ffff 0002 ffff 83 000001f4",
		"04 0011 ffff 0002 ffff 84 000001f4",
		"40 0000 0002 ffff ffff c0 000001f4",
		"58 0003 0001 0002 ffff d8 000001f4",
		"46 0035 0001 000a ffff c6 000001f4",
		"5b 003d 0001 000b ffff db 000001f4",
		"4a 0005 0001 000b 000a ca 000001f4",
		"64 0004 0001 000a 0000 e4 000001f4",
		"56 0022 0001 000a ffff 09 000001f4",
	}
	if len(entries) != 2+len(want) {
		t.Fatalf("%d entries: %x", len(entries), entries)
	}
	for i, w := range want {
		if got := entries[2+i][2:16]; !bytes.Equal(got, hsmUnhex(t, w)) {
			t.Errorf("entry %d: %x, want %s", i, got, w)
		}
	}
}

func TestHSMLogForgetsTheOldestUnlessForced(t *testing.T) {
	c := hsmLoginDefault(t, NewHSM(1))
	c.audit(hsmAuditOn)
	for range 100 {
		c.must(hsmObjectInfo, hsmBE(1), []byte{hsmAuthKey})
	}
	if _, _, entries := c.log(); len(entries) != 62 || binary.BigEndian.Uint16(entries[61]) != 2+1+100 {
		t.Errorf("%d entries, the last %x", len(entries), entries[61])
	}
}

func TestHSMForceAuditRefusesWhatItCannotLog(t *testing.T) {
	h := NewHSM(1)
	c := hsmLoginDefault(t, h)
	c.audit(hsmAuditFix)
	c.forceAudit(hsmAuditFix)
	var code hsmCode
	done := 0
	for ; code == hsmOK && done < 100; done++ {
		_, code = c.do(hsmObjectInfo, hsmBE(1), []byte{hsmAuthKey})
	}
	if code != hsmLogFull || done != 62-2-2+1 {
		t.Fatalf("error %#x after %d commands", code, done)
	}
	if answer, _ := hsmRaw(h, []byte{hsmDeviceInfo, 0, 0}); answer[3+8] != 62 {
		t.Errorf("device info says %d entries are used", answer[3+8])
	}
	c.want(hsmLogFull, "sign", hsmSignECDSA, hsmBE(1), make([]byte, 32))
	c.want(hsmLogFull, "close", hsmCloseSession)
	c.want(hsmLogFull, "reset", hsmReset)
	c.must(hsmEcho, []byte("not audited"))

	hsmLoginDefault(t, h) // always allowed, and counted
	hsmLoginDefault(t, h)
	h.Unplug()
	h.Plug()
	c = hsmLoginDefault(t, h)
	boots, auths, entries := c.log()
	if boots != 1 || auths != 3 || len(entries) != 62 {
		t.Errorf("%d boots, %d authentications unlogged, %d entries", boots, auths, len(entries))
	}
	c.must(hsmSetLogIndex, entries[60][:2])
	boots, auths, after := c.log()
	if boots != 0 || auths != 0 || len(after) != 2 || after[1][2] != hsmSetLogIndex {
		t.Errorf("%d boots, %d authentications, log %x", boots, auths, after)
	}
	hsmCheckChain(t, [][]byte{entries[61], after[1]})
	c.must(hsmObjectInfo, hsmBE(1), []byte{hsmAuthKey})
}

func TestHSMForcedAuditOfItsOwnChannelLocksTheLog(t *testing.T) {
	for _, command := range []byte{hsmSessionMessage, hsmGetLog} {
		h := NewHSM(1)
		c := hsmLoginDefault(t, h)
		c.audit(hsmAuditOn, command)
		c.forceAudit(hsmAuditOn)
		h.FaultIn(1, HSMFillLog)
		c.want(hsmLogFull, "reading a full log that must note its reading", hsmGetLog)
	}
}

func TestHSMSetLogIndexNamesAnEntryThatIsThere(t *testing.T) {
	c := hsmLoginDefault(t, NewHSM(1))
	c.want(hsmInvalidData, "not yet written", hsmSetLogIndex, hsmBE(3))
	c.must(hsmSetLogIndex, hsmBE(2))
	c.want(hsmInvalidData, "already forgotten", hsmSetLogIndex, hsmBE(1))
	if _, _, entries := c.log(); len(entries) != 0 {
		t.Errorf("log %x", entries)
	}
}

func TestHSMOptions(t *testing.T) {
	c := hsmLoginDefault(t, NewHSM(1))
	set := func(why string, want hsmCode, tlv ...byte) {
		t.Helper()
		c.want(want, why, hsmSetOption, tlv)
	}
	set("on", hsmOK, 1, 0, 1, 1)
	set("off again", hsmOK, 1, 0, 1, 0)
	set("no such value", hsmInvalidData, 1, 0, 1, 3)
	set("fixed", hsmOK, 1, 0, 1, 2)
	set("fixed stays", hsmInvalidData, 1, 0, 1, 0)
	set("fixed may be fixed again", hsmOK, 1, 0, 1, 2)
	set("two bytes", hsmWrongLength, 1, 0, 2, 1, 1)
	set("length that lies", hsmWrongLength, 1, 0, 2, 1)
	set("no such option", hsmInvalidData, 9, 0, 1, 1)
	set("half a pair", hsmWrongLength, 3, 0, 1, 0x56)
	set("no pairs", hsmWrongLength, 3, 0, 0)
	set("fixed command", hsmOK, 3, 0, 2, 0x56, 2)
	set("one wrong pair", hsmInvalidData, 3, 0, 4, 0x46, 2, 0x56, 1)
	set("unknown command", hsmInvalidData, 3, 0, 2, 0x99, 1)
	got := c.must(hsmGetOption, []byte{3})
	if len(got) != 2*len(hsmAuditable) || !bytes.Contains(got, []byte{0x56, 2}) || !bytes.Contains(got, []byte{0x46, 0}) {
		t.Errorf("command audit %x", got)
	}
	c.want(hsmInvalidData, "no such option", hsmGetOption, []byte{9})
}

func TestHSMLogIsOneChainWhateverHappens(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		h := NewHSM(1)
		c := hsmLoginDefault(t, h)
		c.audit(hsmAuditOn)
		if rapid.Bool().Draw(rt, "forced") {
			c.forceAudit(hsmAuditOn)
		}
		_, _, seen := c.log()
		for range rapid.IntRange(1, 80).Draw(rt, "steps") {
			switch rapid.IntRange(0, 4).Draw(rt, "step") {
			case 0:
				h.Unplug()
				h.Plug()
				c = hsmLoginDefault(t, h)
			case 1:
				_, _, entries := c.log()
				seen = hsmJoin(rt, seen, entries)
				c.must(hsmSetLogIndex, entries[rapid.IntRange(0, len(entries)-1).Draw(rt, "read up to")][:2])
			default:
				c.do(hsmObjectInfo, hsmBE(1), []byte{hsmAuthKey})
			}
			_, _, entries := c.log()
			seen = hsmJoin(rt, seen, entries)
		}
	})
}

// hsmJoin appends the entries that were not seen before and checks that all are one chain.
func hsmJoin(t *rapid.T, seen, entries [][]byte) [][]byte {
	for _, e := range entries {
		if binary.BigEndian.Uint16(e) > binary.BigEndian.Uint16(seen[len(seen)-1]) {
			seen = append(seen, e)
		}
	}
	hsmCheckChain(t, seen)
	return seen
}
