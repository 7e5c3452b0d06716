package block

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// access is what a stick is mounted for.
type access uint8

const (
	readOnly access = iota
	readWrite
)

// mounter mounts a place and returns its top folder. Closing it unmounts the place.
// Tests put their own folders here.
type mounter func(l Location, f format, a access) (*folder, error)

// folder is the top folder of what is mounted.
type folder struct {
	*os.File
	unmount func() error // after the file is closed; nil if that unmounts
}

// Close unmounts.
func (f *folder) Close() error {
	err := f.File.Close()
	if f.unmount != nil {
		err = errors.Join(err, f.unmount())
	}
	return err
}

// owner is whose the files are: a mounted FAT file system has no owners of its own.
type owner struct{ uid, gid int }

// mount mounts with fsopen(2) and fsmount(2): the mount hangs on its descriptor
// alone, so that it cannot outlive the program and needs no folder to cover.
func mount(l Location, f format, a access) (*folder, error) {
	file, err := detached(l.Node, f, a, nil)
	if err != nil {
		return nil, err
	}
	return &folder{File: file}, nil
}

// detached mounts a node at no place. The files are this program's, or o's.
func detached(node string, f format, a access, o *owner) (*os.File, error) {
	fs, err := unix.Fsopen(f.driver(), unix.FSOPEN_CLOEXEC)
	if errors.Is(err, unix.ENODEV) {
		return nil, fmt.Errorf("the kernel does not know the file system %s: %w", f, err)
	}
	if err != nil {
		return nil, privilege("fsopen", err)
	}
	defer unix.Close(fs)
	if err := configure(fs, node, f, a, o); err != nil {
		return nil, err
	}
	attributes := unix.MOUNT_ATTR_NOEXEC | unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV
	if a == readOnly {
		attributes |= unix.MOUNT_ATTR_RDONLY
	}
	fd, err := unix.Fsmount(fs, unix.FSMOUNT_CLOEXEC, attributes|unix.MOUNT_ATTR_NOSYMFOLLOW)
	if errors.Is(err, unix.EINVAL) { // before Linux 5.14; neither file system has symbolic links
		fd, err = unix.Fsmount(fs, unix.FSMOUNT_CLOEXEC, attributes)
	}
	if err != nil {
		return nil, privilege("fsmount", err)
	}
	return os.NewFile(uintptr(fd), node), nil
}

// configure opens the file system on node.
func configure(fs int, node string, f format, a access, o *owner) error {
	err := unix.FsconfigSetString(fs, "source", node)
	if err == nil && a == readOnly {
		err = unix.FsconfigSetFlag(fs, "ro")
	}
	if err == nil && f == fat {
		err = unix.FsconfigSetFlag(fs, "utf8") // long names, as Go writes them
	}
	if err == nil && o != nil {
		err = o.configure(fs)
	}
	if err != nil {
		return os.NewSyscallError("fsconfig", err)
	}
	err = unix.FsconfigCreate(fs)
	switch {
	case errors.Is(err, unix.EINVAL), errors.Is(err, unix.EIO), errors.Is(err, unix.EUCLEAN):
		return fmt.Errorf("its file system is damaged: repair it on another computer, or take another stick (%w)", err)
	case errors.Is(err, unix.EBUSY):
		return fmt.Errorf("it is mounted already: unmount it (%w)", err)
	}
	return privilege("fsconfig", err)
}

func (o *owner) configure(fs int) error {
	for _, option := range []struct{ key, value string }{
		{"uid", strconv.Itoa(o.uid)}, {"gid", strconv.Itoa(o.gid)}, {"fmask", "0177"}, {"dmask", "0077"},
	} {
		if err := unix.FsconfigSetString(fs, option.key, option.value); err != nil {
			return err
		}
	}
	return nil
}

// privilege says what the kernel asks for, if that is what it refused for.
func privilege(call string, err error) error {
	if errors.Is(err, unix.EPERM) {
		return fmt.Errorf("this program may not mount: it needs CAP_SYS_ADMIN (%w)", os.NewSyscallError(call, err))
	}
	return os.NewSyscallError(call, err)
}
