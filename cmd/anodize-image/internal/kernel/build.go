// Package kernel builds the kernel of the image from Debian's source package, and
// puts an initramfs into it, so that one file is all that boots.
//
// It guarantees that the kernel is what nix/kernel says: the pinned source, every
// option of the fragment, none that the rules forbid, and the very configuration that
// is kept there. The same inputs give the same bytes, wherever, whenever and by whom.
//
// What was compiled stays in the user's cache folder under the hash of its inputs, so
// that only the first build takes long; later ones put another initramfs in.
//
// Needed of Debian: the packages that the pin file names, bc, bison, cpio, flex,
// libelf-dev, make, patch and xz-utils.
package kernel

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// Builder is where things are.
type Builder struct {
	Folder string    // nix/kernel
	Cache  string    // for what was compiled; not inside the tree
	Log    io.Writer // progress, for people
	Loose  bool      // go on with other versions than the pinned ones, and say so
}

// inputs are what the kernel depends on.
type inputs struct {
	pin             Pin
	fragment, rules string
	patches         string // one after the other
	config          string // as it is kept
	source, objects string // folders in the cache
}

// compiled is the file that says that objects is complete but for the initramfs.
const compiled = "compiled"

func (b Builder) inputs() (in inputs, err error) {
	for name, to := range map[string]*string{
		"fragment": &in.fragment, "rules": &in.rules, "config": &in.config,
	} {
		data, err := os.ReadFile(filepath.Join(b.Folder, name))
		if err != nil && (name != "config" || !errors.Is(err, os.ErrNotExist)) {
			return in, fmt.Errorf("reading what the kernel is built from: %w", err)
		}
		*to = string(data)
	}
	if in.pin, err = ReadPin(b.Folder); err != nil {
		return in, err
	}
	if in.patches, err = b.patches(); err != nil {
		return in, err
	}
	in.source = filepath.Join(b.Cache, "linux-source-"+key(in.pin.SHA256, in.patches))
	parts := []string{in.pin.SHA256, in.patches, in.fragment}
	for _, p := range in.pin.Tools {
		version, err := Installed(p.Name)
		if err != nil {
			return in, err
		}
		parts = append(parts, p.Name+" "+version)
	}
	in.objects = filepath.Join(b.Cache, "kernel-"+key(parts...))
	return in, nil
}

// patches are the folder's patches in the order of their names.
func (b Builder) patches() (string, error) {
	names, err := filepath.Glob(filepath.Join(b.Folder, "*.patch"))
	if err != nil {
		return "", fmt.Errorf("looking for the kernel's patches: %w", err)
	}
	var all strings.Builder
	for _, name := range names { // Glob sorts them
		data, err := os.ReadFile(name)
		if err != nil {
			return "", fmt.Errorf("reading what the kernel is built from: %w", err)
		}
		all.Write(data)
	}
	return all.String(), nil
}

// ReadPin reads the pin file in a folder.
func ReadPin(folder string) (Pin, error) {
	text, err := os.ReadFile(filepath.Join(folder, "pin"))
	if err != nil {
		return Pin{}, fmt.Errorf("reading what the kernel is built from: %w", err)
	}
	return ParsePin(string(text))
}

// key is eight hex digits that stand for the parts.
func key(parts ...string) string {
	return fmt.Sprintf("%x", sha256.Sum256([]byte(strings.Join(parts, "\n"))))[:8]
}

// Warm says whether the kernel was compiled before.
func (b Builder) Warm() bool {
	in, err := b.inputs()
	if err != nil {
		return false
	}
	_, err = os.Stat(filepath.Join(in.objects, compiled))
	return err == nil
}

// Compile makes the kernel ready for Link, which then takes a minute and not many.
func (b Builder) Compile() error {
	if b.Warm() {
		return nil
	}
	_, err := b.Link(nil, "production")
	return err
}

// Configure returns the finished configuration.
func (b Builder) Configure() (config string, err error) {
	err = b.prepared(func(_ inputs, finished string) error {
		config = finished
		return nil
	})
	return config, err
}

// Link returns a kernel with an initramfs inside, which is a program for UEFI; its
// command line says which mode it is for. The kernel is compiled if it was not.
func (b Builder) Link(initramfs []byte, mode string) (kernel []byte, err error) {
	err = b.prepared(func(in inputs, config string) error {
		if kernel, err = b.link(in, config, initramfs, mode); err != nil {
			return fmt.Errorf("building the kernel in %s: %w", in.objects, err)
		}
		return nil
	})
	return kernel, err
}

// prepared calls use with the kernel's source unpacked and configured, while nobody
// else works on the same.
func (b Builder) prepared(use func(in inputs, config string) error) error {
	in, err := b.inputs()
	if err != nil {
		return err
	}
	if err := in.pin.Compare(Installed); errors.Is(err, ErrMoved) && b.Loose {
		fmt.Fprintf(b.Log, "warning: %v\n", err)
	} else if err != nil {
		return err
	}
	if err := os.MkdirAll(b.Cache, 0o755); err != nil {
		return fmt.Errorf("making the cache for the kernel: %w", err)
	}
	unlock, err := lock(in.objects + ".lock")
	if err != nil {
		return err
	}
	defer unlock()
	if err := b.unpack(in); err != nil {
		return fmt.Errorf("unpacking the kernel's source to %s: %w", in.source, err)
	}
	config, err := b.configure(in)
	if err != nil {
		return fmt.Errorf("configuring the kernel in %s: %w", in.objects, err)
	}
	return use(in, config)
}

