package sim

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/certusone/yubihsm-go/commands"
	"pgregory.net/rapid"
)

func hsmParse[T any](t testing.TB, command byte, data []byte) *T {
	t.Helper()
	parsed, err := commands.ParseResponse(hsmMessage(command|hsmAnswer, data))
	if err != nil {
		t.Fatal(err)
	}
	return parsed.(*T)
}

func TestHSMDeviceInfoIsWhatAForeignParserReads(t *testing.T) {
	answer, err := hsmRaw(NewHSM(34332673), []byte{hsmDeviceInfo, 0, 0})
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := commands.ParseResponse(answer)
	if err != nil {
		t.Fatal(err)
	}
	info := parsed.(*commands.DeviceInfoResponse)
	if info.SerialNumber != 34332673 || info.MajorVersion != 2 || info.MinorVersion != 4 || info.BuildVersion != 1 ||
		info.LogTotal != 62 || info.LogUsed != 2 || !bytes.Contains(answer[12:], []byte{byte(commands.AlgorithmP384)}) {
		t.Errorf("%+v", info)
	}
}

// The values are those that Yubico's own tests of a device expect after a
// reset (python-yubihsm, tests/device/test_reset.py).
func TestHSMFactoryFreshHoldsTheDefaultKeyAlone(t *testing.T) {
	c := hsmLoginDefault(t, NewHSM(1))
	if got := c.must(hsmListObjects); !bytes.Equal(got, []byte{0, 1, 2, 0}) {
		t.Fatalf("objects %x", got)
	}
	info := hsmParse[commands.ObjectInfoResponse](t, hsmObjectInfo, c.must(hsmObjectInfo, hsmBE(1), []byte{2}))
	if info.ObjectID != 1 || info.Length != 40 || info.Domains != 0xffff || info.Type != 2 || info.Algorithm != 38 ||
		info.Sequence != 0 || info.Origin != 2 || info.Capabilities != info.DelegatedCapabilites ||
		string(bytes.TrimRight(info.Label[:], "\x00")) != "DEFAULT AUTHKEY CHANGE THIS ASAP" {
		t.Errorf("%+v", info)
	}
	const known = 0x00007fffffffffff // every capability of yubihsm.h 2.1
	if info.Capabilities&known != known {
		t.Errorf("capabilities %x", info.Capabilities)
	}
	storage := c.must(hsmStorageInfo)
	for i, want := range []uint16{256, 255, 1024, 1023, 126} { // as the reference's own example prints
		if got := binary.BigEndian.Uint16(storage[2*i:]); got != want {
			t.Errorf("storage field %d is %d, want %d", i, got, want)
		}
	}
}

func TestHSMCommandsBuiltByForeignSoftwareAreUnderstood(t *testing.T) {
	c := hsmLoginDefault(t, NewHSM(1))
	ok := func(command *commands.CommandMessage, err error) []byte {
		t.Helper()
		out, code := c.built(command, err)
		if code != hsmOK {
			t.Fatalf("command %#x: error %#x", command.CommandType, code)
		}
		return out
	}
	all := commands.CapabilityAsymmetricSignEcdsa | commands.CapabilityExportableUnderWrap
	ok(commands.CreateGenerateAsymmetricKeyCommand(2, []byte("root"), 1, all, commands.AlgorithmP384))
	ok(commands.CreateGetPubKeyCommand(2))
	ok(commands.CreateSignDataEcdsaCommand(2, make([]byte, 48)))
	ok(commands.CreatePutWrapkeyCommand(3, []byte("wrap"), 1, commands.CapabilityExportWrapped|commands.CapabilityImportWrapped,
		commands.AlgorithmAES256CCMWrap, all, make([]byte, 32)))
	wrapped := ok(commands.CreateExportWrappedCommand(3, commands.ObjectTypeAsymmetricKey, 2))
	ok(commands.CreateDeleteObjectCommand(2, commands.ObjectTypeAsymmetricKey))
	back := hsmParse[commands.ImportWrappedResponse](t, hsmImportWrapped, ok(commands.CreateImportWrappedCommand(3, wrapped[:13], wrapped[13:])))
	if back.ObjectID != 2 || back.ObjectType != commands.ObjectTypeAsymmetricKey {
		t.Errorf("imported %+v", back)
	}
	ok(commands.CreatePutOpaqueCommand(4, []byte("note"), 1, 0, commands.AlgorithmOpaqueData, []byte("data")))
	if got := ok(commands.CreateGetOpaqueCommand(4)); string(got) != "data" {
		t.Errorf("opaque object %q", got)
	}
	ok(commands.CreateSignAttestationCertCommand(2, 0))
	ok(commands.CreatePutDerivedAuthenticationKeyCommand(5, []byte("auth"), 1, 0, 0, "secret"))
	ok(commands.CreateChangeAuthenticationKeyCommand(1, "changed"))
	if got := ok(commands.CreateGetPseudoRandomCommand(32), nil); len(got) != 32 {
		t.Errorf("%d random bytes", len(got))
	}
	label, _ := commands.NewLabelOption([]byte("note"))
	list := hsmParse[commands.ListObjectsResponse](t, hsmListObjects, ok(commands.CreateListObjectsCommand(label, commands.NewObjectTypeOption(1))))
	if len(list.Objects) != 1 || list.Objects[0].ObjectID != 4 {
		t.Errorf("listed %+v", list)
	}
	ok(commands.CreateResetCommand())
}

