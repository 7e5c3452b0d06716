//go:build vm

package block

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"anodize/devices/hotplug"
	"anodize/devices/qemu"
	"anodize/devices/qemu/guest"
)

// TestMain is also the program of the virtual machine.
func TestMain(m *testing.M) {
	if os.Getpid() == 1 {
		inGuest()
		return
	}
	os.Exit(m.Run())
}

// inGuest does what the test tells it, and says what came of it.
func inGuest() {
	defer guest.PowerOff()
	port, err := guest.Open()
	if err != nil {
		fmt.Println(err)
		return
	}
	g := &inside{finder: NewFinder(""), changed: hotplug.Watch(context.Background(), "", nil)}
	port.Say("READY")
	for {
		words, ok := port.Hear()
		if !ok {
			return
		}
		answer, err := g.do(words)
		if err != nil {
			port.Say("FAIL %v: %v", words, err)
		} else {
			port.Say("OK %s", answer)
		}
	}
}

// inside is the state of the program in the virtual machine.
type inside struct {
	finder  *Finder
	changed <-chan struct{}
	stick   *Stick
}

func (g *inside) do(words []string) (string, error) {
	ctx := context.Background()
	switch words[0] {
	case "find":
		return g.find(ctx)
	case "list":
		names, err := g.stick.List(ctx)
		return strings.Join(names, " "), err
	case "write":
		n, err := strconv.Atoi(words[2])
		if err != nil {
			return "", err
		}
		return "written", g.stick.WriteFile(ctx, words[1], content(n))
	case "full":
		err := g.stick.WriteFile(ctx, "TOOLARGE.BIN", make([]byte, 64<<20))
		return fmt.Sprint(errors.Is(err, ErrFull)), nil
	case "read":
		data, err := g.stick.ReadFile(ctx, words[1], 1<<20)
		return fmt.Sprint(len(data), bytes.Equal(data, content(len(data)))), err
	case "flags":
		return g.flags()
	case "until-gone":
		for {
			if err := g.stick.WriteFile(ctx, "AGAIN.BIN", content(1<<20)); err != nil {
				<-g.changed
				return fmt.Sprint(errors.Is(err, ErrGone), g.stick.Present()), nil
			}
		}
	}
	return "", errors.New("not known")
}

// find waits until something is plugged in.
func (g *inside) find(ctx context.Context) (string, error) {
	for {
		sticks, _, err := g.finder.Find(ctx)
		if err != nil {
			return "", err
		}
		if len(sticks) == 1 {
			g.stick = sticks[0]
			return "stick " + g.stick.at.Name, nil
		}
		<-g.changed
	}
}

// flags tries what the mount must not allow, and says what the kernel calls it.
func (g *inside) flags() (string, error) {
	folder, err := mount(g.stick.at, g.stick.format, readOnly)
	if err != nil {
		return "", err
	}
	defer folder.Close()
	program := fmt.Sprintf("/proc/self/fd/%d/PROGRAM", folder.Fd())
	err = exec.Command(program).Run()
	mounts, readErr := os.ReadFile("/proc/self/mounts")
	return fmt.Sprintf("run: %v; in the table of mounts: %t", err, bytes.Contains(mounts, []byte(g.stick.at.Node))), readErr
}

// content is n bytes that no two places of look alike.
func content(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i ^ i>>8 ^ i>>15)
	}
	return b
}

// thisProgram is this package's test as a static program.
func thisProgram(t *testing.T) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "guest")
	cmd := exec.Command("go", "test", "-c", "-tags", "vm", "-trimpath", "-ldflags=-s -w", "-o", out, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building the guest's program: %v\n%s", err, text)
	}
	return out
}

