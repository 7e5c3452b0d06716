//go:build vm

package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"anodize/cmd/internal/gate"
	"anodize/cmd/internal/twin"
	"anodize/core/ceremony"
	"anodize/core/disc"
	"anodize/core/hsm"
	"anodize/devices/qemu"
	"anodize/ui/host"
)

// table is the room of the kiosk's twin: what the test plugs into the machine is laid
// on it too.
type table struct {
	changed chan struct{}

	mu    sync.Mutex
	env   gate.Environment
	stick ceremony.Stick // nil: none
}

func newTable(e gate.Environment) *table {
	return &table{env: e, changed: make(chan struct{}, 1)}
}

func (r *table) change(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f()
	r.changed <- struct{}{}
}

// Now is on the day on which the machine is switched on.
func (r *table) Now() time.Time           { return time.Date(2026, 4, 25, 14, 31, 22, 0, time.UTC) }
func (r *table) SetClock(time.Time) error { return errors.New("nobody sets this clock") }
func (r *table) Changed() <-chan struct{} { return r.changed }

func (r *table) Stick(context.Context) (ceremony.Stick, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stick == nil {
		return nil, fmt.Errorf("the stick is %w", ceremony.ErrAbsent)
	}
	return r.stick, nil
}

func (r *table) HSMs(context.Context, string) ([]hsm.Device, error) {
	return nil, fmt.Errorf("the HSM is %w", ceremony.ErrAbsent)
}

func (r *table) Drive(context.Context) (disc.Transport, error) {
	return nil, fmt.Errorf("the drive is %w", ceremony.ErrAbsent)
}

// Look tells what the machine's sentinel told the test.
func (r *table) Look() ceremony.Environment {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := ceremony.Environment{By: r.env.By, Crash: r.env.Crash, Warning: r.env.Warning}
	for _, s := range r.env.Sections {
		g := ceremony.FactGroup{Title: s.Title}
		for _, f := range s.Facts {
			g.Facts = append(g.Facts, ceremony.Fact{Name: f.Name, Value: f.Value})
		}
		e.Shown = append(e.Shown, g)
	}
	for _, f := range r.env.Claims {
		e.Claims = append(e.Claims, ceremony.Claim{Name: f.Name, Value: f.Value})
	}
	return e
}

// files are the twin's stick.
type files map[string][]byte

func (f files) List(context.Context) ([]string, error) {
	var names []string
	for name := range f {
		names = append(names, name)
	}
	slices.Sort(names)
	return names, nil
}

func (f files) ReadFile(_ context.Context, name string, _ int64) ([]byte, error) { return f[name], nil }

func (f files) WriteFile(context.Context, string, []byte) error {
	return errors.New("nothing is written yet")
}

// beside is a ceremony on a table, shown on a window.
type beside struct {
	*ceremony.Ceremony
	window *host.Headless
	sent   uint64
}

func (b *beside) Settle() error {
	for end := time.After(time.Minute); ; {
		v := b.View()
		if v.Handled < b.sent || v.Working {
			select {
			case <-b.Updated():
			case <-end:
				return errors.New("the ceremony does not come to an end with what it does")
			}
			continue
		}
		events, err := b.window.Frame(v)
		if err != nil || len(events) == 0 {
			return err
		}
		for _, e := range events {
			b.Send(e.Screen, e.Event)
			b.sent++
		}
	}
}

// watch starts a twin of the kiosk that has just been started.
func watch(t *testing.T, vm *qemu.VM, r *table) *twin.Kiosk {
	t.Helper()
	return twin.New(t, vm, func(window *host.Headless) twin.Play {
		ctx, cancel := context.WithCancel(t.Context())
		c := ceremony.New(ceremony.Setup{Room: r, Machine: r, Mode: ceremony.Dev, Random: rand.Reader, Power: true})
		ended := make(chan error, 1)
		go func() { ended <- c.Run(ctx) }()
		t.Cleanup(func() {
			cancel()
			<-ended
		})
		return &beside{Ceremony: c, window: window}
	})
}

// shows waits until the twin, and then the machine, shows a title.
func shows(t *testing.T, k *twin.Kiosk, title string) {
	t.Helper()
	for end := time.Now().Add(time.Minute); k.View().Title != title || k.View().Working; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the twin shows %q, not %q", k.View().Title, title)
		}
	}
	k.MustShow()
}