func TestHSMNewObjectsStayWithinWhatWasDelegated(t *testing.T) {
	c := hsmLoginDefault(t, NewHSM(1))
	maker := hsmCapGenAsymmetric | hsmCapPutAuthKey | hsmCapPutWrapKey | hsmCapPutOpaque
	m := c.newAuthKey(2, 0x0003, maker, hsmCapSignECDSA|hsmCapGetLog)
	key := bytes.Repeat([]byte{9}, 32)
	for _, tt := range []struct {
		why     string
		want    hsmCode
		command byte
		data    []byte
	}{
		{"a delegated capability", hsmOK, hsmGenAsymmetric, hsmObjectBytes(10, "", 1, hsmCapSignECDSA, hsmP256)},
		{"its own but not delegated", hsmNotPermitted, hsmGenAsymmetric, hsmObjectBytes(11, "", 1, hsmCapGenAsymmetric, hsmP256)},
		{"a domain beyond its own", hsmNotPermitted, hsmGenAsymmetric, hsmObjectBytes(11, "", 7, hsmCapSignECDSA, hsmP256)},
		{"no domain", hsmInvalidData, hsmGenAsymmetric, hsmObjectBytes(11, "", 0, hsmCapSignECDSA, hsmP256)},
		{"an ID that is taken", hsmObjectExists, hsmGenAsymmetric, hsmObjectBytes(10, "", 1, hsmCapSignECDSA, hsmP256)},
		{"the same ID for another type", hsmOK, hsmPutOpaque, append(hsmObjectBytes(10, "", 1, 0, hsmOpaqueAny), 'x')},
		{"an ID that means nobody", hsmInvalidID, hsmGenAsymmetric, hsmObjectBytes(0xffff, "", 1, hsmCapSignECDSA, hsmP256)},
		{"an unknown algorithm", hsmInvalidData, hsmGenAsymmetric, hsmObjectBytes(11, "", 1, hsmCapSignECDSA, 99)},
		{"a byte too many", hsmWrongLength, hsmGenAsymmetric, append(hsmObjectBytes(11, "", 1, hsmCapSignECDSA, hsmP256), 0)},
		{"an authentication key", hsmOK, hsmPutAuthKey, bytes.Join([][]byte{hsmObjectBytes(3, "", 1, hsmCapGetLog, hsmAuthAES), hsmCapBytes(hsmCapSignECDSA), key}, nil)},
		{"one that could delegate more", hsmNotPermitted, hsmPutAuthKey, bytes.Join([][]byte{hsmObjectBytes(4, "", 1, 0, hsmAuthAES), hsmCapBytes(hsmCapSignPSS), key}, nil)},
		{"one that could do more", hsmNotPermitted, hsmPutAuthKey, bytes.Join([][]byte{hsmObjectBytes(4, "", 1, hsmCapReset, hsmAuthAES), hsmCapBytes(0), key}, nil)},
		{"a wrap key that could let more in", hsmNotPermitted, hsmPutWrapKey, bytes.Join([][]byte{hsmObjectBytes(4, "", 1, 0, hsmAES256CCM), hsmCapBytes(hsmCapAll), key}, nil)},
		{"a wrap key of the wrong size", hsmWrongLength, hsmPutWrapKey, bytes.Join([][]byte{hsmObjectBytes(4, "", 1, 0, hsmAES128CCM), hsmCapBytes(0), key}, nil)},
		{"a command it may not give", hsmNotPermitted, hsmReset, nil},
	} {
		m.want(tt.want, tt.why, tt.command, tt.data)
	}
}

