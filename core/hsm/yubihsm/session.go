package yubihsm

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/certusone/yubihsm-go/commands"

	"anodize/core/hsm"
	"anodize/core/secret"
)

// maxIdle is how long a session may have been idle to be used again. The device
// ends it after 30 s (User Guide, core concepts, sessions).
const maxIdle = 25 * time.Second

// session is an hsm.Session, an hsm.Attester and an hsm.RSAWrapper.
type session struct {
	dev      *Device
	serial   string
	firmware version
	pin      *secret.Bytes // to reopen an idle session; wiped by Close
	ch       *channel
	last     time.Time // when the last command was sent
}

// Open implements hsm.Device. A wrong PIN is noticed on this side of the cable,
// by the device's proof; the device counts no tries and cannot be locked by
// them, but holds one of its 16 sessions for 30 seconds at each.
func (d *Device) Open(ctx context.Context, pin *secret.Bytes) (hsm.Session, error) {
	if pin.Len() != hsm.PINSize {
		return nil, fmt.Errorf("opening the HSM: a PIN of %d bytes, not %d", pin.Len(), hsm.PINSize)
	}
	id, err := d.identify(ctx)
	if err != nil {
		return nil, fmt.Errorf("opening the HSM: %w", err)
	}
	s := &session{dev: d, serial: id.serialText(), firmware: id.firmware, pin: pin.Clone()}
	if err := s.open(ctx); err != nil {
		s.pin.Wipe()
		return nil, err
	}
	if err := s.checkAlone(ctx); err != nil {
		return nil, errors.Join(err, s.Close(ctx))
	}
	return s, nil
}

// open starts a fresh channel.
func (s *session) open(ctx context.Context) error {
	s.last = s.dev.now()
	c, err := openChannel(ctx, s.dev, ceremonyKeyID, s.pin, s.firmware.maxMessage())
	switch {
	case err == nil:
		s.ch = c
		return nil
	case wrongKey(err):
		err = hsm.ErrWrongPIN
	case hasCode(err, commands.ErrorCodeObjectNotFound):
		err = hsm.ErrNotEnrolled
	}
	return fmt.Errorf("opening the HSM: %w", err)
}

// checkAlone refuses a device that somebody else could open too, be it with the
// default password, which a broken-off Bootstrap leaves in place.
func (s *session) checkAlone(ctx context.Context) error {
	keys, err := list(ctx, s, commands.NewObjectTypeOption(commands.ObjectTypeAuthenticationKey))
	if err == nil {
		err = foreign(ctx, s, keys, object{ceremonyKeyID, commands.ObjectTypeAuthenticationKey})
	}
	if err != nil {
		return fmt.Errorf("looking who can open the HSM: %w", err)
	}
	return nil
}

// send implements sender. It opens a new session first if the device may have
// ended this one by now: only ever before a command is sent.
func (s *session) send(ctx context.Context, command byte, data []byte) ([]byte, error) {
	if s.ch == nil || s.ch.dead {
		return nil, hsm.ErrSessionDead
	}
	if s.dev.now().Sub(s.last) > maxIdle {
		s.ch.kill()
		if err := s.open(ctx); err != nil {
			return nil, err
		}
	}
	s.last = s.dev.now()
	return s.ch.send(ctx, command, data)
}

// Close implements hsm.Session.
func (s *session) Close(ctx context.Context) error {
	defer s.pin.Wipe()
	if s.dev.now().Sub(s.last) > maxIdle && s.ch != nil {
		s.ch.kill() // the device ended it
	}
	if err := s.ch.close(ctx); err != nil {
		return fmt.Errorf("closing the HSM's session: %w", err)
	}
	return nil
}

// Random implements hsm.Session.
func (s *session) Random(ctx context.Context, n int) ([]byte, error) {
	return random(ctx, s, n)
}

// GenerateKey implements hsm.Session.
func (s *session) GenerateKey(ctx context.Context, label string, spec hsm.KeySpec) (hsm.Key, error) {
	key, err := s.generate(ctx, label, spec)
	if err != nil {
		return hsm.Key{}, fmt.Errorf("generating the key %q in the HSM: %w", label, err)
	}
	return key, nil
}

func (s *session) generate(ctx context.Context, label string, spec hsm.KeySpec) (hsm.Key, error) {
	a, err := algorithmFor(spec, s.firmware)
	if err != nil {
		return hsm.Key{}, err
	}
	same, err := s.labelled(ctx, label)
	if err != nil {
		return hsm.Key{}, err
	}
	if len(same) > 0 {
		return hsm.Key{}, hsm.ErrKeyExists
	}
	id, err := s.freeID(ctx)
	if err != nil {
		return hsm.Key{}, err
	}
	c, err := commands.CreateGenerateAsymmetricKeyCommand(id, []byte(label), domain, a.capabilities, a.code)
	answer, err := run(ctx, s, c, err)
	if err != nil {
		return hsm.Key{}, err
	}
	if err := made(answer, id); err != nil {
		return hsm.Key{}, err
	}
	return s.inspect(ctx, object{id, commands.ObjectTypeAsymmetricKey}, label, a, originGenerated)
}

// made checks the answer to a command that makes or changes an object: its
// number.
func made(answer []byte, id uint16) error {
	if err := exactly(answer, 2); err != nil {
		return err
	}
	if got := binary.BigEndian.Uint16(answer); got != id {
		return fmt.Errorf("%w: asked for object %#04x, it made %#04x", errAnswer, id, got)
	}
	return nil
}

