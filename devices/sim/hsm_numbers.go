package sim

// The numbers of the YubiHSM 2's protocol, as its command reference and
// yubihsm.h give them.

// Commands. An answer carries the command with the top bit set.
const (
	hsmEcho            = 0x01
	hsmCreateSession   = 0x03
	hsmAuthSession     = 0x04
	hsmSessionMessage  = 0x05
	hsmDeviceInfo      = 0x06
	hsmReset           = 0x08
	hsmCloseSession    = 0x40
	hsmStorageInfo     = 0x41
	hsmPutOpaque       = 0x42
	hsmGetOpaque       = 0x43
	hsmPutAuthKey      = 0x44
	hsmPutAsymmetric   = 0x45
	hsmGenAsymmetric   = 0x46
	hsmSignPKCS1       = 0x47
	hsmListObjects     = 0x48
	hsmExportWrapped   = 0x4a
	hsmImportWrapped   = 0x4b
	hsmPutWrapKey      = 0x4c
	hsmGetLog          = 0x4d
	hsmObjectInfo      = 0x4e
	hsmSetOption       = 0x4f
	hsmGetOption       = 0x50
	hsmPseudoRandom    = 0x51
	hsmGetPublicKey    = 0x54
	hsmSignPSS         = 0x55
	hsmSignECDSA       = 0x56
	hsmDeleteObject    = 0x58
	hsmGenWrapKey      = 0x5b
	hsmSignAttestation = 0x64
	hsmSetLogIndex     = 0x67
	hsmSignEdDSA       = 0x6a
	hsmBlink           = 0x6b
	hsmChangeAuthKey   = 0x6c
	hsmPutPublicWrap   = 0x73
	hsmGetRSAWrapped   = 0x74
	hsmPutRSAWrapped   = 0x75
	hsmExportRSA       = 0x76
	hsmImportRSA       = 0x77
)

// Framing.
const (
	hsmAnswer             = 0x80
	hsmErrorAnswer        = 0x7f
	hsmHeader             = 3 // command and length
	hsmNobody      uint16 = 0xffff
)

// hsmCode is what a command ends with.
type hsmCode byte

const (
	hsmOK             hsmCode = 0x00
	hsmInvalidCommand hsmCode = 0x01
	hsmInvalidData    hsmCode = 0x02
	hsmInvalidSession hsmCode = 0x03
	hsmAuthFailed     hsmCode = 0x04
	hsmSessionsFull   hsmCode = 0x05
	hsmStorageFailed  hsmCode = 0x07
	hsmWrongLength    hsmCode = 0x08
	hsmNotPermitted   hsmCode = 0x09
	hsmLogFull        hsmCode = 0x0a
	hsmObjectNotFound hsmCode = 0x0b
	hsmInvalidID      hsmCode = 0x0c
	hsmObjectExists   hsmCode = 0x11
	hsmNotExecuted    hsmCode = 0xff
)

// Sizes of the object store and of what is in it.
const (
	hsmMaxObjects       = 256
	hsmPages            = 1024
	hsmPageSize         = 126
	hsmLabelSize        = 40
	hsmAuthKeySize      = 32
	hsmDefaultAuthKeyID = 1
)

// Object types.
const (
	hsmOpaque        = 0x01
	hsmAuthKey       = 0x02
	hsmAsymmetric    = 0x03
	hsmWrapKey       = 0x04
	hsmPublicWrapKey = 0x09
)

// Origins of an object; the last is added to one of the others.
const (
	hsmGenerated = 0x01
	hsmImported  = 0x02
	hsmUnwrapped = 0x10
)

// Algorithms.
const (
	hsmRSA2048   = 9
	hsmRSA3072   = 10
	hsmRSA4096   = 11
	hsmP256      = 12
	hsmP384      = 13
	hsmP521      = 14
	hsmAES128CCM = 29
	hsmOpaqueAny = 30
	hsmOpaqueCRT = 31
	hsmMGF1SHA1  = 32
	hsmMGF1SHA2  = 33 // SHA-256, then 34 SHA-384 and 35 SHA-512
	hsmMGF1SHA5  = 35
	hsmAuthAES   = 38
	hsmAES192CCM = 41
	hsmAES256CCM = 42
	hsmEd25519   = 46
	hsmAES128    = 50
	hsmAES192    = 51
	hsmAES256    = 52
)

