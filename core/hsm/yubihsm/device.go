// Package yubihsm drives a YubiHSM 2 from its USB messages up: no library of
// its maker, no connector, no network.
//
// It guarantees what package hsm promises, and of its own: everything that
// matters travels in an SCP03 session in which both sides proved the key; an
// answer is parsed only after its MAC was compared in constant time, and every
// length in it is checked; one bad answer ends the session. A session that was
// idle too long is opened anew before a command is sent, never after. Session
// keys live in secret.Bytes; the expanded round keys inside crypto/aes cannot be
// wiped: secret.Do has them erased when the garbage collector finds them, in a
// program built with GOEXPERIMENT=runtimesecret, and else they are left to it.
//
// Sources: YubiHSM 2 User Guide, command reference (docs.yubico.com);
// GlobalPlatform Amendment D, SCP03. docs/hsm.md tables what is set up.
package yubihsm

import (
	"bytes"
	"context"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/certusone/yubihsm-go/commands"

	"anodize/core/hsm"
	"anodize/core/secret"
)

// Frames carries whole messages to one device and back. After an error nobody
// knows whether the device saw the message; it is not sent again.
//
// Frames that also have Reopen(context.Context) error are told by it that the
// device is about to restart: it returns once the same device can be talked to
// again. Frames that are an io.Closer are closed with the Device.
type Frames interface {
	Exchange(ctx context.Context, message []byte) (answer []byte, err error)
}

type reopener interface {
	Reopen(ctx context.Context) error
}

// Device is one YubiHSM 2. It is an hsm.Device.
type Device struct {
	mu     sync.Mutex // one exchange at a time
	frames Frames
	now    func() time.Time
}

// New returns the device at the other end of f.
func New(f Frames) *Device { return &Device{frames: f, now: time.Now} }

// Close closes the frames, if they can be.
func (d *Device) Close() error {
	if c, ok := d.frames.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// exchange sends one message in the clear and returns its answer's data.
func (d *Device) exchange(ctx context.Context, command byte, data []byte) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	message := appendFrame(make([]byte, 0, headerSize+len(data)), command, data)
	answer, err := d.frames.Exchange(ctx, message)
	if err != nil {
		return nil, fmt.Errorf("sending %s to the YubiHSM: %w", hsm.CommandName(command), err)
	}
	return parseAnswer(command, answer)
}

// version is a device's firmware.
type version struct{ major, minor, build byte }

// firmware240 is the first firmware whose ECDSA does not leak through its
// timing (YSA-2024-03), and the first that wraps keys with RSA.
var firmware240 = version{2, 4, 0}

func (v version) String() string { return fmt.Sprintf("%d.%d.%d", v.major, v.minor, v.build) }

func (v version) before(w version) bool {
	a, b := [3]byte{v.major, v.minor, v.build}, [3]byte{w.major, w.minor, w.build}
	for i := range a {
		if a[i] != b[i] {
			return a[i] < b[i]
		}
	}
	return false
}

// maxMessage is the largest message that this firmware takes, in bytes.
func (v version) maxMessage() int {
	if v.before(firmware240) {
		return maxMessageOld
	}
	return maxMessage240
}

// identity is the answer to GET DEVICE INFO.
type identity struct {
	firmware          version
	serial            uint32
	logTotal, logUsed byte
}

// serialText is the serial number as USB shows it.
func (id identity) serialText() string { return fmt.Sprintf("%010d", id.serial) }

// identify reads GET DEVICE INFO: version (3 bytes), serial (4), log entries in
// all and used (1 each), then the algorithms, one byte each.
func (d *Device) identify(ctx context.Context) (identity, error) {
	a, err := d.exchange(ctx, byte(commands.CommandTypeDeviceInfo), nil)
	if err != nil {
		return identity{}, err
	}
	if len(a) < 9 {
		return identity{}, fmt.Errorf("%w: %d bytes of device info", errAnswer, len(a))
	}
	return identity{
		firmware: version{a[0], a[1], a[2]},
		serial:   binary.BigEndian.Uint32(a[3:]),
		logTotal: a[7],
		logUsed:  a[8],
	}, nil
}

