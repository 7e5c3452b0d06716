package yubihsm

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/certusone/yubihsm-go/commands"

	"anodize/core/hsm"
	"anodize/core/secret"
)

// Bootstrap implements hsm.Device. The order matters, and docs/hsm.md says why:
// the log is switched on before anything is made, so that the device's own
// record tells everything from its reset on, and the default key goes last, when
// the new one is known to work.
//
// A device that holds anything but its default key is refused before the reset:
// somebody may need what is there. Nothing in the log is acknowledged here: its
// first entry on record is to be the reset.
func (d *Device) Bootstrap(ctx context.Context, pin *secret.Bytes, report func(hsm.Step)) error {
	b := &bootstrap{dev: d, pin: pin, report: report}
	if err := b.inspect(ctx); err != nil {
		return fmt.Errorf("preparing the HSM: %w", err)
	}
	if err := b.setUp(ctx); err != nil {
		return fmt.Errorf("preparing the HSM: %w (it is half set up: before another attempt, reset it by holding its metal rim for 10 seconds while plugging it in)", err)
	}
	return nil
}

// bootstrap is one run of Bootstrap.
type bootstrap struct {
	dev    *Device
	pin    *secret.Bytes
	report func(hsm.Step)

	id      identity
	factory *channel // under the default key
	own     *channel // under the PIN
}

func (b *bootstrap) step(name, detail string, args ...any) {
	if b.report != nil {
		b.report(hsm.Step{Name: name, Detail: fmt.Sprintf(detail, args...)})
	}
}

// inspect changes nothing: it refuses a device that is not factory-fresh.
func (b *bootstrap) inspect(ctx context.Context) error {
	if b.pin.Len() != hsm.PINSize {
		return fmt.Errorf("a PIN of %d bytes, not %d", b.pin.Len(), hsm.PINSize)
	}
	id, err := b.dev.identify(ctx)
	if err != nil {
		return err
	}
	b.id = id
	part, err := b.dev.partNumber(ctx, id.firmware)
	if err != nil {
		return err
	}
	b.step("identify", "YubiHSM 2%s, serial %010d, firmware %s", part, id.serial, id.firmware)
	if b.factory, err = b.dev.openDefault(ctx, id.firmware); err != nil {
		return err
	}
	if err := b.proveEmpty(ctx); err != nil {
		return errors.Join(err, b.factory.close(ctx))
	}
	b.step("inspect", "it holds nothing but its default authentication key")
	return nil
}