// The capabilities are the numbers that yubihsm-go has for them, apart from the
// device's own table.
func TestHSMEveryCapabilityGuardsItsCommand(t *testing.T) {
	needs := map[byte]uint64{
		hsmReset: commands.CapabilityReset, hsmPutOpaque: commands.CapabilityPutOpaque, hsmGetOpaque: commands.CapabilityGetOpaque,
		hsmPutAuthKey: commands.CapabilityPutAuthenticationKey, hsmPutAsymmetric: commands.CapabilityPutAsymmetric,
		hsmGenAsymmetric: commands.CapabilityAsymmetricGen, hsmSignPKCS1: commands.CapabilityAsymmetricSignPkcs,
		hsmSignPSS: commands.CapabilityAsymmetricSignPss, hsmSignECDSA: commands.CapabilityAsymmetricSignEcdsa,
		hsmSignEdDSA: commands.CapabilityAsymmetricSignEddsa, hsmExportWrapped: commands.CapabilityExportWrapped,
		hsmImportWrapped: commands.CapabilityImportWrapped, hsmPutWrapKey: commands.CapabilityPutWrapKey,
		hsmGenWrapKey: commands.CapabilityGenerateWrapKey, hsmSetOption: commands.CapabilityPutOption,
		hsmGetOption: commands.CapabilityGetOption, hsmPseudoRandom: commands.CapabilityGetRandomness,
		hsmGetLog: commands.CapabilityAudit, hsmSetLogIndex: commands.CapabilityAudit,
		hsmGetRSAWrapped: commands.CapabilityExportWrapped, hsmExportRSA: commands.CapabilityExportWrapped,
		hsmPutRSAWrapped: commands.CapabilityImportWrapped, hsmImportRSA: commands.CapabilityImportWrapped,
		hsmPutPublicWrap:   1 << 54, // put-public-wrap-key, which yubihsm-go does not name
		hsmSignAttestation: commands.CapabilityAttest, hsmChangeAuthKey: commands.CapabilityChangeAuthenticationKey,
	}
	c := hsmLoginDefault(t, NewHSM(1))
	none := c.newAuthKey(100, 1, 0, 0)
	for command, entry := range hsmCommands {
		data := make([]byte, entry.length)
		if _, code := none.do(command, data); (code == hsmNotPermitted) != (needs[command] != 0) && command != hsmCloseSession && command != hsmDeleteObject {
			t.Errorf("command %#x without capabilities: %#x", command, code)
		}
		if command == hsmCloseSession {
			none = hsmLogin(t, c.hsm, 100, bytes.Repeat([]byte{100}, 32))
		}
	}
	id := uint16(101)
	for command, need := range needs {
		if command == hsmReset {
			continue
		}
		able := c.newAuthKey(id, 1, hsmCaps(need), 0)
		id++
		if _, code := able.do(command, make([]byte, hsmCommands[command].length)); code == hsmNotPermitted {
			t.Errorf("command %#x with capability %#x is still not permitted", command, need)
		}
		able.must(hsmCloseSession)
	}
}

func TestHSMObjectsOfOtherDomainsDoNotExist(t *testing.T) {
	c := hsmLoginDefault(t, NewHSM(1))
	c.must(hsmGenAsymmetric, hsmObjectBytes(10, "", 4, hsmCapSignECDSA, hsmP256))
	other := c.newAuthKey(2, 2, hsmCapSignECDSA|hsmCapDelAsymmetric|hsmCapAttest, 0)
	other.want(hsmObjectNotFound, "sign", hsmSignECDSA, hsmBE(10), make([]byte, 32))
	other.want(hsmObjectNotFound, "public key", hsmGetPublicKey, hsmBE(10))
	other.want(hsmObjectNotFound, "info", hsmObjectInfo, hsmBE(10), []byte{hsmAsymmetric})
	other.want(hsmObjectNotFound, "delete", hsmDeleteObject, hsmBE(10), []byte{hsmAsymmetric})
	other.want(hsmObjectNotFound, "attest", hsmSignAttestation, hsmBE(10), hsmBE(0))
	if got := other.must(hsmListObjects); !bytes.Equal(got, []byte{0, 1, 2, 0, 0, 2, 2, 0}) {
		t.Errorf("listed %x", got)
	}
}