// The kiosk itself, behind the sentinel on a real kernel: shown, without privileges;
// a stick read through the gate; devices that are kept out; a kiosk that ends, and
// the machine's end.
func TestTheKioskBehindTheSentinel(t *testing.T) {
	profile := "../../testdata/profile.toml"
	content, err := os.ReadFile(profile)
	if err != nil {
		t.Fatal(err)
	}
	vm := qemu.Boot(t, qemu.Options{
		Program: guestProgram(t), Args: []string{"/anodize-ceremony", "-gate", "-mode", "dev"}, Display: qemu.Bochs,
		Modules: append(modules, twin.Modules()...),
		Files:   map[string]string{"/anodize-ceremony": qemu.Build(t, "anodize/cmd/anodize-ceremony")},
		Extra: append(twin.Arguments(), "-chardev", "null,id=null", "-serial", "none", "-netdev", "hubport,hubid=1,id=net",
			"-drive", "if=none,format=raw,id=stick,file="+stick(t, map[string]string{"profile.toml": profile})),
	})
	vm.Expect("READY")
	r := newTable(look(t, vm))
	k := watch(t, vm, r)
	shows(t, k, "Is this the machine?")
	checkPrivileges(t, vm)
	awaitConsole(t, vm, "A ceremony is running on this machine: go to its own screen.")

	// A network card and a serial adapter are kept out, and shown.
	vm.Plug("usb-net", "net0", map[string]any{"netdev": "net", "bus": "usb.0"})
	vm.Plug("usb-serial", "serial0", map[string]any{"chardev": "null", "bus": "usb.0", "always-plugged": true})
	e := await(t, vm, func(e gate.Environment) bool { return strings.Count(e.Warning, "not let in") == 2 })
	for _, id := range []string{"0525:a4a2", "0403:6001"} {
		if !strings.Contains(e.Warning, id) {
			t.Errorf("%s is not in %q", id, e.Warning)
		}
	}
	r.change(func() { r.env = e })
	shows(t, k, "Is this the machine?")
	k.Press("Enter")
	shows(t, k, "Is this the time?")
	vm.Unplug("net0")
	vm.Unplug("serial0")
	e = await(t, vm, func(e gate.Environment) bool { return !strings.Contains(e.Warning, "not let in") })
	r.change(func() { r.env = e })
	k.Press("Enter")
	shows(t, k, "Put the USB stick in")

	// The stick is mounted by the sentinel, and read by the kiosk.
	vm.Plug("usb-storage", "stick0", map[string]any{"drive": "stick", "bus": "usb.0", "removable": true})
	e = await(t, vm, func(e gate.Environment) bool { return strings.Contains(claims(e, "USB "), "let in: storage") })
	r.change(func() { r.env, r.stick = e, files{"profile.toml": content} })
	shows(t, k, "Is this the stick?")
	k.Press("Enter")
	shows(t, k, "Is this the profile?")
	vm.Send("nodes")
	if got := vm.Expect("NODES "); !strings.Contains(got, "/dev/sda 640") || strings.Contains(got, "/dev/bus/usb") || strings.Contains(got, "tty") {
		t.Errorf("the kiosk's nodes are %s", got)
	}

	// A kiosk that ends is started again, and that is told.
	vm.Send("kill")
	vm.Expect("KILLED ")
	e = await(t, vm, func(e gate.Environment) bool { return e.Crash != "" })
	r = newTable(e)
	r.stick = files{"profile.toml": content}
	k = watch(t, vm, r)
	shows(t, k, "Is this the machine?")
	if !strings.Contains(k.View().Notice.Text, "signal SIGSEGV") && !strings.Contains(k.View().Notice.Text, "exit status 2") {
		t.Errorf("the crash is told as %q", k.View().Notice.Text)
	}

	// The power button asks, and ends nothing by itself. It is given to the kiosk as a
	// keyboard is.
	pressPower := func() {
		vm.PressPower()
		k.Here(func(h *host.Headless) error { return h.Key("Power", 0) })
	}
	pressPower()
	shows(t, k, "Shut down?")
	k.Press("Esc")
	shows(t, k, "Is this the machine?")
	k.Press("Enter")
	shows(t, k, "Is this the time?")
	k.Press("s")
	shows(t, k, "What time is it?")
	pressPower()
	shows(t, k, "What time is it?")
	if k.View().StaysOn == "" {
		t.Error("the twin does not say why the machine stays on")
	}
	k.Press("Esc")

	// Shutting down leaves nothing behind: no process, no file.
	shows(t, k, "Is this the time?")
	pressPower()
	shows(t, k, "Shut down?")
	k.There("1")
	if got := vm.Expect("HALT "); got != `4321fedc 0 ["1"] <nil>` {
		t.Errorf("at the end: %s", got)
	}
}

func checkPrivileges(t *testing.T, vm *qemu.VM) {
	t.Helper()
	vm.Send("status")
	status := vm.Expect("STATUS ")
	for _, want := range []string{
		"Name: anodize-ceremon", "Uid: 1000 1000 1000 1000 ", "Gid: 1000 1000 1000 1000 ", "Groups: |", "NoNewPrivs: 1",
		"CapInh: 0000000000000000", "CapPrm: 0000000000000000", "CapEff: 0000000000000000", "CapBnd: 0000000000000000", "CapAmb: 0000000000000000",
	} {
		if !strings.Contains(status, want) {
			t.Errorf("the kiosk's status does not say %q: %s", want, status)
		}
	}
}
