package yubihsm

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/certusone/yubihsm-go/commands"

	"anodize/core/hsm"
)

// Objects that every device of the ceremony has. All are in domain 1.
const (
	defaultKeyID  uint16 = 1 // the maker's authentication key, deleted by Bootstrap
	ceremonyKeyID uint16 = 2 // the authentication key that is the PIN
	firstKeyID    uint16 = 0x0100
	lastKeyID     uint16 = 0x01ff

	domain = commands.Domain1

	ceremonyLabel = "anodize ceremony"
)

// maxObjects is how many objects a device holds (User Guide, core concepts).
const maxObjects = 256

// originGenerated is the origin of a key that was made inside this device.
const originGenerated = 0x01

// Capabilities that package commands does not name, of firmware 2.4.0.
const (
	capPutPublicWrapKey    uint64 = 1 << 0x36
	capDeletePublicWrapKey uint64 = 1 << 0x37
)

// What an asymmetric key may be used for, and that it may leave the device
// encrypted, for backups.
const (
	capsSign = commands.CapabilityAsymmetricSignEcdsa | commands.CapabilityAsymmetricSignEddsa |
		commands.CapabilityAsymmetricSignPkcs | commands.CapabilityAsymmetricSignPss
	capsExport = commands.CapabilityExportableUnderWrap
)

// ceremonyCapabilities is what the ceremony's authentication key may do. It can
// never be changed: docs/hsm.md says why each is there and what is left out.
func ceremonyCapabilities(firmware version) uint64 {
	caps := capsSign |
		commands.CapabilityAsymmetricGen |
		commands.CapabilityAudit |
		commands.CapabilityGetRandomness |
		commands.CapabilityGetOption |
		commands.CapabilityAttest |
		commands.CapabilityGetOpaque |
		commands.CapabilityChangeAuthenticationKey |
		commands.CapabilityPutWrapKey |
		commands.CapabilityGenerateWrapKey |
		commands.CapabilityDeleteWrapKey |
		commands.CapabilityExportWrapped |
		commands.CapabilityImportWrapped
	if !firmware.before(firmware240) {
		caps |= capPutPublicWrapKey | capDeletePublicWrapKey
	}
	return caps
}

// ceremonyDelegated is what objects made by the ceremony's authentication key
// may be given: signing keys, and the wrap keys that carry them.
const ceremonyDelegated = capsSign | capsExport |
	commands.CapabilityExportWrapped | commands.CapabilityImportWrapped

// typePublicWrapKey is a kind of object of firmware 2.4.0 that package commands
// does not name.
const typePublicWrapKey byte = 0x09

// object names an object, as LIST OBJECTS does.
type object struct {
	id   uint16
	kind byte
}

func (o object) String() string {
	kinds := map[byte]string{
		commands.ObjectTypeOpaque:            "opaque object",
		commands.ObjectTypeAuthenticationKey: "authentication key",
		commands.ObjectTypeAsymmetricKey:     "asymmetric key",
		commands.ObjectTypeWrapKey:           "wrap key",
		commands.ObjectTypeHmacKey:           "HMAC key",
		commands.ObjectTypeTemplate:          "template",
		commands.ObjectTypeOtpAeadKey:        "OTP AEAD key",
		0x08:                                 "symmetric key",
		typePublicWrapKey:                    "public wrap key",
	}
	kind, ok := kinds[o.kind]
	if !ok {
		kind = fmt.Sprintf("object of kind %#02x", o.kind)
	}
	return fmt.Sprintf("%s %#04x", kind, o.id)
}

// newObjectSize is the length of what every command that puts an object begins
// with: number (2), label (40), domains (2), capabilities (8), algorithm (1).
const newObjectSize = 53

// appendNewObject appends it. label is at most 40 bytes. Secrets are appended
// after it by the caller, who owns the one buffer to wipe.
func appendNewObject(b []byte, id uint16, label string, capabilities uint64, algorithm commands.Algorithm) []byte {
	b = binary.BigEndian.AppendUint16(b, id)
	b = append(b, label...)
	b = append(b, make([]byte, commands.LabelLength-len(label))...)
	b = binary.BigEndian.AppendUint16(b, domain)
	b = binary.BigEndian.AppendUint64(b, capabilities)
	return append(b, byte(algorithm))
}

