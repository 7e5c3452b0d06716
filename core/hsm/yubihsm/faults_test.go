package yubihsm_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"anodize/core/hsm"
	"anodize/core/hsm/yubihsm"
	"anodize/devices/sim"
)

// Commands by what they look like on the simulator's trace.
const (
	cmdReset      = 0x08
	cmdDelete     = 0x58
	cmdPutAuthKey = 0x44
	cmdSignEdDSA  = 0x6a

	cmdPutWrapKey    = 0x4c
	cmdExport        = 0x4a
	cmdImport        = 0x4b
	cmdChangeAuthKey = 0x6c
	cmdGenerate      = 0x46
	cmdAttest        = 0x64
	cmdSetLogIndex   = 0x67
)

var faults = map[string]sim.HSMFault{
	"message lost":      sim.HSMLoseMessage,
	"answer lost":       sim.HSMLoseAnswer,
	"half an answer":    sim.HSMHalfAnswer,
	"wrong MAC":         sim.HSMWrongMAC,
	"sessions expired":  sim.HSMExpireSessions,
	"unplugged before":  sim.HSMUnplugBefore,
	"unplugged after":   sim.HSMUnplugAfter,
	"log filled before": sim.HSMFillLog,
}

// traced is a simulated device that keeps what it was sent.
type traced struct {
	*sim.HSM
	frames []sim.HSMFrame
}

func newTraced() *traced {
	h := &traced{HSM: sim.NewHSM(serial)}
	h.Trace = func(f sim.HSMFrame) { h.frames = append(h.frames, f) }
	return h
}

// executed counts how often the device carried out a command in a session.
func (h *traced) executed(command byte) (n int) {
	for _, f := range h.frames {
		if f.Inner == command && f.Executed && f.Result == 0 {
			n++
		}
	}
	return n
}

// afterFault counts the messages that followed the one that went wrong.
func (h *traced) afterFault() int {
	i := slices.IndexFunc(h.frames, func(f sim.HSMFrame) bool { return f.Fault != sim.HSMNoFault })
	return len(h.frames) - 1 - i
}

// Whatever goes wrong at whatever message of a bootstrap, no command that
// changes the device runs twice, nothing is sent after the fault, and a device
// that opens afterwards is one that was set up in full.
func TestBootstrapWithAFaultAtEveryMessage(t *testing.T) {
	whole := newTraced()
	if err := yubihsm.New(whole).Bootstrap(t.Context(), newPIN(), nil); err != nil {
		t.Fatal(err)
	}
	for name, fault := range faults {
		for n := 1; n <= len(whole.frames); n++ {
			t.Run(fmt.Sprintf("%s at message %d", name, n), func(t *testing.T) {
				h := newTraced()
				h.FaultIn(n, fault)
				err := yubihsm.New(h).Bootstrap(t.Context(), newPIN(), nil)
				for _, command := range []byte{cmdReset, cmdPutAuthKey, cmdDelete} {
					if times := h.executed(command); times > 1 {
						t.Errorf("%s ran %d times", hsm.CommandName(command), times)
					}
				}
				// A session that expired is noticed when it is next used, and a
				// reset may well swallow its own answer.
				hidden := fault == sim.HSMExpireSessions || fault == sim.HSMFillLog || whole.frames[n-1].Inner == cmdReset
				if err != nil && !hidden && h.afterFault() != 0 {
					t.Errorf("%d messages after the fault", h.afterFault())
				}
				h.Plug()
				checkBootstrapped(t, h, err)
			})
		}
	}
}

// checkBootstrapped opens the device as the next ceremony would.
func checkBootstrapped(t *testing.T, h *traced, bootstrapErr error) {
	t.Helper()
	d := yubihsm.New(h)
	s, err := d.Open(context.Background(), newPIN())
	if bootstrapErr == nil && err != nil {
		t.Fatalf("the bootstrap succeeded and the device does not open: %v", err)
	}
	if err != nil {
		return
	}
	if _, err := d.Random(context.Background(), 1); !errors.Is(err, hsm.ErrNotFresh) {
		t.Errorf("the device opens with the PIN and with the default key: %v", err)
	}
	if err := s.Close(context.Background()); err != nil {
		t.Error(err)
	}
}

