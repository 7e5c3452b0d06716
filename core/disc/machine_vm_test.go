//go:build vm

package disc_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"anodize/core/disc"
	"anodize/devices/qemu"
	"anodize/devices/qemu/guest"
	"anodize/devices/scsi"
	"anodize/devices/sim"
	"anodize/devices/sim/usbredir"
)

// TestMain is also the program of the virtual machine.
func TestMain(m *testing.M) {
	if os.Getpid() == 1 {
		inGuest()
		return
	}
	os.Exit(m.Run())
}

// inGuest burns what the test tells it, on the drive that the kernel has found.
func inGuest() {
	defer guest.PowerOff()
	port, err := guest.Open()
	if err != nil {
		fmt.Println(err)
		return
	}
	port.Say("READY")
	port.Serve(func(words []string) (any, error) {
		n, err := strconv.Atoi(words[1])
		if err != nil {
			return nil, err
		}
		ctx := context.Background()
		switch words[0] {
		case "break":
			_, err := burnInGuest(ctx, n)
			failed, isBurn := errors.AsType[*disc.BurnError](err)
			if !isBurn {
				return nil, fmt.Errorf("the burn ends with %w", err)
			}
			return fmt.Sprintf("nothing written: %t; %v", failed.NothingWritten, err), nil
		case "resume":
			return resumeInGuest(ctx, n)
		}
		return burnInGuest(ctx, n)
	})
}

// foundDrive opens the machine's drive, for which it waits.
func foundDrive() (*scsi.Drive, error) {
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		found, err := scsi.Find("")
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			continue
		}
		d, err := scsi.Open(found[0])
		if errors.Is(err, scsi.ErrGone) { // its node comes a moment after it
			continue
		}
		return d, err
	}
	return nil, errors.New("there is no drive")
}

// burnInGuest burns the n-th session, after every directory that is there, and
// returns its address.
func burnInGuest(ctx context.Context, n int) (address uint32, err error) {
	transport, err := foundDrive()
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, transport.Close()) }()
	drive, err := disc.Open(ctx, transport)
	if err != nil {
		return 0, err
	}
	m, err := drive.Medium(ctx)
	if err != nil {
		return 0, err
	}
	sessions, errs := sessionsOf(ctx, drive, m)
	if len(errs) > 0 || len(sessions) != n-1 {
		return 0, fmt.Errorf("%d sessions before session %d: %w", len(sessions), n, errors.Join(errs...))
	}
	var dirs []disc.Directory
	for _, s := range sessions {
		if err := s.Verify(); err != nil {
			return 0, err
		}
		dirs = slices.Clone(s.Directories)
	}
	receipt, err := drive.Burn(ctx, m.Identity, volume(n), append(dirs, newStep(n)), nil)
	return receipt.Address(), err
}

// resumeInGuest closes what was broken off, burns the n-th session after it, and
// returns the drive's node.
func resumeInGuest(ctx context.Context, n int) (node string, err error) {
	transport, err := foundDrive()
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, transport.Close()) }()
	drive, err := disc.Open(ctx, transport)
	if err != nil {
		return "", err
	}
	m, err := drive.Medium(ctx)
	if err != nil {
		return "", err
	}
	void, err := drive.CloseUnfinished(ctx, m.Identity)
	if err != nil {
		return "", err
	}
	if len(void) != 1 {
		return "", fmt.Errorf("%d tracks were closed", len(void))
	}
	if m, err = drive.Medium(ctx); err != nil {
		return "", err
	}
	if _, err := drive.Burn(ctx, m.Identity, volume(n), []disc.Directory{newStep(1), newStep(n)}, nil); err != nil {
		return "", err
	}
	found, err := scsi.Find("")
	if err != nil {
		return "", err
	}
	if len(found) != 1 {
		return "", fmt.Errorf("%d drives", len(found))
	}
	return found[0].Node, nil
}

// guestBench is a machine with a simulated drive on its USB, in which the test
// changes the discs.
type guestBench struct {
	*testing.T
	vm    *qemu.VM
	drive *sim.Drive
}

func newGuestBench(t *testing.T) *guestBench {
	t.Helper()
	b := &guestBench{t, nil, sim.NewDrive()}
	b.vm = qemu.Boot(t, qemu.Options{
		Program: qemu.BuildTest(t), Modules: []string{"xhci-pci", "usb-storage", "sr_mod", "sg", "isofs"},
		USB: []string{"burner"}, Install: []string{"xorriso", "isoinfo"},
	})
	b.vm.Expect("READY")
	b.plug()
	return b
}

// plug connects the drive until the test ends, or the drive's power fails.
func (b *guestBench) plug() {
	b.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	socket, served := b.vm.USB("burner"), make(chan error, 1)
	go func() { served <- usbredir.Serve(ctx, socket, usbredir.NewMassStorage(b.drive, "0123456789AB")) }()
	b.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			b.Errorf("serving the drive: %v", err)
		}
	})
}

// insert takes out what is in the drive, and puts the disc in.
func (b *guestBench) insert(d *sim.Disc) {
	b.Helper()
	if _, err := b.drive.Eject(); err != nil {
		b.Fatal(err)
	}
	if err := b.drive.Insert(d); err != nil {
		b.Fatal(err)
	}
}

