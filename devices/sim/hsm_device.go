package sim

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

// HSM is a YubiHSM 2 seen from its USB endpoints: one message in, one message
// out. It holds objects, sixteen sessions, options and an audit log, and
// judges each command as the device does (docs.yubico.com, YubiHSM 2 User
// Guide, "Command Reference" and "Core Concepts").
//
// It implements the commands that a certification authority meets; HMAC,
// symmetric, template and OTP keys, decryption and asymmetric authentication
// answer 01h (invalid command). What its public documentation
// leaves open is answered the strict way.
//
// An HSM may be used by several goroutines.
type HSM struct {
	// Trace, when set before use, is called once for every message that was
	// sent, in their order, after its outcome is settled. It must not call
	// the HSM.
	Trace func(HSMFrame)

	mu       sync.Mutex
	clock    func() time.Time
	random   io.Reader
	state    hsmState
	sessions [hsmMaxSessions]*hsmSession
	booted   time.Time
	boots    int
	absent   bool
	frames   int
	faults   map[int]HSMFault
	frame    HSMFrame // the one being handled
	file     *hsmFile // nil: the state is kept by Save alone
}

var (
	// ErrHSMNoAnswer is what a host sees when a message or its answer is lost:
	// whether the command was executed cannot be told from it.
	ErrHSMNoAnswer = errors.New("simulated HSM: no answer")
	// ErrHSMUnplugged is what a host sees while the device is unplugged.
	ErrHSMUnplugged = errors.New("simulated HSM: not plugged in")
)

// HSMOption changes a new HSM.
type HSMOption func(*HSM)

// WithHSMClock sets the clock that sessions expire by and the log ticks by;
// without it, time.Now.
func WithHSMClock(now func() time.Time) HSMOption { return func(h *HSM) { h.clock = now } }

// WithHSMRandom sets the source of challenges, object IDs, random bytes,
// nonces, wrap keys, elliptic curve and Ed25519 keys; without it, crypto/rand.
// RSA keys and signatures always draw from crypto/rand.
func WithHSMRandom(r io.Reader) HSMOption { return func(h *HSM) { h.random = r } }

// WithHSMFirmware sets the firmware version; without it, 2.4.1. Before 2.4.0
// messages are limited to 2048 bytes and most commands are audited from the
// factory; from then on the limit is 3136 and nothing is audited.
func WithHSMFirmware(major, minor, patch byte) HSMOption {
	return func(h *HSM) { h.state.Firmware = [3]byte{major, minor, patch} }
}

// NewHSM makes a factory-fresh device and plugs it in: one authentication key,
// ID 1, with every capability and the password "password"; an attestation key
// and its certificate at ID 0; no option set.
func NewHSM(serial uint32, options ...HSMOption) *HSM {
	h := newHSM()
	h.state.Serial = serial
	h.state.Firmware = [3]byte{2, 4, 1}
	for _, option := range options {
		option(h)
	}
	h.makeAttestation()
	h.factoryReset()
	return h
}

func newHSM() *HSM {
	return &HSM{clock: time.Now, random: rand.Reader, faults: map[int]HSMFault{}}
}

// Serial is the number on the device's case; USB shows it zero-padded to ten digits.
func (h *HSM) Serial() uint32 { return h.state.Serial }

// Plugged says whether the device is in its socket.
func (h *HSM) Plugged() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return !h.absent
}

// Plug puts the device back into its socket and powers it on. Every session
// is gone, and the log says that it booted.
func (h *HSM) Plug() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.absent {
		h.absent = false
		h.boot()
	}
}

// Boots counts how often the device has started: whoever holds its connection sees
// it leave the bus and come back.
func (h *HSM) Boots() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.boots
}

// Unplug takes the power away; until Plug every message ends with ErrHSMUnplugged.
func (h *HSM) Unplug() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.powerOff()
}

func (h *HSM) powerOff() {
	h.absent = true
	h.sessions = [hsmMaxSessions]*hsmSession{}
}

