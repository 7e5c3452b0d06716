//go:build vm

package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"anodize/cmd/internal/twin"
	"anodize/core/ceremony"
	"anodize/devices/qemu"
	"anodize/ui/host"
)

// beside is a rehearsal that a test plays beside a machine.
type beside struct {
	*player
	ctx context.Context
}

func (b beside) View() *ceremony.View { return b.ceremony.View() }
func (b beside) Settle() error        { return b.settle(b.ctx) }

// boot starts a rehearsal as the first program of a machine, or beside one that moves a
// finger; and its twin.
func boot(t *testing.T, display qemu.Display, touch bool) *twin.Kiosk {
	t.Helper()
	o := options{profile: "../../testdata/profile.toml", csrs: []string{"../../testdata/intermediate.csr"}, out: t.TempDir()}
	boot := qemu.Options{
		Program: qemu.Build(t, "anodize/cmd/anodize-rehearsal"),
		Args:    []string{"-display", "kms", "-profile", "/profile.toml", "-csr", "/intermediate.csr", "-out", "/tmp/rehearsal"},
		Files:   map[string]string{"/profile.toml": o.profile, "/intermediate.csr": o.csrs[0]},
		Display: display, Modules: twin.Modules(), Extra: twin.Arguments(),
	}
	if touch {
		boot.Files["/kiosk"] = boot.Program
		boot.Program = qemu.Build(t, "anodize/cmd/anodize-rehearsal/internal/vminit")
		boot.Modules = append(boot.Modules, "uinput")
	}
	vm := qemu.Boot(t, boot)
	if touch {
		vm.Expect("READY")
	}
	return twin.New(t, vm, func(window *host.Headless) twin.Play {
		stage, err := newStage(o)
		if err != nil {
			t.Fatal(err)
		}
		r, c, err := stage.ceremony()
		if err != nil {
			t.Fatal(err)
		}
		p, stop := newPlayer(t.Context(), c, window, r, filepath.Join(o.out, screensName))
		t.Cleanup(stop)
		return beside{p, t.Context()}
	})
}

// gates goes through them by keys: the clock, the stick, the profile, the HSM, the disc.
func gates(k *twin.Kiosk) {
	for range 5 {
		k.MustShow()
		k.Press("Enter")
	}
	k.MustShow()
}

// enterNames goes from the menu to the names of the custodians by keys.
func enterNames(t *testing.T, k *twin.Kiosk) {
	t.Helper()
	menu, ok := k.View().Body.(ceremony.MenuBody)
	if !ok {
		t.Fatalf("%q is no menu", k.View().Title)
	}
	i := slices.IndexFunc(menu.Cards, func(c ceremony.Choice) bool { return c.Label == "Init root" })
	k.Press(fmt.Sprint(i + 1))
	k.MustShow()
	k.Press("Enter") // the time is still right
	k.MustShow()
}

// TestSmokeFrameAndKeys is the shortest walk: the first frame, and the gates by keys.
func TestSmokeFrameAndKeys(t *testing.T) {
	gates(boot(t, qemu.Bochs, false))
}

func TestAWholeScreenIsWalkedByKeys(t *testing.T) {
	k := boot(t, qemu.VirtioGPU, false)
	gates(k)
	enterNames(t, k)
	k.Write("Alice Bakery")
	k.MustShow()
	for _, key := range []string{"Backspace", "F9", "Enter", "Tab"} {
		k.Press(key)
		k.MustShow()
	}
}

// toTheNames are the buttons from the first screen to the names of the custodians.
var toTheNames = []string{"It is right", "Use this stick", "It is the profile", "The same number", "A new archive", "Init root", "It is right"}

func TestAWholeScreenIsWalkedByTablet(t *testing.T) {
	k := boot(t, qemu.Bochs, false)
	k.MustShow()
	for _, label := range toTheNames {
		k.Click(label)
		k.MustShow()
	}
}

func TestAWholeScreenIsWalkedByTouch(t *testing.T) {
	k := boot(t, qemu.Bochs, true)
	k.MustShow()
	for _, label := range append(slices.Clone(toTheNames), "Shift", "A", "Shift", "n", "n", "Backspace", "n", "Add") {
		k.Tap(label)
		k.MustShow()
	}
}

func TestAKeyboardIsPulledOutAndPluggedIn(t *testing.T) {
	k := boot(t, qemu.Bochs, false)
	gates(k)
	for _, id := range []string{"keyboard", "another"} {
		enterNames(t, k) // by the keyboard that stays
		k.Plug("usb-kbd", id, map[string]any{"bus": "usb.0"})
		k.PressUntilHeard("Esc") // back to the menu, where it means nothing
		k.Unplug(id)
	}
}
