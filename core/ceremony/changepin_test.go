package ceremony

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"anodize/core/archive/archivetest"
	"anodize/core/audit"
	"anodize/core/disc"
	"anodize/core/hsm"
	"anodize/core/hsm/yubihsm"
	"anodize/core/profile"
	"anodize/core/secret"
	"anodize/core/state"
	"anodize/devices/sim"
)

// fleetRoom is a room with two HSMs and nothing else.
type fleetRoom struct{ devices []hsm.Device }

func (r *fleetRoom) Now() time.Time                                     { return time.Unix(1_800_000_000, 0) }
func (r *fleetRoom) SetClock(time.Time) error                           { return nil }
func (r *fleetRoom) Stick(context.Context) (Stick, error)               { return nil, ErrAbsent }
func (r *fleetRoom) Drive(context.Context) (disc.Transport, error)      { return nil, ErrAbsent }
func (r *fleetRoom) Changed() <-chan struct{}                           { return nil }
func (r *fleetRoom) HSMs(context.Context, string) ([]hsm.Device, error) { return r.devices, nil }

func pin(b byte) *secret.Bytes {
	p := make([]byte, hsm.PINSize)
	for i := range p {
		p[i] = b
	}
	return secret.Own(p)
}

// committedFleet is an archive whose new shares are committed for two HSMs, and
// those HSMs as they are then, saved.
type committedFleet struct {
	log     *audit.Log
	saved   map[string][]byte // by serial number
	serials []string
}

func newCommittedFleet(t *testing.T) committedFleet {
	t.Helper()
	b := archivetest.New(t, "rehearsal")
	b.NoImages = true
	b.InitRoot()
	b.Backup()
	b.CommitRekey(b.IntendRekey(1), 0)
	f := committedFleet{log: b.Log, saved: map[string][]byte{}, serials: []string{archivetest.First().Serial, archivetest.Second.Serial}}
	for i, serial := range []uint32{34332673, 34332712} {
		h := sim.NewHSM(serial)
		old := pin(1)
		if err := yubihsm.New(h).Bootstrap(t.Context(), old, nil); err != nil {
			t.Fatal(err)
		}
		saved, err := h.Save()
		if err != nil {
			t.Fatal(err)
		}
		f.saved[f.serials[i]] = saved
	}
	return f
}

// rekeying is one run of changePINs on such a fleet.
type rekeying struct {
	committedFleet
	c    *Ceremony
	in   *intended
	hsms map[string]*sim.HSM
	err  error
}

// begin opens both HSMs with the old PIN.
func (f committedFleet) begin(t *testing.T) *rekeying {
	t.Helper()
	r := &rekeying{committedFleet: f, hsms: map[string]*sim.HSM{}}
	room := &fleetRoom{}
	for _, serial := range f.serials {
		h, err := sim.LoadHSM(f.saved[serial])
		if err != nil {
			t.Fatal(err)
		}
		r.hsms[serial] = h
		room.devices = append(room.devices, yubihsm.New(h))
	}
	r.c = &Ceremony{stage: newStage(room.Now, nil), room: room}
	r.c.table.profile = &profile.Profile{HSM: profile.HSM{Backend: hsm.YubiHSM}}
	r.in = &intended{record: f.log.Clone()}
	for i, serial := range f.serials {
		session, err := room.devices[i].Open(t.Context(), pin(1))
		if err != nil {
			t.Fatal(err)
		}
		r.in.opened(t.Context(), plugged{room.devices[i], hsm.Info{Serial: serial}}, session)
	}
	return r
}

// change runs it; people go on without an HSM that does not answer.
func (r *rekeying) change(t *testing.T) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		for {
			if v := r.c.View(); !v.Working && strings.HasSuffix(v.Title, "does not answer") {
				r.c.Send(v.Screen, Press{"without"})
			}
			select {
			case <-done:
				return
			case <-r.c.Updated():
			}
		}
	}()
	r.err = r.c.changePINs(t.Context(), r.in, committed{}, r.serials, key{pin(1), 0}, key{pin(2), 1})
	close(done)
	r.c.publish(func(*View) {}) // whoever waits for people ends
	r.in.logout(t.Context())
}

