//go:build vm

package usbredir

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"

	"anodize/devices/qemu"
	"anodize/devices/sim"
)

// station is a machine with other people's recorders, and a simulated drive on its
// USB in which the test changes the discs.
type station struct {
	*testing.T
	vm    *qemu.VM
	drive *sim.Drive
	disc  *sim.Disc
}

func newStation(t *testing.T) *station {
	t.Helper()
	s := &station{T: t, drive: sim.NewDrive(), vm: qemu.Boot(t, qemu.Options{
		Program: qemu.BuildTest(t), Modules: []string{"xhci-pci", "usb-storage", "sr_mod", "sg", "isofs"}, USB: []string{"burner"},
		Install: []string{"xorriso", "cdrskin", "growisofs", "genisoimage", "isoinfo", "sg_get_config", "dvd+rw-mediainfo"},
	})}
	s.vm.Expect("READY")
	plugIn(t, s.vm.USB("burner"), NewMassStorage(s.drive, "0123456789AB"))
	var model string
	s.vm.Ask(t, &model, "drive")
	s.vm.Ask(t, new(any), "close") // others want it
	return s
}

// insert changes the disc; nil leaves the drive empty.
func (s *station) insert(disc *sim.Disc) {
	s.Helper()
	if _, err := s.drive.Eject(); err != nil {
		s.Fatal(err)
	}
	if s.disc = disc; disc != nil {
		if err := s.drive.Insert(disc); err != nil {
			s.Fatal(err)
		}
	}
}

// run runs a program in the machine, which must succeed, and returns what it prints.
func (s *station) run(args ...string) string {
	s.Helper()
	return s.vm.Run(s, args...)
}

// file makes a file in the machine.
func (s *station) file(name string, size int) (path, hash string) {
	s.Helper()
	s.vm.Ask(s, &path, "file", name, fmt.Sprint(size))
	return path, fmt.Sprintf("%x", sha256.Sum256(content(name, size)))
}

var media = []struct {
	name    string
	profile uint16
}{
	{"CD-R", 0x0009},
	{"DVD-R", 0x0011},
	{"DVD+R", 0x001B},
	{"DVD+R DL", 0x002B},
	{"BD-R", 0x0041},
}

// sessions is how many every recorder burns.
const sessions = 2

// A recorder burns one file into the n-th session, from 0, of the disc in the drive.
type recorder struct {
	name string
	burn func(s *station, n int, path, name string)
	not  string // the media it does not know
}

var recorders = []recorder{
	{name: "xorriso", burn: func(s *station, n int, path, name string) {
		s.run("xorriso", "-abort_on", "SORRY", "-write_type", "tao", "-dev", "/dev/sr0", "-map", path, "/"+name, "-commit")
	}},
	// Left to itself it formats a blank BD-R so that it can be overwritten, which the
	// drive does not offer: it has no feature 0038h (MMC-5 5.3.27).
	{name: "growisofs", not: "CD-R", burn: func(s *station, n int, path, name string) {
		option := "-M"
		if n == 0 {
			option = "-Z"
		}
		s.run("growisofs", "-use-the-force-luke=notray", "-use-the-force-luke=spare:none", option, "/dev/sr0", "-R", "-graft-points", name+"="+path)
	}},
	{name: "cdrskin", burn: func(s *station, n int, path, name string) {
		args := []string{"-quiet", "-R", "-graft-points", "-o", "/tmp/image"}
		if n > 0 {
			info := strings.TrimSpace(s.run("cdrskin", "dev=/dev/sr0", "-msinfo"))
			info = info[strings.LastIndex(info, "\n")+1:]
			args = append(args, "-C", info, "-M", "/dev/sr0")
		}
		s.run(append([]string{"genisoimage"}, append(args, name+"="+path)...)...)
		s.run("cdrskin", "-v", "dev=/dev/sr0", "-tao", "-multi", "padsize=300s", "/tmp/image")
	}},
}