// partNumber returns ", part number …" of a device that tells it: the second
// page of GET DEVICE INFO, asked for by its number, from firmware 2.4.0 (source:
// yubihsm-shell, yh_util_get_partnumber). A device that refuses has none to tell.
func (d *Device) partNumber(ctx context.Context, firmware version) (string, error) {
	if firmware.before(firmware240) {
		return "", nil
	}
	const page, longest = 1, 64
	text, err := d.exchange(ctx, byte(commands.CommandTypeDeviceInfo), []byte{page})
	if refusal := (*Error)(nil); errors.As(err, &refusal) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	text = bytes.TrimRight(text, "\x00")
	if len(text) > longest || bytes.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) {
		return "", fmt.Errorf("%w: a part number of %d bytes", errAnswer, len(text))
	}
	if len(text) == 0 {
		return "", nil
	}
	return ", part number " + string(text), nil
}

// Info implements hsm.Device.
func (d *Device) Info(ctx context.Context) (hsm.Info, error) {
	id, err := d.identify(ctx)
	if err != nil {
		return hsm.Info{}, fmt.Errorf("asking the HSM who it is: %w", err)
	}
	return hsm.Info{
		Backend:  hsm.YubiHSM,
		Serial:   id.serialText(),
		Firmware: id.firmware.String(),
		LogUsed:  int(id.logUsed),
		LogTotal: int(id.logTotal),
	}, nil
}

// defaultKey returns the authentication key of a factory-fresh device: the
// password "password" through PBKDF2 (User Guide, authentication keys).
func defaultKey() (*secret.Bytes, error) {
	key, err := pbkdf2.Key(sha256.New, "password", []byte("Yubico"), 10000, 2*keySize)
	if err != nil {
		return nil, fmt.Errorf("deriving the default key: %w", err)
	}
	return secret.Own(key), nil
}

// openDefault opens a session under the default key, hsm.ErrNotFresh if that
// key is gone or changed.
func (d *Device) openDefault(ctx context.Context, firmware version) (*channel, error) {
	key, err := defaultKey()
	if err != nil {
		return nil, err
	}
	defer key.Wipe()
	c, err := openChannel(ctx, d, defaultKeyID, key, firmware.maxMessage())
	if wrongKey(err) || hasCode(err, commands.ErrorCodeObjectNotFound) {
		return nil, fmt.Errorf("opening the HSM with its default key: %w", hsm.ErrNotFresh)
	}
	if err != nil {
		return nil, fmt.Errorf("opening the HSM with its default key: %w", err)
	}
	return c, nil
}

// wrongKey reports whether a session failed because the two sides hold
// different keys. The device says so only if it judges the host's proof, which
// it never gets to see here unless its own was right.
func wrongKey(err error) bool {
	return errors.Is(err, errCryptogram) || hasCode(err, commands.ErrorCodeAuthFail)
}

// Random implements hsm.Device.
func (d *Device) Random(ctx context.Context, n int) ([]byte, error) {
	id, err := d.identify(ctx)
	if err != nil {
		return nil, fmt.Errorf("drawing random bytes from the HSM: %w", err)
	}
	c, err := d.openDefault(ctx, id.firmware)
	if err != nil {
		return nil, fmt.Errorf("drawing random bytes from the HSM: %w", err)
	}
	b, err := random(ctx, c, n)
	return b, errors.Join(err, c.close(ctx))
}

// sender is a channel, or a session that keeps one open.
type sender interface {
	send(ctx context.Context, command byte, data []byte) ([]byte, error)
}

// random reads n bytes of the device's generator.
func random(ctx context.Context, s sender, n int) ([]byte, error) {
	if n < 1 || n > hsm.MaxRandom {
		return nil, fmt.Errorf("drawing %d random bytes from the HSM: between 1 and %d are possible", n, hsm.MaxRandom)
	}
	b, err := run(ctx, s, commands.CreateGetPseudoRandomCommand(uint16(n)), nil)
	if err == nil {
		err = exactly(b, n)
	}
	if err != nil {
		return nil, fmt.Errorf("drawing random bytes from the HSM: %w", err)
	}
	return b, nil
}

// run sends a command that package commands built.
func run(ctx context.Context, s sender, c *commands.CommandMessage, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	return s.send(ctx, byte(c.CommandType), c.Data)
}