// inspect checks that a new key is what was asked for, and reads its public half.
func (s *session) inspect(ctx context.Context, o object, label string, a algorithm, origin byte) (hsm.Key, error) {
	i, err := objectInfo(ctx, s, o)
	if err != nil {
		return hsm.Key{}, err
	}
	if i.algorithm != a.code || i.capabilities != a.capabilities || i.domains != domain || i.origin != origin || i.label != label {
		return hsm.Key{}, fmt.Errorf("%w: the key it made is not the one asked for: label %q, algorithm %d, origin %d, domains %#04x; it may %s",
			errAnswer, i.label, i.algorithm, i.origin, i.domains, describe(i.capabilities))
	}
	key, err := s.key(ctx, i)
	if err != nil {
		return hsm.Key{}, err
	}
	return key.As(a.spec)
}

// key reads the public half of the key that i describes.
func (s *session) key(ctx context.Context, i info) (hsm.Key, error) {
	spec, pub, err := publicKey(ctx, s, i)
	if err != nil {
		return hsm.Key{}, err
	}
	return hsm.Key{ID: i.id, Label: i.label, Spec: spec, Public: pub}, nil
}

// labelled lists the asymmetric keys of that label.
func (s *session) labelled(ctx context.Context, label string) ([]object, error) {
	if err := checkLabel(label); err != nil {
		return nil, err
	}
	filter, err := commands.NewLabelOption([]byte(label))
	if err != nil {
		return nil, err
	}
	return list(ctx, s, commands.NewObjectTypeOption(commands.ObjectTypeAsymmetricKey), filter)
}

// checkLabel allows 1 to 40 printable ASCII characters.
func checkLabel(label string) error {
	if len(label) < 1 || len(label) > commands.LabelLength {
		return fmt.Errorf("a label has 1 to %d characters, this one %d", commands.LabelLength, len(label))
	}
	for _, r := range label {
		if r < ' ' || r > '~' {
			return fmt.Errorf("a label holds printable ASCII characters alone, not %q", r)
		}
	}
	return nil
}

// freeID picks the lowest number that no asymmetric key has.
func (s *session) freeID(ctx context.Context) (uint16, error) {
	keys, err := list(ctx, s, commands.NewObjectTypeOption(commands.ObjectTypeAsymmetricKey))
	if err != nil {
		return 0, err
	}
	taken := make(map[uint16]bool)
	for _, k := range keys {
		taken[k.id] = true
	}
	for id := firstKeyID; id <= lastKeyID; id++ {
		if !taken[id] {
			return id, nil
		}
	}
	return 0, errors.New("the device has no number free for another key")
}

// FindKey implements hsm.Session.
func (s *session) FindKey(ctx context.Context, label string) (hsm.Key, error) {
	key, err := s.find(ctx, label)
	if err != nil {
		return hsm.Key{}, fmt.Errorf("looking for the key %q in the HSM: %w", label, err)
	}
	return key, nil
}

func (s *session) find(ctx context.Context, label string) (hsm.Key, error) {
	keys, err := s.labelled(ctx, label)
	switch {
	case err != nil:
		return hsm.Key{}, err
	case len(keys) == 0:
		return hsm.Key{}, hsm.ErrKeyNotFound
	case len(keys) > 1:
		return hsm.Key{}, fmt.Errorf("%d keys have that label: the profile must name one alone", len(keys))
	}
	i, err := objectInfo(ctx, s, keys[0])
	if err != nil {
		return hsm.Key{}, err
	}
	return s.key(ctx, i)
}

// Sign implements hsm.Session.
func (s *session) Sign(ctx context.Context, key hsm.Key, message []byte) ([]byte, error) {
	sig, err := s.sign(ctx, key, message)
	if err != nil {
		return nil, fmt.Errorf("signing with the HSM's key %q: %w", key.Label, err)
	}
	return sig, nil
}

func (s *session) sign(ctx context.Context, key hsm.Key, message []byte) ([]byte, error) {
	a, err := algorithmFor(key.Spec, s.firmware)
	if err != nil {
		return nil, err
	}
	if err := key.Spec.CheckPublic(key.Public); err != nil {
		return nil, err
	}
	digest, err := key.Spec.Digest(message)
	if err != nil {
		return nil, err
	}
	sig, err := s.send(ctx, byte(a.sign), a.signRequest(key.ID, digest))
	if err != nil {
		return nil, err
	}
	if err := key.Spec.Verify(key.Public, message, sig); err != nil {
		return nil, fmt.Errorf("the signature does not verify under the key it should come from, and is not used: %w", err)
	}
	return sig, nil
}

// Attest implements hsm.Attester: the maker's attestation key, number 0, signs a
// certificate for key, and the opaque object of that number certifies it.
func (s *session) Attest(ctx context.Context, key hsm.Key) ([][]byte, error) {
	c, err := commands.CreateSignAttestationCertCommand(key.ID, 0)
	statement, err := run(ctx, s, c, err)
	if err != nil {
		if key.Spec == hsm.Ed25519 && cannot(err) {
			err = fmt.Errorf("%w: %w", hsm.ErrCannotAttest, err)
		}
		return nil, fmt.Errorf("attesting the HSM's key %q: %w", key.Label, err)
	}
	c, err = commands.CreateGetOpaqueCommand(0)
	device, err := run(ctx, s, c, err)
	if err != nil {
		return nil, fmt.Errorf("reading the HSM's own certificate: %w", err)
	}
	return [][]byte{statement, device}, nil
}

// cannot reports whether the device refused a command in the session because of
// what it was to work on. Yubico's documents do not say that every firmware
// attests Ed25519 keys.
func cannot(err error) bool {
	return !errors.Is(err, hsm.ErrOutcomeUnknown) && !errors.Is(err, hsm.ErrSessionDead) &&
		(hasCode(err, commands.ErrorCodeInvalidCommand) || hasCode(err, commands.ErrorCodeInvalidData) || hasCode(err, errorAlgorithmDisabled))
}