// lock waits until nobody else builds the same kernel.
func lock(name string) (unlock func(), err error) {
	f, err := os.Create(name)
	if err != nil {
		return nil, fmt.Errorf("locking the cache: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
		f.Close()
		return nil, fmt.Errorf("locking %s: %w", name, err)
	}
	return func() { f.Close() }, nil
}

// configure returns the finished configuration, which is the one that is kept.
func (b Builder) configure(in inputs) (string, error) {
	config, err := b.finished(in)
	if err != nil {
		return "", err
	}
	if lost := Lost(config, in.fragment); lost != nil {
		return "", fmt.Errorf("options of the fragment did not survive make olddefconfig: %s", strings.Join(lost, "; "))
	}
	broken, err := Broken(config, in.rules)
	if err != nil {
		return "", err
	}
	if broken != nil {
		return "", fmt.Errorf("the configuration breaks rules: %s", strings.Join(broken, "; "))
	}
	if config != in.config && !b.Loose {
		return "", fmt.Errorf("the configuration is not the one in nix/kernel/config; look at the difference to %s, and copy it there if it is meant",
			filepath.Join(in.objects, "finished"))
	}
	return config, nil
}

// finished is tinyconfig with the fragment over it, completed by Kconfig.
func (b Builder) finished(in inputs) (string, error) {
	kept := filepath.Join(in.objects, "finished")
	if data, err := os.ReadFile(kept); err == nil {
		return string(data), nil
	}
	if err := os.MkdirAll(in.objects, 0o755); err != nil {
		return "", err
	}
	if err := b.make(in, "tinyconfig"); err != nil {
		return "", err
	}
	name := filepath.Join(in.objects, ".config")
	tiny, err := os.ReadFile(name)
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(name, append(tiny, in.fragment...), 0o644); err != nil {
		return "", err
	}
	if err := b.make(in, "olddefconfig"); err != nil {
		return "", err
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return "", err
	}
	return string(data), os.WriteFile(kept, data, 0o644)
}

func (b Builder) link(in inputs, config string, initramfs []byte, mode string) ([]byte, error) {
	config, err := withMode(config, mode)
	if err != nil {
		return nil, err
	}
	marker := filepath.Join(in.objects, compiled)
	if _, err := os.Stat(marker); err != nil {
		fmt.Fprintf(b.Log, "compiling the kernel, once, in %s; this takes 10 to 40 minutes\n", in.objects)
	}
	for name, data := range map[string][]byte{".config": []byte(config), "initramfs.cpio": initramfs} {
		if err := replace(filepath.Join(in.objects, name), data); err != nil {
			return nil, err
		}
	}
	if err := b.make(in, "bzImage"); err != nil {
		return nil, err
	}
	if err := replace(marker, nil); err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(in.objects, "arch/x86/boot/bzImage"))
}

// replace writes a file unless it holds the same already: make goes by its time.
func replace(name string, data []byte) error {
	if now, err := os.ReadFile(name); err == nil && bytes.Equal(now, data) {
		return nil
	}
	return os.WriteFile(name, data, 0o644)
}

// make runs the kernel's own make in an environment in which nothing depends on who
// builds, when, and where.
func (b Builder) make(in inputs, target string) error {
	cmd := exec.Command("make", "-C", in.source, "O="+in.objects, fmt.Sprintf("-j%d", runtime.NumCPU()), target)
	cmd.Env = []string{
		"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/nonexistent", "LC_ALL=C", "TZ=UTC",
		"KBUILD_BUILD_TIMESTAMP=" + in.pin.Source.String(), // it stands in uname -v
		"KBUILD_BUILD_USER=anodize", "KBUILD_BUILD_HOST=anodize", "KBUILD_BUILD_VERSION=1", "SOURCE_DATE_EPOCH=1",
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		return fmt.Errorf("make %s: %w\n%s", target, err, strings.Join(lines[max(0, len(lines)-20):], "\n"))
	}
	return nil
}

// unpack leaves the source, with our patches, in the cache.
func (b Builder) unpack(in inputs) error {
	if _, err := os.Stat(in.source); err == nil {
		return nil
	}
	from := archive(in.pin.Source)
	if err := checkSum(from, in.pin.SHA256); err != nil {
		return err
	}
	fmt.Fprintf(b.Log, "unpacking %s\n", from)
	work, err := os.MkdirTemp(b.Cache, "unpacking-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if out, err := exec.Command("tar", "-xJf", from, "-C", work, "--strip-components=1").CombinedOutput(); err != nil {
		return fmt.Errorf("tar -xJf %s: %w: %s", from, err, out)
	}
	patch := exec.Command("patch", "-p1", "-d", work)
	patch.Stdin = strings.NewReader(in.patches)
	if out, err := patch.CombinedOutput(); err != nil {
		return fmt.Errorf("applying the patches: %w: %s", err, out)
	}
	if err := os.Chmod(work, 0o755); err != nil {
		return err
	}
	return os.Rename(work, in.source)
}

// archive is where Debian's package puts the source.
func archive(source Package) string { return filepath.Join("/usr/src", source.Name+".tar.xz") }

// checkSum compares a file with its pinned hash.
func checkSum(name, want string) error {
	got, err := sumFile(name)
	if err != nil {
		return err
	}
	if got != want {
		return fmt.Errorf("%w: %s has the SHA-256 %s, pinned is %s", ErrMoved, name, got, want)
	}
	return nil
}

func sumFile(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", fmt.Errorf("reading the kernel's source: %w; run apt-get install linux-source-6.1", err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("reading %s: %w", name, err)
	}
	return fmt.Sprintf("%x", h.Sum(nil)), nil
}