func (h *HSM) boot() {
	h.sessions = [hsmMaxSessions]*hsmSession{}
	h.booted = h.clock()
	h.boots++
	h.logBoot()
}

// factoryReset clears everything but the serial number, the firmware and the
// attestation key, and boots.
func (h *HSM) factoryReset() {
	kept := h.state
	h.state = hsmState{
		Format: hsmFormat, Serial: kept.Serial, Firmware: kept.Firmware,
		AttestationKey: kept.AttestationKey, AttestationCert: kept.AttestationCert,
		Audit: kept.factoryAudit(), Sequences: map[string]byte{},
	}
	h.state.Objects = []*hsmObject{{
		ID: hsmDefaultAuthKeyID, Type: hsmAuthKey, Algorithm: hsmAuthAES, Origin: hsmImported,
		Label:   hsmLabel("DEFAULT AUTHKEY CHANGE THIS ASAP"),
		Domains: 0xffff, Capabilities: hsmCapAll, Delegated: hsmCapAll,
		Secret: []byte(hsmDefaultSecret),
	}}
	h.logGenesis()
	h.boot()
}

// modern says whether the firmware is 2.4.0 or later.
func (s *hsmState) modern() bool {
	return s.Firmware[0] > 2 || s.Firmware[0] == 2 && s.Firmware[1] >= 4
}

// maxMessage is the longest message, header included.
func (h *HSM) maxMessage() int {
	if h.state.modern() {
		return 3136
	}
	return 2048
}

// Exchange sends one message, command(1) ‖ length(2, big endian) ‖ data, and
// returns the device's answer in the same form. An error means that no answer
// came: the command may have been executed or not.
func (h *HSM) Exchange(ctx context.Context, message []byte) (answer []byte, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("simulated HSM: message not sent: %w", err)
	}
	if h.absent {
		return nil, ErrHSMUnplugged
	}
	h.frames++
	h.frame = HSMFrame{Number: h.frames, Session: -1, AuthKey: hsmNobody, Target: hsmNobody, Second: hsmNobody}
	if len(message) > 0 {
		h.frame.Command = message[0]
	}
	fault := h.takeFault()
	if h.faultBefore(fault) {
		answer = h.handle(message)
		h.frame.Executed = true
	} else {
		h.frame.Result = byte(hsmNotExecuted)
	}
	if kept := h.keep(); kept != nil { // as if the power had failed
		h.powerOff()
		return nil, kept
	}
	answer, err = h.faultAfter(fault, answer)
	h.frame.Answered = err == nil
	if h.Trace != nil {
		h.Trace(h.frame)
	}
	return answer, err
}

// handle executes one message and returns its answer, which is never empty.
func (h *HSM) handle(message []byte) []byte {
	if len(message) < hsmHeader || len(message) > h.maxMessage() ||
		len(message) != hsmHeader+int(binary.BigEndian.Uint16(message[1:])) {
		h.frame.Result = byte(hsmWrongLength)
		return hsmError(hsmWrongLength)
	}
	data := append([]byte(nil), message[hsmHeader:]...)
	var answer []byte
	var code hsmCode
	switch command := message[0]; command {
	case hsmEcho, hsmDeviceInfo:
		answer, code = h.execute(command, data, nil)
	case hsmCreateSession:
		answer, code = h.createSession(data)
	case hsmAuthSession:
		answer, code = h.authenticateSession(data)
	case hsmSessionMessage:
		answer, code = h.sessionMessage(data)
		if code == hsmOK {
			return answer // the inner command's result is already in the frame
		}
	default:
		code = hsmInvalidCommand // or one that needs a session
	}
	h.frame.Result = byte(code)
	if code != hsmOK {
		return hsmError(code)
	}
	return hsmMessage(message[0]|hsmAnswer, answer)
}

// randomBytes never fails: a source that runs dry is replaced by crypto/rand.
func (h *HSM) randomBytes(n int) []byte {
	out := make([]byte, n)
	if _, err := io.ReadFull(h.random, out); err != nil {
		rand.Read(out)
	}
	return out
}
