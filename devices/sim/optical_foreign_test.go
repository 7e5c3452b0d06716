package sim

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// foreignDrive serves a drive to other people's recorders, by a preload
// library that stands in for the kernel's SG_IO.
type foreignDrive struct {
	t       *testing.T
	drive   *Drive
	library string
	socket  string
}

// buildPreload compiles the preload library for the length of a test.
func buildPreload(t *testing.T) (library string) {
	t.Helper()
	library = filepath.Join(t.TempDir(), "sgio.so")
	output, err := exec.Command("cc", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", library, "testdata/sgio.c", "-ldl").CombinedOutput()
	if err != nil {
		t.Fatalf("cc: %v\n%s", err, output)
	}
	return library
}

func newForeignDrive(t *testing.T, library string, drive *Drive) *foreignDrive {
	t.Helper()
	f := &foreignDrive{t: t, drive: drive, library: library, socket: filepath.Join(t.TempDir(), "drive")}
	listener, err := net.Listen("unix", f.socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go f.serve(connection)
		}
	}()
	return f
}

func (f *foreignDrive) serve(connection net.Conn) {
	defer connection.Close()
	for {
		if err := f.exchange(connection); err != nil {
			if !errors.Is(err, io.EOF) {
				f.t.Error("serving the drive:", err)
			}
			return
		}
	}
}

func (f *foreignDrive) exchange(connection net.Conn) error {
	var header [12]byte
	if _, err := io.ReadFull(connection, header[:]); err != nil {
		return err
	}
	cdb := make([]byte, binary.NativeEndian.Uint32(header[:]))
	out := make([]byte, binary.NativeEndian.Uint32(header[4:]))
	in := make([]byte, binary.NativeEndian.Uint32(header[8:]))
	if _, err := io.ReadFull(connection, cdb); err != nil {
		return err
	}
	if _, err := io.ReadFull(connection, out); err != nil {
		return err
	}
	n, sense, err := f.drive.Command(context.Background(), cdb, out, in, time.Minute)
	reply := make([]byte, 12, 12+n+len(sense))
	binary.NativeEndian.PutUint32(reply, uint32(n))
	binary.NativeEndian.PutUint32(reply[4:], uint32(len(sense)))
	if err != nil {
		reply[8] = 1
	}
	_, err = connection.Write(append(append(reply, in[:n]...), sense...))
	return err
}

// command is a program of somebody else's that finds the drive at /dev/sr0.
func (f *foreignDrive) command(name string, arguments ...string) *exec.Cmd {
	command := exec.Command(name, arguments...)
	command.Env = append(os.Environ(), "LD_PRELOAD="+f.library, "SIM_DRIVE="+f.socket)
	return command
}

// run gives the output of a command that must succeed.
func (f *foreignDrive) run(name string, arguments ...string) string {
	f.t.Helper()
	output, err := f.command(name, arguments...).CombinedOutput()
	if err != nil {
		f.t.Fatalf("%s %s: %v\n%s", name, strings.Join(arguments, " "), err, output)
	}
	return string(output)
}

func TestXorrisoBurnsAndReadsSessions(t *testing.T) {
	library := buildPreload(t)
	for _, medium := range []struct {
		name    string
		profile uint16
	}{
		{"BD-R", discProfileBDR},
		{"DVD+R", discProfileDVDPlusR},
		{"DVD+R DL", discProfileDVDPlusD},
		{"DVD-R", discProfileDVDR},
		{"CD-R", discProfileCDR},
	} {
		t.Run(medium.name, func(t *testing.T) {
			disc := NewDisc(medium.profile)
			drive := NewDrive()
			if err := drive.Insert(disc); err != nil {
				t.Fatal(err)
			}
			foreign := newForeignDrive(t, library, drive)
			const sessions = 3
			contents := make([][]byte, sessions)
			for i := range contents {
				contents[i] = bytes.Repeat([]byte{byte('a' + i)}, 100_000+i)
				path := filepath.Join(t.TempDir(), "content")
				if err := os.WriteFile(path, contents[i], 0o644); err != nil {
					t.Fatal(err)
				}
				foreign.run("xorriso", "-abort_on", "SORRY", "-write_type", "tao", "-dev", "/dev/sr0", "-map", path, fmt.Sprintf("/session%d", i), "-commit")
				if _, err := drive.Eject(); err != nil {
					t.Fatal(err)
				}
				if err := drive.Insert(disc); err != nil {
					t.Fatal(err)
				}
			}
			out := t.TempDir()
			foreign.run("xorriso", "-abort_on", "SORRY", "-indev", "/dev/sr0", "-toc", "-osirrox", "on", "-extract", "/", out)
			for i, content := range contents {
				got, err := os.ReadFile(filepath.Join(out, fmt.Sprintf("session%d", i)))
				if err != nil || !bytes.Equal(got, content) {
					t.Errorf("session %d: the file differs from what was burned (%v)", i, err)
				}
			}
			if got := len(disc.Tracks()); got != sessions {
				t.Errorf("the disc holds %d recorded tracks, want %d: %+v", got, sessions, disc.Tracks())
			}
		})
	}
}

// dvd+rw-mediainfo prints what it understood of the drive's answers.
func TestMediainfoUnderstandsTheAnswers(t *testing.T) {
	library := buildPreload(t)
	for _, medium := range []struct {
		name  string
		disc  *Disc
		lines []string
	}{
		{"blank BD-R", NewDisc(discProfileBDR), []string{"41h, BD-R SRM", "Disc status: blank", "State of Last Session: empty",
			"Next Writable Address: 0*2KB", "Free Blocks: 12219392*2KB", "Fixed Packet Size: 32*2KB"}},
		{"finalised BD-R", NewDisc(discProfileBDR, WithFinalised()), []string{"41h, BD-R SRM", "Disc status: complete",
			"State of Last Session: complete", "Track State: complete", "Track Size: 32*2KB", "READ CAPACITY: 32*2048"}},
		{"blank DVD+R", NewDisc(discProfileDVDPlusR), []string{"1Bh, DVD+R", "Disc status: blank", "Free Blocks: 2295104*2KB"}},
		{"blank DVD-R", NewDisc(discProfileDVDR), []string{"11h, DVD-R Sequential", "Disc status: blank", "Fixed Packet Size: 16*2KB"}},
		{"BD-RE", NewDisc(0x0043), []string{"43h, BD-RE"}},
	} {
		t.Run(medium.name, func(t *testing.T) {
			station := newStation(t, medium.disc)
			command := newForeignDrive(t, library, station.drive).command("dvd+rw-mediainfo", "/dev/sr0")
			output, _ := command.CombinedOutput() // its exit status says nothing of the medium
			text := strings.Join(strings.Fields(string(output)), " ")
			for _, line := range medium.lines {
				if !strings.Contains(text, line) {
					t.Errorf("%q is not in:\n%s", line, output)
				}
			}
		})
	}
}
