package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"anodize/devices/block"
	"anodize/devices/scsi"
	"anodize/devices/usb"
)

// node is a device node and what the kiosk's group may do with it. Its owner stays
// root: an owner could change that.
type node struct {
	path string
	mode fs.FileMode
}

const (
	none  fs.FileMode = 0o600
	read  fs.FileMode = 0o640 // the stick is written through its file system alone
	write fs.FileMode = 0o660
)

// nodes lists what is plugged in and concerns the kiosk, below root: displays, input
// devices, optical drives and the HSM to use, the stick to look at, and all other
// USB devices, which are closed.
func nodes(root string) ([]node, error) {
	var all []node
	open := map[string]bool{}
	add := func(path string, mode fs.FileMode) {
		all = append(all, node{path, mode})
		open[path] = true
	}
	for _, pattern := range []string{"/dev/dri/card*", "/dev/input/event*"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			return nil, err
		}
		for _, path := range found {
			add(path, write)
		}
	}
	drives, errDrives := scsi.Find(root)
	for _, d := range drives {
		add(d.Node, write)
	}
	hsms, errHSMs := usb.Find(root)
	for _, h := range hsms {
		add(h.Node, write)
	}
	sticks, errSticks := block.Find(root)
	for _, s := range sticks {
		add(s.Node, read)
	}
	others, err := filepath.Glob(filepath.Join(root, "/dev/bus/usb/*/*"))
	for _, path := range others {
		if !open[path] {
			all = append(all, node{path, none})
		}
	}
	return all, errors.Join(errDrives, errHSMs, errSticks, err)
}

// permit gives the nodes their rights. One that is gone, or not there yet, is no
// error: another change will be told.
func permit(all []node) error {
	var errs []error
	for _, n := range all {
		if err := n.permit(); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, fmt.Errorf("handing out %s: %w", n.path, err))
		}
	}
	return errors.Join(errs...)
}

// permit changes only what is not so, since a change is an event for whoever watches
// the folder.
func (n node) permit() error {
	group := kioskID
	if n.mode == none {
		group = 0
	}
	info, err := os.Lstat(n.path)
	if err != nil {
		return err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || info.Mode()&fs.ModeDevice == 0 {
		return fmt.Errorf("it is no device")
	}
	if int(stat.Gid) != group || stat.Uid != 0 {
		if err := os.Lchown(n.path, 0, group); err != nil {
			return err
		}
	}
	if info.Mode().Perm() != n.mode {
		return os.Chmod(n.path, n.mode)
	}
	return nil
}