// burn appends sessions from the first to the last, ejecting the disc before each,
// and returns their addresses.
func (b *guestBench) burn(d *sim.Disc, from, to int) (addresses []string) {
	b.Helper()
	for n := from; n <= to; n++ {
		b.insert(d)
		var address uint32
		b.vm.Ask(b, &address, "burn", fmt.Sprint(n))
		addresses = append(addresses, fmt.Sprint(address))
	}
	b.insert(d) // the kernel keeps what it knew of the disc until then
	return addresses
}

// holds compares what the kernel mounts with the sessions from 1 to last.
func (b *guestBench) holds(last int) {
	b.Helper()
	mounted := b.vm.Mounted(b, "/dev/sr0")
	want := listing(last)
	if len(mounted) != len(want) {
		b.Errorf("%d files are mounted, not %d: %v", len(mounted), len(want), mounted)
	}
	for n := 1; n <= last; n++ {
		step := newStep(n)
		for _, f := range step.Files {
			if name := step.Name + "/" + f.Name; mounted[name] != hashOf(b, f) {
				b.Errorf("%s differs or is missing", name)
			}
		}
	}
}

// listing names the files of a disc of so many sessions, sorted.
func listing(last int) (names []string) {
	for n := 1; n <= last; n++ {
		for _, f := range newStep(n).Files {
			names = append(names, "/"+newStep(n).Name+"/"+f.Name)
		}
	}
	slices.Sort(names)
	return names
}

// hashOf is the SHA-256 of a file's content.
func hashOf(t testing.TB, f disc.File) string {
	t.Helper()
	content := make([]byte, f.Size)
	if _, err := f.Content.ReadAt(content, 0); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", sha256.Sum256(content))
}

// files picks the lines of a program's output that name files, and sorts them.
func files(output string) (names []string) {
	for line := range strings.Lines(output) {
		if line = strings.Trim(strings.TrimSpace(line), "'"); strings.HasPrefix(line, "/2026") && strings.Count(line, "/") == 2 {
			names = append(names, line)
		}
	}
	slices.Sort(names)
	return names
}

// TestSmokeABurnOnTheKernelsDrive is the shortest: two sessions on a BD-R.
func TestSmokeABurnOnTheKernelsDrive(t *testing.T) {
	b := newGuestBench(t)
	b.burn(sim.NewDisc(bdR), 1, 2)
	b.holds(2)
}

// Its power fails, so that it leaves the bus; then it is back, with the disc.
func TestADriveThatVanishesWhileItBurns(t *testing.T) {
	b := newGuestBench(t)
	d := sim.NewDisc(bdR)
	b.burn(d, 1, 1)
	b.drive.SetFault(sim.AtOpcode(0x5B, 1, 1, sim.PowerLoss{})) // its cache is empty, its track open
	var failed string
	b.vm.Ask(t, &failed, "break", "2")
	if !strings.HasPrefix(failed, "nothing written: false;") || !strings.Contains(failed, "connection failed") {
		t.Errorf("the burn ends with %s", failed)
	}
	b.drive.SetFault(nil)
	b.drive.PowerOn()
	b.plug()
	var node string
	b.vm.Ask(t, &node, "resume", "3")
	b.insert(d)
	mounted := b.vm.Mounted(t, node)
	for _, n := range []int{1, 3} {
		for _, f := range newStep(n).Files {
			if name := newStep(n).Name + "/" + f.Name; mounted[name] != hashOf(t, f) {
				t.Errorf("%s differs or is missing", name)
			}
		}
	}
}

// Each of ten sessions is burned on a disc that was ejected and put in again. Then
// the kernel mounts the last one, which shows everything; isoinfo lists each, and
// xorriso finds and lists them all.
func TestTenSessionsOnEveryMediumThroughTheKernel(t *testing.T) {
	const last = 10
	machine := newGuestBench(t)
	for _, medium := range media {
		t.Run(medium.name, func(t *testing.T) {
			b := &guestBench{t, machine.vm, machine.drive}
			addresses := b.burn(sim.NewDisc(medium.profile), 1, last)
			b.holds(last)
			for i, address := range addresses {
				out := b.vm.Run(t, "isoinfo", "-i", "/dev/sr0", "-T", address, "-R", "-f")
				if got := files(out); !slices.Equal(got, listing(i+1)) {
					t.Errorf("session %d: isoinfo lists %q", i+1, got)
				}
			}
			toc := b.vm.Run(t, "xorriso", "-no_rc", "-outdev", "/dev/sr0", "-toc")
			for i, address := range addresses {
				if line := sessionLine(toc, i+1); len(line) < 2 || line[1] != address {
					t.Errorf("session %d at %s is not in xorriso's table:\n%s", i+1, address, toc)
				}
			}
			for _, i := range []int{1, last / 2, last} {
				out := b.vm.Run(t, "xorriso", "-no_rc", "-load", "session", fmt.Sprint(i), "-indev", "/dev/sr0", "-find", "/", "-type", "f")
				if got := files(out); !slices.Equal(got, listing(i)) {
					t.Errorf("session %d: xorriso lists %q:\n%s", i, got, out)
				}
			}
		})
	}
}

// sessionLine is the line of the n-th session in xorriso's table, without its title
// and commas: number, address, size.
func sessionLine(toc string, n int) []string {
	for line := range strings.Lines(toc) {
		rest, ok := strings.CutPrefix(line, "ISO session  :")
		if !ok {
			continue
		}
		fields := strings.FieldsFunc(rest, func(r rune) bool { return r == ' ' || r == ',' })
		if len(fields) > 0 && fields[0] == fmt.Sprint(n) {
			return fields
		}
	}
	return nil
}
