package qemu

import (
	"archive/tar"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// Kernel is a kernel to boot: an image, and the folder of its modules, empty if
// it has none.
type Kernel struct {
	Image   string
	Modules string
}

// kept are the parts of Debian's module tree that a kiosk's devices can need;
// the rest is hundreds of megabytes.
var kept = []string{
	"arch", "block", "crypto", "fs", "lib",
	"drivers/acpi", "drivers/ata", "drivers/block", "drivers/cdrom", "drivers/char",
	"drivers/gpu/drm/tiny", "drivers/gpu/drm/ttm", "drivers/gpu/drm/virtio", "drivers/hid", "drivers/i2c",
	"drivers/input", "drivers/scsi", "drivers/usb", "drivers/video", "drivers/virtio",
}

// drmCore matches the modules of the display core, without the vendors' drivers.
var drmCore = regexp.MustCompile(`/drivers/gpu/drm/(display/)?[^/]+\.ko$`)

// DebianKernel returns the kernel of Debian's package linux-image-amd64. The first
// call downloads it with apt-get into os.UserCacheDir()/anodize/debian-kernel-… and
// unpacks the image and the modules that are of use; later ones need no network.
// Delete the folder for a newer kernel. Its name tells which modules were kept.
func DebianKernel(t testing.TB) Kernel {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatalf("finding the cache for Debian's kernel: %v", err)
	}
	selection := sha256.Sum256([]byte(strings.Join(kept, " ") + drmCore.String()))
	dir := filepath.Join(cache, "anodize", fmt.Sprintf("debian-kernel-%x", selection[:4]))
	if err := debianKernel(dir); err != nil {
		t.Fatalf("preparing Debian's kernel in %s: %v", dir, err)
	}
	return Kernel{Image: filepath.Join(dir, "vmlinuz"), Modules: filepath.Join(dir, "modules")}
}

// debianKernel fills dir unless it is there already. Two tests may call it at once.
func debianKernel(dir string) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	lock, err := os.Create(dir + ".lock")
	if err != nil {
		return err
	}
	defer lock.Close()
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil {
		return fmt.Errorf("locking %s: %w", lock.Name(), err)
	}
	if _, err := os.Stat(filepath.Join(dir, "vmlinuz")); err == nil {
		return nil
	}
	work, err := os.MkdirTemp(filepath.Dir(dir), "unpacking-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	deb, err := downloadKernel(work)
	if err != nil {
		return err
	}
	if err := unpackKernel(deb, work); err != nil {
		return fmt.Errorf("unpacking %s: %w", deb, err)
	}
	return errors.Join(os.Remove(deb), os.Rename(work, dir))
}

// downloadKernel leaves the package that linux-image-amd64 stands for in dir.
func downloadKernel(dir string) (deb string, err error) {
	out, err := exec.Command("apt-cache", "depends", "linux-image-amd64").Output()
	if err != nil {
		return "", fmt.Errorf("asking apt-cache for linux-image-amd64: %w; run apt-get update", err)
	}
	name := regexp.MustCompile(`linux-image-[0-9][^\s]*`).FindString(string(out))
	if name == "" {
		return "", errors.New("apt-cache knows no kernel for linux-image-amd64; run apt-get update")
	}
	get := exec.Command("apt-get", "-q", "-o", "APT::Sandbox::User=", "download", name)
	get.Dir = dir
	if out, err := get.CombinedOutput(); err != nil {
		return "", fmt.Errorf("apt-get download %s: %w: %s", name, err, out)
	}
	found, err := filepath.Glob(filepath.Join(dir, "*.deb"))
	if err != nil || len(found) != 1 {
		return "", fmt.Errorf("apt-get download %s left %d packages, not one", name, len(found))
	}
	return found[0], nil
}

// unpackKernel writes dir/vmlinuz and dir/modules from the package.
func unpackKernel(deb, dir string) error {
	cmd := exec.Command("dpkg-deb", "--fsys-tarfile", deb)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	for r := tar.NewReader(out); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return cmd.Wait()
		} else if err != nil {
			return err
		}
		to := unpackedName(path.Clean(h.Name))
		if to == "" || h.Typeflag != tar.TypeReg {
			continue
		}
		if err := writeFile(filepath.Join(dir, to), r); err != nil {
			return err
		}
	}
}

// unpackedName is where a file of the package goes; empty if it is left out.
func unpackedName(name string) string {
	if strings.HasPrefix(name, "boot/vmlinuz-") {
		return "vmlinuz"
	}
	_, in, ok := strings.Cut(name, "/kernel/")
	if !ok || !strings.HasSuffix(name, ".ko") {
		return ""
	}
	if drmCore.MatchString(name) {
		return path.Join("modules", path.Base(name))
	}
	for _, k := range kept {
		if strings.HasPrefix(in, k+"/") {
			return path.Join("modules", path.Base(name))
		}
	}
	return ""
}

func writeFile(name string, r io.Reader) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Close())
}