// setUp runs the steps that change the device.
func (b *bootstrap) setUp(ctx context.Context) error {
	defer func() {
		for _, c := range []*channel{b.factory, b.own} {
			if c != nil {
				c.kill()
			}
		}
	}()
	for _, step := range []func(context.Context) error{
		b.reset, b.audit, b.putKey, b.logIn, b.deleteDefault, b.checkLog,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return b.own.close(ctx)
}

// reset empties the device and proves it. The device restarts, so that the
// answer may be lost; whether it was reset shows in what is found afterwards.
func (b *bootstrap) reset(ctx context.Context) error {
	c, err := commands.CreateResetCommand()
	if _, err = run(ctx, b.factory, c, err); err != nil && !errors.Is(err, hsm.ErrOutcomeUnknown) {
		return fmt.Errorf("resetting it: %w", err)
	}
	b.factory.kill()
	if r, ok := b.dev.frames.(reopener); ok {
		if err := r.Reopen(ctx); err != nil {
			return fmt.Errorf("finding it again after its reset: %w", err)
		}
	}
	id, err := b.dev.identify(ctx)
	if err != nil {
		return fmt.Errorf("finding it again after its reset: %w", err)
	}
	if id.serial != b.id.serial || id.firmware != b.id.firmware {
		return fmt.Errorf("after the reset of device %010d (firmware %s) another one answered: %010d (firmware %s)",
			b.id.serial, b.id.firmware, id.serial, id.firmware)
	}
	if b.factory, err = b.dev.openDefault(ctx, id.firmware); err != nil {
		return err
	}
	log, err := readLog(ctx, b.factory)
	if err != nil {
		return err
	}
	if _, err := log.VerifyFrom(hsm.LogEntry{}); err != nil {
		return fmt.Errorf("looking for the reset in its log: %w", err)
	}
	b.step("reset", "reset, restarted, and its log begins with the reset")
	if err := b.proveEmpty(ctx); err != nil {
		return err
	}
	b.step("prove empty", "every object listed: only the default authentication key is there")
	return nil
}

// proveEmpty lists every object. The default key is in all domains, so that it
// sees them all.
func (b *bootstrap) proveEmpty(ctx context.Context) error {
	objects, err := list(ctx, b.factory)
	if err != nil {
		return fmt.Errorf("listing its objects: %w", err)
	}
	return foreign(ctx, b.factory, objects, object{defaultKeyID, commands.ObjectTypeAuthenticationKey})
}

// unaudited are the commands that leave no entry in the log, which has room for
// 62: they change nothing and use no key. SET LOG INDEX is among them so that a
// full log can always be emptied; what it lets go shows as a gap in the numbers.
var unaudited = map[byte]bool{
	byte(commands.CommandTypeEcho):            true,
	byte(commands.CommandTypeSessionMessage):  true,
	byte(commands.CommandTypeDeviceInfo):      true,
	0x0a:                                      true, // GET DEVICE PUBLIC KEY
	byte(commands.CommandTypeCloseSession):    true,
	byte(commands.CommandTypeStorageStatus):   true,
	byte(commands.CommandTypeGetOpaque):       true,
	byte(commands.CommandTypeListObjects):     true,
	byte(commands.CommandTypeGetLogs):         true,
	byte(commands.CommandTypeGetObjectInfo):   true,
	byte(commands.CommandTypeGetOption):       true,
	byte(commands.CommandTypeGetPseudoRandom): true,
	byte(commands.CommandTypeGetPubKey):       true,
	0x5f:                                      true, // GET TEMPLATE
	byte(commands.CommandTypeSetLogIndex):     true,
	byte(commands.CommandTypeSetBlink):        true,
}

// mustAudit are commands that the device has to know and log, or it is none
// that this package was written for.
var mustAudit = []commands.CommandType{
	commands.CommandTypeCreateSession,
	commands.CommandTypeAuthenticateSession,
	commands.CommandTypePutAuthKey,
	commands.CommandTypeChangeAuthenticationKey,
	commands.CommandTypeGenerateAsymmetricKey,
	commands.CommandTypeSignDataEcdsa,
	commands.CommandTypeSignDataEddsa,
	commands.CommandTypeSignDataPkcs1,
	commands.CommandTypeSignDataPss,
	commands.CommandTypeExportWrapped,
	commands.CommandTypeImportWrapped,
	commands.CommandTypePutWrapKey,
	commands.CommandTypeDeleteObject,
	commands.CommandTypePutOption,
}

// audit makes the device log, for good, every command that it knows and that is
// not harmless, and refuse them while its log is full.
func (b *bootstrap) audit(ctx context.Context) error {
	known, err := readOption(ctx, b.factory, optionCommandAudit)
	if err != nil {
		return fmt.Errorf("reading which commands it logs: %w", err)
	}
	if len(known)%2 != 0 {
		return fmt.Errorf("%w: a list of audited commands of %d bytes", errAnswer, len(known))
	}
	var fixed []byte
	for pair := range bytesBy(known, 2) {
		if !unaudited[pair[0]] {
			fixed = append(fixed, pair[0], optionFix)
		}
	}
	if err := setOption(ctx, b.factory, optionCommandAudit, fixed); err != nil {
		return fmt.Errorf("fixing which commands it logs: %w", err)
	}
	if err := setOption(ctx, b.factory, optionForceAudit, []byte{optionFix}); err != nil {
		return fmt.Errorf("forcing it to log: %w", err)
	}
	if err := b.checkAudit(ctx, fixed); err != nil {
		return err
	}
	b.step("audit", "%d commands logged and audit forced, fixed until a reset", len(fixed)/2)
	return nil
}

// checkAudit reads both options back: every command in fixed, (command, value)
// pairs, and every one of mustAudit is to be logged for good.
func (b *bootstrap) checkAudit(ctx context.Context, fixed []byte) error {
	force, err := readOption(ctx, b.factory, optionForceAudit)
	if err != nil {
		return fmt.Errorf("checking that it is forced to log: %w", err)
	}
	logged, err := readOption(ctx, b.factory, optionCommandAudit)
	if err != nil {
		return fmt.Errorf("checking which commands it logs: %w", err)
	}
	var now [256]byte
	for pair := range bytesBy(logged, 2) {
		now[pair[0]] = pair[1]
	}
	wanted := make([]byte, 0, len(mustAudit)+len(fixed)/2)
	for _, command := range mustAudit {
		wanted = append(wanted, byte(command))
	}
	for pair := range bytesBy(fixed, 2) {
		wanted = append(wanted, pair[0])
	}
	for _, command := range wanted {
		if now[command] != optionFix {
			return fmt.Errorf("it does not log %s for good", hsm.CommandName(command))
		}
	}
	if len(force) != 1 || force[0] != optionFix {
		return errors.New("it accepted to be forced to log, but is not")
	}
	return nil
}

// putKey makes the PIN an authentication key.
func (b *bootstrap) putKey(ctx context.Context) error {
	data := make([]byte, 0, newObjectSize+8+hsm.PINSize)
	defer func() { secret.Wipe(data) }()
	caps := ceremonyCapabilities(b.id.firmware)
	data = appendNewObject(data, ceremonyKeyID, ceremonyLabel, caps, commands.AlgorithmYubicoAESAuthentication)
	data = binary.BigEndian.AppendUint64(data, ceremonyDelegated)
	data = append(data, b.pin.Expose()...) // K-ENC, then K-MAC
	answer, err := b.factory.send(ctx, byte(commands.CommandTypePutAuthKey), data)
	if err == nil {
		err = made(answer, ceremonyKeyID)
	}
	if err != nil {
		return fmt.Errorf("putting the ceremony's authentication key: %w", err)
	}
	b.step("put authentication key", "authentication key %#04x made of the PIN, domain 1; it may %s; it may bestow %s",
		ceremonyKeyID, describe(caps), describe(ceremonyDelegated))
	return nil
}

// logIn opens a session with the new key and compares what the device says of
// it with what was asked for.
func (b *bootstrap) logIn(ctx context.Context) error {
	var err error
	b.own, err = openChannel(ctx, b.dev, ceremonyKeyID, b.pin, b.id.firmware.maxMessage())
	if err != nil {
		return fmt.Errorf("opening it with the new key: %w", err)
	}
	i, err := objectInfo(ctx, b.own, object{ceremonyKeyID, commands.ObjectTypeAuthenticationKey})
	if err != nil {
		return fmt.Errorf("looking at the new key: %w", err)
	}
	if i.capabilities != ceremonyCapabilities(b.id.firmware) || i.delegated != ceremonyDelegated || i.domains != domain {
		return fmt.Errorf("the new key may do something else than was asked for: %s; bestow %s; domains %#04x",
			describe(i.capabilities), describe(i.delegated), i.domains)
	}
	b.step("log in", "the new key opened a session and is what was asked for")
	return nil
}

// deleteDefault deletes the default key in its own session, the only one that
// may, and proves that the new key is alone.
func (b *bootstrap) deleteDefault(ctx context.Context) error {
	c, err := commands.CreateDeleteObjectCommand(defaultKeyID, commands.ObjectTypeAuthenticationKey)
	if _, err := run(ctx, b.factory, c, err); err != nil {
		return fmt.Errorf("deleting the default key: %w", err)
	}
	// The device may have ended the session with its key: if not, and if this
	// fails too, it expires.
	_ = b.factory.close(ctx)
	objects, err := list(ctx, b.own)
	if err != nil {
		return fmt.Errorf("listing its objects: %w", err)
	}
	if err := foreign(ctx, b.own, objects, object{ceremonyKeyID, commands.ObjectTypeAuthenticationKey}); err != nil {
		return err
	}
	b.step("delete default key", "the default key is gone, the ceremony's key is the only object")
	return nil
}

// checkLog proves that the log tells the whole story since the reset.
func (b *bootstrap) checkLog(ctx context.Context) error {
	log, err := readLog(ctx, b.own)
	if err != nil {
		return err
	}
	entries, err := log.VerifyFrom(hsm.LogEntry{})
	if err != nil {
		return err
	}
	b.step("check log", "%d entries, one chain from the reset; none acknowledged yet", len(entries))
	return nil
}