// partition puts a file system behind a table of partitions with one entry (UEFI
// specification, section 5.2.1).
func partition(t *testing.T, name string) {
	t.Helper()
	const first = 2048
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	table := make([]byte, first*512)
	entry := table[446:]
	entry[4] = 0x0C // FAT32 with LBA addresses
	binary.LittleEndian.PutUint32(entry[8:], first)
	binary.LittleEndian.PutUint32(entry[12:], uint32(len(data)/512))
	table[510], table[511] = 0x55, 0xAA
	if err := os.WriteFile(name, append(table, data...), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestSticksOfEveryFormatAreFoundWrittenAndPulledOut(t *testing.T) {
	type stick struct {
		name  string
		make  []string
		kib   int
		check []string
		offer []string // for mtools; nil if they do not know it
		split bool
		want  string
	}
	sticks := []stick{
		{"fat12", []string{mkfsFAT, "-F", "12", "-n", "ANODIZE"}, 2880, []string{"/usr/sbin/fsck.vfat", "-n"}, []string{"-i"}, false, "sda"},
		{"fat16", []string{mkfsFAT, "-F", "16", "-n", "anodize"}, 16 << 10, []string{"/usr/sbin/fsck.vfat", "-n"}, []string{"-i"}, false, "sda"},
		{"fat32", []string{mkfsFAT, "-F", "32", "-n", "ANODIZE"}, 40 << 10, nil, []string{"-i"}, true, "sda1"},
		{"exfat", []string{mkfsExFAT, "-L", "ANODIZE"}, 16 << 10, []string{"/usr/sbin/fsck.exfat", "-n"}, nil, false, "sda"},
	}
	var extra []string
	images := map[string]string{}
	for _, s := range sticks {
		images[s.name] = image(t, s.kib)
		run(t, s.make[0], append(s.make[1:], images[s.name])...)
		if s.split {
			partition(t, images[s.name])
		}
		extra = append(extra, "-drive", "if=none,format=raw,id="+s.name+",file="+images[s.name])
	}
	vm := qemu.Boot(t, qemu.Options{
		Program: thisProgram(t), Modules: []string{"xhci-pci", "usb-storage", "sd_mod", "vfat", "nls_cp437", "nls_ascii", "nls_utf8", "exfat"},
		Devices: []string{"qemu-xhci,id=xhci"}, Extra: extra,
	})
	must := func(want, format string, arguments ...any) {
		t.Helper()
		vm.Send(fmt.Sprintf(format, arguments...))
		if got := vm.Expect("OK "); got != want {
			t.Errorf("%s: %q, not %q", fmt.Sprintf(format, arguments...), got, want)
		}
	}
	vm.Expect("READY")
	for _, s := range sticks {
		at := images[s.name]
		if s.split {
			at += "@@1M"
		}
		if s.offer != nil {
			run(t, "mcopy", "-i", at, "/bin/true", "::PROGRAM")
			run(t, "mcopy", "-i", at, "/etc/hostname", "::Name of the host.txt")
		}
		vm.Plug("usb-storage", "stick-"+s.name, map[string]any{"drive": s.name, "bus": "xhci.0", "removable": true})
		must("stick "+s.want, "find")
		if s.offer != nil {
			must("Name of the host.txt PROGRAM", "list")
			vm.Send("flags")
			if got := vm.Expect("OK "); !strings.Contains(got, "permission denied") || !strings.Contains(got, "mounts: false") {
				t.Errorf("%s: %s", s.name, got)
			}
		}
		must("written", "write ROOT.CRT 100000")
		must("written", "write ROOT.CRT 700")
		must("written", "write EMPTY.CRL 0")
		must("true", "full")
		must("written", "write größer-ROOT.CRT 4096")
		must("700 true", "read ROOT.CRT")
		must("4096 true", "read größer-ROOT.CRT")
		// The stick is still in, and clean.
		if s.check != nil {
			run(t, s.check[0], append(s.check[1:], images[s.name])...)
		}
		if s.offer != nil {
			out, err := exec.Command("mtype", "-i", at, "::ROOT.CRT").Output()
			if err != nil || !bytes.Equal(out, content(700)) {
				t.Errorf("%s: mtype gives %d bytes, %v", s.name, len(out), err)
			}
			if list, err := exec.Command("mdir", "-a", "-b", "-i", at, "::").Output(); err != nil || strings.Count(string(list), "\n") != 5 || strings.Contains(string(list), "part") {
				t.Errorf("%s: mdir gives %s, %v", s.name, list, err)
			}
		}
		vm.Send("until-gone")
		time.Sleep(time.Second) // so that it is likely to be in the middle of writing
		vm.Unplug("stick-" + s.name)
		if got := vm.Expect("OK "); got != "true false" {
			t.Errorf("%s: pulled out while it was written: %s", s.name, got)
		}
	}
}
