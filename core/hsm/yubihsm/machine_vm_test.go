//go:build vm

package yubihsm_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"anodize/core/hsm"
	"anodize/core/hsm/yubihsm"
	"anodize/devices/qemu"
	"anodize/devices/qemu/guest"
	"anodize/devices/sim"
	"anodize/devices/sim/usbredir"
	"anodize/devices/usb"
)

// TestMain is also the program of the virtual machine.
func TestMain(m *testing.M) {
	if os.Getpid() == 1 {
		inGuest()
		return
	}
	os.Exit(m.Run())
}

// inGuest makes the HSM on the machine's USB its own and signs with it.
func inGuest() {
	defer guest.PowerOff()
	port, err := guest.Open()
	if err != nil {
		fmt.Println(err)
		return
	}
	port.Say("READY")
	port.Serve(func([]string) (any, error) { return useHSM(context.Background()) })
}

// foundHSM opens the machine's HSM, for which it waits.
func foundHSM() (*usb.Device, error) {
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		found, err := usb.Find("")
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			continue
		}
		d, err := usb.Open(found[0])
		if errors.Is(err, usb.ErrGone) { // its node comes a moment after it
			continue
		}
		return d, err
	}
	return nil, errors.New("there is no HSM")
}

// useHSM bootstraps, makes a key and signs; what is returned tells that it did.
func useHSM(ctx context.Context) (done []string, err error) {
	frames, err := foundHSM()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, frames.Close()) }()
	before := frames.Location().ID
	d := yubihsm.New(frames)
	if err := d.Bootstrap(ctx, newPIN(), nil); err != nil {
		return nil, err
	}
	if frames.Location().ID != before {
		done = append(done, "restarted")
	}
	session, err := d.Open(ctx, newPIN())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, session.Close(ctx)) }()
	key, err := session.GenerateKey(ctx, "root", hsm.ECDSAP384)
	if err != nil {
		return nil, err
	}
	if _, err := session.Sign(ctx, key, []byte("to be signed")); err != nil {
		return nil, err
	}
	log, err := session.ReadLog(ctx)
	if err != nil {
		return nil, err
	}
	entries, err := log.VerifyFrom(hsm.LogEntry{})
	if err != nil {
		return nil, err
	}
	return append(done, entries[len(entries)-1].Name()), nil
}

// The whole way of a message: the driver's frames, usbfs, the kernel's controller,
// the device's packets. RESET DEVICE takes it off the bus in between.
func TestAnHSMOnTheKernelsUSB(t *testing.T) {
	vm := qemu.Boot(t, qemu.Options{Program: qemu.BuildTest(t), Modules: []string{"xhci-pci"}, USB: []string{"hsm"}})
	vm.Expect("READY")
	ctx, cancel := context.WithCancel(context.Background())
	socket, served := vm.USB("hsm"), make(chan error, 1)
	go func() { served <- usbredir.Serve(ctx, socket, usbredir.NewHSM(sim.NewHSM(serial))) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Errorf("serving the HSM: %v", err)
		}
	})
	var done []string
	vm.Ask(t, &done, "use")
	if want := []string{"restarted", "SIGN ECDSA"}; !slices.Equal(done, want) {
		t.Errorf("the machine says %q, not %q", done, want)
	}
}