// A bootstrap that was broken off before the default key was deleted leaves a
// device that anyone can open: it is refused, and the error names the key.
func TestDefaultKeyStillThereIsRefused(t *testing.T) {
	whole := newTraced()
	if err := yubihsm.New(whole).Bootstrap(t.Context(), newPIN(), nil); err != nil {
		t.Fatal(err)
	}
	n := slices.IndexFunc(whole.frames, func(f sim.HSMFrame) bool { return f.Inner == cmdDelete })
	h := newTraced()
	h.FaultIn(n+1, sim.HSMLoseMessage)
	d := yubihsm.New(h)
	if err := d.Bootstrap(t.Context(), newPIN(), nil); !errors.Is(err, hsm.ErrOutcomeUnknown) || !strings.Contains(err.Error(), "metal rim") {
		t.Fatalf("the broken-off bootstrap: %v", err)
	}
	var foreign *hsm.ForeignObjectsError
	if _, err := d.Open(t.Context(), newPIN()); !errors.As(err, &foreign) || !strings.HasPrefix(foreign.Objects[0], "authentication key 0x0001") {
		t.Errorf("opening it: %v", err)
	}
	if err := d.Bootstrap(t.Context(), newPIN(), nil); !errors.As(err, &foreign) || !strings.HasPrefix(foreign.Objects[0], "authentication key 0x0002") {
		t.Errorf("bootstrapping it again: %v", err)
	}
}

