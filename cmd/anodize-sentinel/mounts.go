package main

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// fileSystem is one that the kernel makes up.
type fileSystem struct {
	kind, at string
	flags    uintptr
	options  string
	optional bool // a kernel or a machine may have none
}

const hardened = unix.MS_NOSUID | unix.MS_NOEXEC

// fileSystems are mounted in this order. Only this process sees others in /proc.
var fileSystems = []fileSystem{
	{"proc", "/proc", hardened | unix.MS_NODEV, "hidepid=2", false},
	{"sysfs", "/sys", hardened | unix.MS_NODEV, "", false},
	{"devtmpfs", "/dev", hardened, "mode=0755", false},
	{"tmpfs", "/run", hardened | unix.MS_NODEV, "mode=0755,size=16m,nr_inodes=1k", false},
	{"securityfs", "/sys/kernel/security", hardened | unix.MS_NODEV, "", true},
	{"efivarfs", "/sys/firmware/efi/efivars", hardened | unix.MS_NODEV | unix.MS_RDONLY, "", true},
}

// Folders of the sentinel's own. The stick is mounted on a folder inside the one
// that the kiosk has rights to, see package landlock.
const (
	ownFolder   = "/run/anodize"
	lockFile    = ownFolder + "/ceremony.lock"
	stickFolder = ownFolder + "/stick"
	stickAt     = stickFolder + "/files"
)

// mountAll mounts the kernel's file systems, makes the sentinel's folders, and closes
// the root folder to writing.
func mountAll() error {
	var errs []error
	for _, f := range fileSystems {
		errs = append(errs, f.mount())
	}
	errs = append(errs, os.MkdirAll(stickAt, 0o755))
	if err := unix.Mount("", "/", "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		errs = append(errs, fmt.Errorf("closing the root folder: %w", err))
	}
	return errors.Join(errs...)
}

func (f fileSystem) mount() error {
	if f.optional {
		if _, err := os.Stat(f.at); err != nil {
			return nil
		}
	} else if err := os.MkdirAll(f.at, 0o755); err != nil {
		return fmt.Errorf("making %s: %w", f.at, err)
	}
	err := unix.Mount(f.kind, f.at, f.kind, f.flags, f.options)
	if errors.Is(err, unix.EBUSY) { // it is there already
		err = unix.Mount(f.kind, f.at, f.kind, f.flags|unix.MS_REMOUNT, f.options)
	}
	if f.optional && errors.Is(err, unix.ENODEV) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("mounting %s on %s: %w", f.kind, f.at, err)
	}
	return nil
}