// opensTo says which PINs open an HSM, plugged in again and well.
func (r *rekeying) opensTo(t *testing.T, serial string) []int {
	t.Helper()
	h := r.hsms[serial]
	h.Unplug()
	h.Plug()
	var to []int
	for generation, p := range []*secret.Bytes{pin(1), pin(2)} {
		s, err := yubihsm.New(h).Open(t.Context(), p)
		switch {
		case err == nil:
			to = append(to, generation)
			s.Close(t.Context())
		case !errors.Is(err, hsm.ErrWrongPIN):
			t.Fatalf("HSM %s: %v", serial, err)
		}
	}
	return to
}

var hsmFaults = map[string]sim.HSMFault{
	"the message is lost": sim.HSMLoseMessage,
	"the answer is lost":  sim.HSMLoseAnswer,
	"half an answer":      sim.HSMHalfAnswer,
	"a wrong MAC":         sim.HSMWrongMAC,
	"sessions expired":    sim.HSMExpireSessions,
	"the log is full":     sim.HSMFillLog,
	"unplugged before":    sim.HSMUnplugBefore,
	"unplugged after":     sim.HSMUnplugAfter,
}

// Whatever fails at whatever message to whichever HSM: all HSMs that answer end on
// one PIN, and what the log says of every HSM is so.
func TestARekeyWithOneHSMFailingAtEveryMessage(t *testing.T) {
	fleet := newCommittedFleet(t)
	well := fleet.begin(t)
	frames := map[string]int{}
	for serial, h := range well.hsms {
		frames[serial] = h.Frames()
	}
	well.change(t)
	if well.err != nil {
		t.Fatal(well.err)
	}
	for serial, h := range well.hsms {
		frames[serial] = h.Frames() - frames[serial]
	}
	runs, undone, silent := 0, 0, 0
	for _, serial := range fleet.serials {
		if frames[serial] < 5 {
			t.Fatalf("HSM %s was sent %d messages", serial, frames[serial])
		}
		for name, fault := range hsmFaults {
			for n := 1; n <= frames[serial]; n++ {
				r := fleet.begin(t)
				r.hsms[serial].FaultIn(n, fault)
				r.change(t)
				runs++
				if r.err != nil {
					undone++
				}
				if r.holds(t, fmt.Sprintf("HSM %s, message %d, %s", serial, n, name)) {
					silent++
				}
			}
		}
	}
	t.Logf("%d faults: %d times all HSMs went back, %d times one was silent at the end", runs, undone, silent)
	if undone == 0 || silent == 0 {
		t.Error("not every way out was taken")
	}
}

// holds checks what became of the HSMs, and reports whether one fell silent.
func (r *rekeying) holds(t *testing.T, where string) (silent bool) {
	t.Helper()
	s, err := state.Replay(r.in.record)
	if err != nil {
		t.Fatalf("%s: %v", where, err)
	}
	var certain []int
	for _, d := range s.HSMFleet {
		to := r.opensTo(t, d.Serial)
		if len(to) != 1 || !slices.Contains(d.Generations, to[0]) {
			t.Errorf("%s: HSM %s opens to %d; on record is %d", where, d.Serial, to, d.Generations)
		}
		if len(d.Generations) > 1 {
			silent = true
		} else {
			certain = append(certain, d.Generations[0])
		}
	}
	if len(slices.Compact(certain)) > 1 {
		t.Errorf("%s: HSMs that answer are on different PINs: %+v", where, s.HSMFleet)
	}
	if changed := len(certain) > 0 && certain[0] == 1; changed != (r.err == nil) {
		t.Errorf("%s: it says %v; on record is %+v", where, r.err, s.HSMFleet)
	}
	return silent
}