func TestHSMDeletingNeedsTheCapabilityOfTheType(t *testing.T) {
	for kind, need := range map[byte]hsmCaps{hsmOpaque: hsmCapDelOpaque, hsmAuthKey: hsmCapDelAuthKey, hsmAsymmetric: hsmCapDelAsymmetric, hsmWrapKey: hsmCapDelWrapKey, hsmPublicWrapKey: hsmCapDelPublicWrap} {
		c := hsmLoginDefault(t, NewHSM(1))
		c.must(hsmPutOpaque, hsmObjectBytes(10, "", 1, 0, hsmOpaqueAny), []byte("x"))
		c.must(hsmGenAsymmetric, hsmObjectBytes(10, "", 1, 0, hsmEd25519))
		c.must(hsmGenWrapKey, hsmObjectBytes(10, "", 1, 0, hsmAES192CCM), hsmCapBytes(0))
		c.must(hsmPutPublicWrap, hsmObjectBytes(10, "", 1, 0, hsmRSA2048), hsmCapBytes(0), bytes.Repeat([]byte{0xff}, 256))
		c.newAuthKey(10, 1, 0, 0)
		c.newAuthKey(2, 1, hsmCapAll&^need, 0).want(hsmNotPermitted, "without it", hsmDeleteObject, hsmBE(10), []byte{kind})
		c.newAuthKey(3, 1, need, 0).want(hsmOK, "with it", hsmDeleteObject, hsmBE(10), []byte{kind})
		c.want(hsmObjectNotFound, "again", hsmDeleteObject, hsmBE(10), []byte{kind})
		c.want(hsmInvalidData, "no such type", hsmDeleteObject, hsmBE(10), []byte{0x99})
	}
}

func TestHSMSequenceCountsTheLivesOfAnID(t *testing.T) {
	c := hsmLoginDefault(t, NewHSM(1))
	for life := range byte(3) {
		c.must(hsmGenAsymmetric, hsmObjectBytes(10, "", 1, 0, hsmP256))
		if got := c.must(hsmListObjects, []byte{1, 0, 10}); !bytes.Equal(got, []byte{0, 10, hsmAsymmetric, life}) {
			t.Errorf("life %d: %x", life, got)
		}
		c.must(hsmDeleteObject, hsmBE(10), []byte{hsmAsymmetric})
	}
}

func TestHSMListFiltersMustAllMatch(t *testing.T) {
	c := hsmLoginDefault(t, NewHSM(1))
	c.must(hsmGenAsymmetric, hsmObjectBytes(10, "a", 1, hsmCapSignECDSA, hsmP256))
	c.must(hsmGenAsymmetric, hsmObjectBytes(11, "b", 2, hsmCapSignEdDSA, hsmEd25519))
	for _, tt := range []struct {
		why    string
		filter []byte
		want   string
	}{
		{"type", []byte{2, hsmAsymmetric}, "\x00\x0a\x03\x00\x00\x0b\x03\x00"},
		{"type and domain", []byte{2, hsmAsymmetric, 3, 0, 2}, "\x00\x0b\x03\x00"},
		{"capability", append([]byte{4}, hsmCapBytes(hsmCapSignECDSA)...), "\x00\x01\x02\x00\x00\x0a\x03\x00"},
		{"algorithm", []byte{5, hsmEd25519}, "\x00\x0b\x03\x00"},
		{"label", append([]byte{6}, hsmLabel("b")...), "\x00\x0b\x03\x00"},
		{"nothing fits", []byte{2, hsmWrapKey}, ""},
	} {
		if got := c.must(hsmListObjects, tt.filter); string(got) != tt.want {
			t.Errorf("%s: %x, want %x", tt.why, got, tt.want)
		}
	}
	c.want(hsmInvalidData, "unknown tag", hsmListObjects, []byte{9})
	c.want(hsmInvalidData, "the same tag twice", hsmListObjects, []byte{2, 3, 2, 3})
	c.want(hsmWrongLength, "half a value", hsmListObjects, []byte{1, 0})
}

func TestHSMStoreIsFullAfter256Objects(t *testing.T) {
	c := hsmLoginDefault(t, NewHSM(1))
	for range 255 {
		c.must(hsmPutOpaque, hsmObjectBytes(0, "", 1, 0, hsmOpaqueAny), []byte("x"))
	}
	if got := c.must(hsmListObjects); len(got) != 4*256 {
		t.Errorf("%d bytes of list", len(got))
	}
	c.want(hsmStorageFailed, "the 257th", hsmPutOpaque, hsmObjectBytes(0, "", 1, 0, hsmOpaqueAny), []byte("x"))
}

func TestHSMStoreIsFullAfter1024Pages(t *testing.T) {
	c := hsmLoginDefault(t, NewHSM(1))
	big := make([]byte, 16*hsmPageSize)
	for range 63 {
		c.must(hsmPutOpaque, hsmObjectBytes(0, "", 1, 0, hsmOpaqueAny), big)
	}
	c.want(hsmStorageFailed, "a page too many", hsmPutOpaque, hsmObjectBytes(0, "", 1, 0, hsmOpaqueAny), big)
	c.must(hsmPutOpaque, hsmObjectBytes(0, "", 1, 0, hsmOpaqueAny), big[hsmPageSize:])
}