// hsmAlgorithms is what this simulator implements, and so what it announces:
// RSA signatures, ECDSA, OAEP and masks, the keys, wraps and opaque objects.
var hsmAlgorithms = []byte{
	1, 2, 3, 4, 5, 6, 7, 8, hsmRSA2048, hsmRSA3072, hsmRSA4096, hsmP256, hsmP384, hsmP521,
	23, 25, 26, 27, 28, hsmAES128CCM, hsmOpaqueAny, hsmOpaqueCRT, hsmMGF1SHA1, hsmMGF1SHA2, 34, hsmMGF1SHA5,
	hsmAuthAES, hsmAES192CCM, hsmAES256CCM, 43, 44, 45, hsmEd25519,
	hsmAES128, hsmAES192, hsmAES256,
}

// hsmCaps is a set of capabilities; bit n is capability n.
type hsmCaps uint64

const (
	hsmCapGetOpaque     hsmCaps = 1 << 0x00
	hsmCapPutOpaque     hsmCaps = 1 << 0x01
	hsmCapPutAuthKey    hsmCaps = 1 << 0x02
	hsmCapPutAsymmetric hsmCaps = 1 << 0x03
	hsmCapGenAsymmetric hsmCaps = 1 << 0x04
	hsmCapSignPKCS      hsmCaps = 1 << 0x05
	hsmCapSignPSS       hsmCaps = 1 << 0x06
	hsmCapSignECDSA     hsmCaps = 1 << 0x07
	hsmCapSignEdDSA     hsmCaps = 1 << 0x08
	hsmCapExportWrapped hsmCaps = 1 << 0x0c
	hsmCapImportWrapped hsmCaps = 1 << 0x0d
	hsmCapPutWrapKey    hsmCaps = 1 << 0x0e
	hsmCapGenWrapKey    hsmCaps = 1 << 0x0f
	hsmCapExportable    hsmCaps = 1 << 0x10
	hsmCapSetOption     hsmCaps = 1 << 0x11
	hsmCapGetOption     hsmCaps = 1 << 0x12
	hsmCapPseudoRandom  hsmCaps = 1 << 0x13
	hsmCapGetLog        hsmCaps = 1 << 0x18
	hsmCapReset         hsmCaps = 1 << 0x1c
	hsmCapAttest        hsmCaps = 1 << 0x22
	hsmCapDelOpaque     hsmCaps = 1 << 0x27
	hsmCapDelAuthKey    hsmCaps = 1 << 0x28
	hsmCapDelAsymmetric hsmCaps = 1 << 0x29
	hsmCapDelWrapKey    hsmCaps = 1 << 0x2a
	hsmCapChangeAuthKey hsmCaps = 1 << 0x2e
	hsmCapPutPublicWrap hsmCaps = 1 << 0x36
	hsmCapDelPublicWrap hsmCaps = 1 << 0x37
	hsmCapAll           hsmCaps = 1<<0x38 - 1 // 2.4: up to delete-public-wrap-key, 37h
)

// within says whether every capability of c is also in outer.
func (c hsmCaps) within(outer hsmCaps) bool { return c&^outer == 0 }

// hsmAuditable lists the commands that have an audit option, in the order in
// which a device of firmware 2.4 answers GET OPTION (Yubico's user guide,
// "Set Command Audit Option", prints one).
var hsmAuditable = []byte{
	0x01, 0x03, 0x04, 0x05, 0x06, 0x07, 0x09, 0x08, 0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47,
	0x55, 0x56, 0x48, 0x49, 0x57, 0x4a, 0x4b, 0x4c, 0x4d, 0x67, 0x4e, 0x4f, 0x50, 0x51, 0x52, 0x53,
	0x54, 0x58, 0x59, 0x5a, 0x5b, 0x5c, 0x5d, 0x5e, 0x5f, 0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66,
	0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x0a, 0x6d, 0x6e, 0x6f, 0x70, 0x71, 0x72, 0x73, 0x74, 0x75, 0x76, 0x77,
}
