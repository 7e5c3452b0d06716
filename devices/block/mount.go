package block

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// access is what a stick is mounted for.
type access uint8

const (
	readOnly access = iota
	readWrite
)

// mounter mounts a node and returns its top folder. Closing the folder unmounts it.
// Tests put their own folders here.
type mounter func(node string, f format, a access) (*os.File, error)

// mount mounts with fsopen(2) and fsmount(2): the mount hangs on its descriptor
// alone, so that it cannot outlive the program and needs no folder to cover.
func mount(node string, f format, a access) (folder *os.File, err error) {
	fs, err := unix.Fsopen(f.driver(), unix.FSOPEN_CLOEXEC)
	if errors.Is(err, unix.ENODEV) {
		return nil, fmt.Errorf("the kernel does not know the file system %s: %w", f, err)
	}
	if err != nil {
		return nil, privilege("fsopen", err)
	}
	defer unix.Close(fs)
	if err := configure(fs, node, f, a); err != nil {
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
func configure(fs int, node string, f format, a access) error {
	err := unix.FsconfigSetString(fs, "source", node)
	if err == nil && a == readOnly {
		err = unix.FsconfigSetFlag(fs, "ro")
	}
	if err == nil && f == fat {
		err = unix.FsconfigSetFlag(fs, "utf8") // long names, as Go writes them
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

// privilege says what the kernel asks for, if that is what it refused for.
func privilege(call string, err error) error {
	if errors.Is(err, unix.EPERM) {
		return fmt.Errorf("this program may not mount: it needs CAP_SYS_ADMIN (%w)", os.NewSyscallError(call, err))
	}
	return os.NewSyscallError(call, err)
}