func TestHSMChangesOnlyTheKeyOfTheSession(t *testing.T) {
	h := NewHSM(1)
	c := hsmLoginDefault(t, h)
	m := c.newAuthKey(2, 1, hsmCapChangeAuthKey, 0)
	fresh := bytes.Repeat([]byte{0xee}, 32)
	m.want(hsmInvalidID, "another's", hsmChangeAuthKey, hsmBE(1), []byte{hsmAuthAES}, fresh)
	m.want(hsmInvalidData, "another algorithm", hsmChangeAuthKey, hsmBE(2), []byte{49}, fresh)
	m.must(hsmChangeAuthKey, hsmBE(2), []byte{hsmAuthAES}, fresh)
	m.must(hsmEcho, []byte("the open session lives on"))
	if _, code := hsmBegin(t, h, 2, bytes.Repeat([]byte{2}, 32)); code != hsmAuthFailed {
		t.Error("the old key still opens")
	}
	hsmLogin(t, h, 2, fresh)
	c.must(hsmDeleteObject, hsmBE(2), []byte{hsmAuthKey})
	m.must(hsmEcho, []byte("even after its key is gone"))
}

func TestHSMResetLeavesNothingButTheFactorysOwn(t *testing.T) {
	h := NewHSM(1)
	c := hsmLoginDefault(t, h)
	before := c.must(hsmGetOpaque, hsmBE(0))
	c.must(hsmGenAsymmetric, hsmObjectBytes(10, "", 1, 0, hsmP256))
	c.must(hsmSetOption, []byte{hsmOptionForceAudit, 0, 1, hsmAuditFix})
	c.must(hsmSetOption, []byte{hsmOptionCommandAudit, 0, 2, hsmSignECDSA, hsmAuditFix})
	c.must(hsmChangeAuthKey, hsmBE(1), []byte{hsmAuthAES}, make([]byte, 32))
	c.must(hsmReset)
	c.want(hsmInvalidSession, "the session that reset it", hsmEcho)
	c = hsmLoginDefault(t, h)
	if got := c.must(hsmListObjects); !bytes.Equal(got, []byte{0, 1, 2, 0}) {
		t.Errorf("objects %x", got)
	}
	if got := c.must(hsmGetOption, []byte{hsmOptionForceAudit}); got[0] != hsmAuditOff {
		t.Errorf("force audit %d", got[0])
	}
	if got := c.must(hsmGetOption, []byte{hsmOptionCommandAudit}); bytes.Contains(got, []byte{hsmSignECDSA, hsmAuditFix}) {
		t.Errorf("command audit %x", got)
	}
	if got := c.must(hsmGetOpaque, hsmBE(0)); !bytes.Equal(got, before) {
		t.Error("the attestation certificate changed")
	}
}

func TestHSMOnlyLegalStoresAreReached(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		h := NewHSM(1)
		c := hsmLoginDefault(t, h)
		m := c.newAuthKey(2, 0x0f, hsmCapAll, hsmCapSignECDSA|hsmCapExportable)
		for range rapid.IntRange(1, 12).Draw(rt, "steps") {
			id := rapid.Uint16Range(0, 5).Draw(rt, "id")
			domains := rapid.Uint16Range(0, 0x1f).Draw(rt, "domains")
			want := hsmCaps(rapid.SampledFrom([]uint64{0, uint64(hsmCapSignECDSA), uint64(hsmCapExportable), uint64(hsmCapReset)}).Draw(rt, "capabilities"))
			switch rapid.IntRange(0, 2).Draw(rt, "command") {
			case 0:
				m.do(hsmPutOpaque, hsmObjectBytes(id, "", domains, want, hsmOpaqueAny), []byte("x"))
			case 1:
				m.do(hsmGenWrapKey, hsmObjectBytes(id, "", domains, 0, hsmAES128CCM), hsmCapBytes(want))
			case 2:
				m.do(hsmDeleteObject, hsmBE(id), []byte{rapid.SampledFrom([]byte{hsmOpaque, hsmWrapKey}).Draw(rt, "type")})
			}
		}
		if err := h.state.check(); err != nil {
			rt.Fatal(err)
		}
		for _, o := range h.state.Objects[2:] {
			if o.Domains&^0x0f != 0 || !(o.Capabilities | o.Delegated).within(hsmCapSignECDSA|hsmCapExportable) {
				rt.Fatalf("the session made %+v", o)
			}
		}
	})
}