// list returns the objects that the session can see and the filters let pass,
// four bytes each: number, kind and how often the number was used.
func list(ctx context.Context, s sender, filters ...commands.ListCommandOption) ([]object, error) {
	c, err := commands.CreateListObjectsCommand(filters...)
	answer, err := run(ctx, s, c, err)
	if err != nil {
		return nil, err
	}
	if len(answer)%4 != 0 || len(answer) > 4*maxObjects {
		return nil, fmt.Errorf("%w: a list of objects of %d bytes", errAnswer, len(answer))
	}
	objects := make([]object, 0, len(answer)/4)
	for b := range bytesBy(answer, 4) {
		objects = append(objects, object{id: binary.BigEndian.Uint16(b), kind: b[2]})
	}
	return objects, nil
}

// bytesBy yields b in pieces of n bytes, which must divide its length.
func bytesBy(b []byte, n int) func(func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for ; len(b) >= n; b = b[n:] {
			if !yield(b[:n]) {
				return
			}
		}
	}
}

// info is the answer to GET OBJECT INFO.
type info struct {
	object
	capabilities uint64
	domains      uint16
	algorithm    commands.Algorithm
	origin       byte
	label        string
	delegated    uint64
}

// infoSize is its length: capabilities (8), number (2), length (2), domains (2),
// kind, algorithm, sequence, origin (1 each), label (40), delegated (8).
const infoSize = 66

func objectInfo(ctx context.Context, s sender, o object) (info, error) {
	c, err := commands.CreateGetObjectInfoCommand(o.id, o.kind)
	a, err := run(ctx, s, c, err)
	if err != nil {
		return info{}, err
	}
	if err := exactly(a, infoSize); err != nil {
		return info{}, err
	}
	i := info{
		object:       object{id: binary.BigEndian.Uint16(a[8:]), kind: a[14]},
		capabilities: binary.BigEndian.Uint64(a),
		domains:      binary.BigEndian.Uint16(a[12:]),
		algorithm:    commands.Algorithm(a[15]),
		origin:       a[17],
		label:        string(bytes.TrimRight(a[18:58], "\x00")),
		delegated:    binary.BigEndian.Uint64(a[58:]),
	}
	if i.object != o {
		return info{}, fmt.Errorf("%w: asked about the %s, it told of the %s", errAnswer, o, i.object)
	}
	return i, nil
}

// foreign returns an error that names every object not expected, nil if there is
// none. Number 0 is the maker's attestation key and its certificate: nobody else
// can make an object of that number.
func foreign(ctx context.Context, s sender, objects []object, expected ...object) error {
	var strangers []string
next:
	for _, o := range objects {
		for _, e := range expected {
			if o == e {
				continue next
			}
		}
		if o.id == 0 {
			continue
		}
		name := o.String()
		if i, err := objectInfo(ctx, s, o); err == nil {
			name += fmt.Sprintf(" %q", i.label)
		}
		strangers = append(strangers, name)
	}
	if strangers == nil {
		return nil
	}
	return &hsm.ForeignObjectsError{Objects: strangers}
}

// capabilityNames are User Guide names, by bit.
var capabilityNames = [...]string{
	"get-opaque", "put-opaque", "put-authentication-key", "put-asymmetric-key",
	"generate-asymmetric-key", "sign-pkcs", "sign-pss", "sign-ecdsa",
	"sign-eddsa", "decrypt-pkcs", "decrypt-oaep", "derive-ecdh",
	"export-wrapped", "import-wrapped", "put-wrap-key", "generate-wrap-key",
	"exportable-under-wrap", "set-option", "get-option", "get-pseudo-random",
	"put-mac-key", "generate-hmac-key", "sign-hmac", "verify-hmac",
	"get-log-entries", "sign-ssh-certificate", "get-template", "put-template",
	"reset-device", "decrypt-otp", "create-otp-aead", "randomize-otp-aead",
	"rewrap-from-otp-aead-key", "rewrap-to-otp-aead-key", "sign-attestation-certificate", "put-otp-aead-key",
	"generate-otp-aead-key", "wrap-data", "unwrap-data", "delete-opaque",
	"delete-authentication-key", "delete-asymmetric-key", "delete-wrap-key", "delete-hmac-key",
	"delete-template", "delete-otp-aead-key", "change-authentication-key", "put-symmetric-key",
	"generate-symmetric-key", "delete-symmetric-key", "decrypt-ecb", "encrypt-ecb",
	"decrypt-cbc", "encrypt-cbc", "put-public-wrap-key", "delete-public-wrap-key",
}

// describe names the capabilities in caps, in the order of their bits.
func describe(caps uint64) string {
	var names []string
	for bit, name := range capabilityNames {
		if caps>>bit&1 == 1 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}
