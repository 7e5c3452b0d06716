package guest

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// Serve answers the test's questions (qemu.VM.Ask) until it has gone: "run" and
// "mount" by itself, the others by do. An answer is a value that JSON can carry.
func (p *Port) Serve(do func(words []string) (any, error)) {
	for {
		words, ok := p.Hear()
		if !ok {
			return
		}
		answer, err := p.answer(words, do)
		if err == nil {
			var text []byte
			if text, err = json.Marshal(answer); err == nil {
				p.Say("OK %s", text)
				continue
			}
		}
		p.Say("FAIL %q: %q", words, err)
	}
}

func (p *Port) answer(words []string, do func(words []string) (any, error)) (any, error) {
	switch {
	case len(words) == 0:
		return nil, errors.New("no question")
	case words[0] == "run":
		output, err := Run(words[1:])
		if err != nil {
			return nil, fmt.Errorf("%w\n%s", err, output)
		}
		return output, nil
	case words[0] == "mount":
		return Hashes(words[1])
	}
	return do(words)
}

// runTime bounds how long a program may take, in an emulated machine.
const runTime = 20 * time.Minute

// Run runs a program that Options.Install has put into the machine and returns what
// it printed, on either output. The error says how it ended.
func Run(args []string) (output string, err error) {
	if err := os.MkdirAll("/tmp", 0o755); err != nil {
		return "", err
	}
	// Some programs open what /dev/fd names; devtmpfs does not have it.
	if err := os.Symlink("/proc/self/fd", "/dev/fd"); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	ctx, cancel := context.WithTimeout(context.Background(), runTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join("/usr/bin", args[0]), args[1:]...)
	cmd.Env = []string{"PATH=/usr/bin", "HOME=/tmp", "LC_ALL=C", "TERM=dumb", "MKISOFS=genisoimage"}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// mountTries is how often a disc is mounted, a second apart, until it is. Whoever
// mounts one while it spins up is refused; a desktop waits for the kernel's word that
// the disc is ready, which a machine without udev does not get.
const mountTries = 20

// Hashes mounts the ISO 9660 file system of a block device, and returns its regular
// files with the SHA-256 of what the kernel reads of them, in lower-case hex.
func Hashes(device string) (files map[string]string, err error) {
	const at = "/tmp/mounted"
	if err := os.MkdirAll(at, 0o755); err != nil {
		return nil, err
	}
	for try := range mountTries {
		if try > 0 {
			time.Sleep(time.Second)
		}
		if err = unix.Mount(device, at, "iso9660", unix.MS_RDONLY, ""); err == nil {
			break
		}
	}
	if err != nil {
		return nil, fmt.Errorf("mounting %s: %w", device, err)
	}
	defer func() { err = errors.Join(err, unix.Unmount(at, 0)) }()
	files = map[string]string{}
	err = filepath.WalkDir(at, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		name, err := filepath.Rel(at, path)
		if err != nil {
			return err
		}
		files[name], err = hash(path)
		return err
	})
	return files, err
}

func hash(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return fmt.Sprintf("%x", h.Sum(nil)), nil
}