func TestForeignRecordersBurnAndTheKernelMountsThem(t *testing.T) {
	s := newStation(t)
	for _, medium := range media {
		for _, r := range recorders {
			if r.not == medium.name {
				continue
			}
			t.Run(medium.name+" by "+r.name, func(t *testing.T) {
				s := &station{T: t, vm: s.vm, drive: s.drive}
				disc := sim.NewDisc(medium.profile)
				want := map[string]string{}
				for n := range sessions {
					name := fmt.Sprintf("file%d", n)
					path, hash := s.file(name, 100_000+n)
					want[name] = hash
					s.insert(disc)
					r.burn(s, n, path, name)
				}
				s.insert(disc)
				got := s.vm.Mounted(t, "/dev/sr0")
				for name, hash := range want {
					if got[name] != hash {
						t.Errorf("%s differs or is missing: %v", name, got)
					}
				}
				if got := disc.Tracks(); len(got) != sessions {
					t.Errorf("the disc holds %+v", got)
				}
				toc := s.run("xorriso", "-no_rc", "-outdev", "/dev/sr0", "-toc")
				if n := strings.Count(toc, "ISO session  :"); n != sessions {
					t.Errorf("xorriso -toc shows %d sessions:\n%s", n, toc)
				}
			})
		}
	}
}

// sg_get_config and dvd+rw-mediainfo print what they understood of the drive's
// answers.
func TestForeignToolsUnderstandTheAnswers(t *testing.T) {
	machine := newStation(t)
	for _, c := range []struct {
		name      string
		disc      *sim.Disc
		config    []string
		mediainfo []string
	}{
		{"blank CD-R", sim.NewDisc(0x0009),
			[]string{"Current profile: CD-R", "CD track-at-once feature version=2, persist=0, current=1"}, nil},
		{"blank DVD-R", sim.NewDisc(0x0011),
			[]string{"Current profile: DVD-R sequential recording", "DVD-R/-RW write feature version=1, persist=0, current=1"},
			[]string{"11h, DVD-R Sequential", "Disc status: blank", "Next Writable Address: 0*2KB", "Track State: invisible incremental"}},
		{"blank DVD+R", sim.NewDisc(0x001B),
			[]string{"Current profile: DVD+R", "DVD+R feature version=0, persist=0, current=1"},
			[]string{"1Bh, DVD+R", "Disc status: blank", "Free Blocks: 2295104*2KB"}},
		{"blank DVD+R DL", sim.NewDisc(0x002B),
			[]string{"Current profile: DVD+R dual layer", "DVD+R dual layer feature version=0, persist=0, current=1"},
			[]string{"2Bh, DVD+R Double Layer", "Disc status: blank"}},
		{"blank BD-R", sim.NewDisc(0x0041),
			[]string{"Current profile: BD-R SRM", "BD write feature version=0, persist=0, current=1", "blocking=0x20"},
			[]string{"41h, BD-R SRM", "Disc status: blank", "State of Last Session: empty", "Next Writable Address: 0*2KB",
				"Free Blocks: 12219392*2KB", "Fixed Packet Size: 32*2KB"}},
		{"finalised BD-R", sim.NewDisc(0x0041, sim.WithFinalised()),
			[]string{"Current profile: BD-R SRM"},
			[]string{"41h, BD-R SRM", "Disc status: complete", "State of Last Session: complete", "Track State: complete",
				"Track Size: 32*2KB", "READ CAPACITY: 32*2048"}},
		{"BD-RE", sim.NewDisc(0x0043), []string{"Current profile: BD-RE"}, []string{"43h, BD-RE"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &station{T: t, vm: machine.vm, drive: machine.drive}
			s.insert(c.disc)
			s.mentions("sg_get_config --current", s.run("sg_get_config", "--current", "/dev/sr0"), c.config)
			if c.mediainfo != nil {
				var output string // its exit status says nothing of the medium
				s.vm.Ask(t, &output, "try", "dvd+rw-mediainfo", "/dev/sr0")
				s.mentions("dvd+rw-mediainfo", output, c.mediainfo)
			}
		})
	}
}

// mentions looks for phrases in a program's output, without regard to white space.
func (s *station) mentions(program, output string, phrases []string) {
	s.Helper()
	text := strings.Join(strings.Fields(output), " ")
	for _, phrase := range phrases {
		if !strings.Contains(text, phrase) {
			s.Errorf("%q is not in what %s says:\n%s", phrase, program, output)
		}
	}
}