// A signature whose answer is lost is not asked for again, and the device's log
// says whether it was made.
func TestSignWithAFault(t *testing.T) {
	for name, fault := range faults {
		if fault == sim.HSMFillLog {
			continue // an authenticated refusal, in TestLogIsReadAcknowledgedAndContinued
		}
		t.Run(name, func(t *testing.T) {
			h := newTraced()
			d := yubihsm.New(h)
			if err := d.Bootstrap(t.Context(), newPIN(), nil); err != nil {
				t.Fatal(err)
			}
			s := open(t, d)
			key, err := s.GenerateKey(t.Context(), "root", hsm.Ed25519)
			if err != nil {
				t.Fatal(err)
			}
			h.FaultIn(1, fault)
			if sig, err := s.Sign(t.Context(), key, []byte("m")); !errors.Is(err, hsm.ErrOutcomeUnknown) || sig != nil {
				t.Fatalf("%x, %v; want ErrOutcomeUnknown", sig, err)
			}
			if _, err := s.Sign(t.Context(), key, []byte("m")); !errors.Is(err, hsm.ErrSessionDead) {
				t.Fatalf("the session lives on: %v", err)
			}
			if n := h.afterFault(); n != 0 {
				t.Errorf("%d messages after the fault", n)
			}
			h.Plug()
			log, err := open(t, d).ReadLog(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			logged := 0
			for _, e := range log.Entries {
				if e.Command == cmdSignEdDSA && e.Succeeded() {
					logged++
				}
			}
			if n := h.executed(cmdSignEdDSA); n != logged {
				t.Errorf("%d signatures were made, the log tells of %d", n, logged)
			}
		})
	}
}

// A whole ceremony's worth of commands, and whatever may go wrong at each
// message: nothing that changes the device or uses the key runs twice, nothing
// follows the fault, and the device opens afterwards with the PIN that it has.
func TestSessionWithAFaultAtEveryMessage(t *testing.T) {
	fresh := savedPair(t, hsm.Ed25519)
	whole := fresh(t)
	if err := ceremony(t.Context(), whole.devices[1]); err != nil {
		t.Fatal(err)
	}
	for name, fault := range faults {
		for n := 1; n <= len(whole.sims[1].frames); n++ {
			t.Run(fmt.Sprintf("%s at message %d", name, n), func(t *testing.T) {
				p := fresh(t)
				h, d := p.sims[1], p.devices[1]
				h.FaultIn(n, fault)
				if err := ceremony(t.Context(), d); err != nil && fault != sim.HSMExpireSessions && fault != sim.HSMFillLog && h.afterFault() != 0 {
					t.Errorf("%d messages after the fault: %v", h.afterFault(), err)
				}
				for _, command := range []byte{cmdGenerate, cmdSignEdDSA, cmdAttest, cmdSetLogIndex, cmdChangeAuthKey} {
					if times := h.executed(command); times > 1 {
						t.Errorf("%s ran %d times", hsm.CommandName(command), times)
					}
				}
				h.Plug()
				pin := newPIN()
				if h.executed(cmdChangeAuthKey) == 1 {
					pin = nextPIN()
				}
				if _, err := d.Open(t.Context(), pin); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// ceremony uses every method of a session once.
func ceremony(ctx context.Context, d *yubihsm.Device) error {
	s, err := d.Open(ctx, newPIN())
	if err != nil {
		return err
	}
	key, err := s.GenerateKey(ctx, "another root", hsm.Ed25519)
	if err == nil {
		key, err = s.FindKey(ctx, key.Label)
	}
	if err == nil {
		_, err = s.Sign(ctx, key, []byte("m"))
	}
	if err == nil {
		_, err = s.(hsm.Attester).Attest(ctx, key)
	}
	if err == nil {
		_, err = s.Random(ctx, 32)
	}
	var log hsm.Log
	if err == nil {
		log, err = s.ReadLog(ctx)
	}
	if err == nil && len(log.Entries) > 0 {
		err = s.AckLog(ctx, log.Entries[len(log.Entries)-1].Number)
	}
	if err == nil {
		err = s.ChangePIN(ctx, nextPIN())
	}
	if err != nil {
		return err // a dead session sends nothing, not even to be closed
	}
	return s.Close(ctx)
}

func TestIdleSessionOnTheDevicesClock(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	clock := func() time.Time { return now }
	_, d := bootstrapped(t, sim.WithHSMClock(clock))
	d.SetClock(clock)
	s := open(t, d)
	for _, idle := range []time.Duration{24 * time.Second, 29 * time.Second, 31 * time.Second, time.Hour} {
		now = now.Add(idle)
		if _, err := s.Random(t.Context(), 8); err != nil {
			t.Fatalf("after %s: %v", idle, err)
		}
	}
	now = now.Add(time.Minute)
	if err := s.Close(t.Context()); err != nil {
		t.Errorf("closing an expired session: %v", err)
	}
	if _, err := s.Random(t.Context(), 8); !errors.Is(err, hsm.ErrSessionDead) {
		t.Errorf("a closed session reopened itself: %v", err)
	}
}

// restarting is a device that leaves the bus with its reset.
type restarting struct {
	yubihsm.Frames
	next   yubihsm.Frames
	opened int
}

func (r *restarting) Reopen(context.Context) error {
	r.opened++
	r.Frames = r.next
	return nil
}

func TestResetOfADeviceThatRestarts(t *testing.T) {
	h := sim.NewHSM(serial)
	frames := &restarting{Frames: h, next: h}
	if err := yubihsm.New(frames).Bootstrap(t.Context(), newPIN(), nil); err != nil || frames.opened != 1 {
		t.Errorf("reopened %d times, %v", frames.opened, err)
	}
	frames = &restarting{Frames: sim.NewHSM(serial), next: sim.NewHSM(serial + 1)}
	err := yubihsm.New(frames).Bootstrap(t.Context(), newPIN(), nil)
	if err == nil || !strings.Contains(err.Error(), "0034332673") || !strings.Contains(err.Error(), "0034332674") {
		t.Errorf("another device after the reset: %v", err)
	}
}

func TestCancelledBeforeSending(t *testing.T) {
	h, d := bootstrapped(t)
	s := open(t, d)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	before := h.Frames()
	if _, err := s.Random(ctx, 8); !errors.Is(err, context.Canceled) || errors.Is(err, hsm.ErrOutcomeUnknown) || h.Frames() != before {
		t.Errorf("%v, %d messages", err, h.Frames()-before)
	}
	if _, err := s.Random(t.Context(), 8); err != nil {
		t.Errorf("the session did not survive: %v", err)
	}
}

// The PIN that Open was given stays the caller's to wipe, and may be.
func TestOpenKeepsItsOwnPIN(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	clock := func() time.Time { return now }
	_, d := bootstrapped(t, sim.WithHSMClock(clock))
	d.SetClock(clock)
	pin := newPIN()
	s, err := d.Open(t.Context(), pin)
	if err != nil {
		t.Fatal(err)
	}
	pin.Wipe()
	now = now.Add(time.Minute)
	if _, err := s.Random(t.Context(), 8); err != nil {
		t.Error(err)
	}
}
