package block

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Gate mounts for a program that may not.
type Gate interface {
	// MountStick mounts a place that Find lists, by its name, and returns its top
	// folder. Errors of the kernel keep their number (errors.Is, unix.Errno).
	MountStick(name string, writable bool) (folder string, err error)
	// UnmountStick unmounts it. No file on it may be open.
	UnmountStick() error
}

// NewFinderBehind is NewFinder for a program that may only read device nodes: a gate
// mounts what it finds.
func NewFinderBehind(g Gate, root string) *Finder {
	f := NewFinder(root)
	f.mount = func(l Location, _ format, a access) (*folder, error) { return through(g, l, a) }
	return f
}

func through(g Gate, l Location, a access) (_ *folder, err error) {
	path, err := g.MountStick(l.Name, a == readWrite)
	if err != nil {
		return nil, err
	}
	fd, err := unix.Open(path, unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, errors.Join(&os.PathError{Op: "open", Path: path, Err: err}, g.UnmountStick())
	}
	return &folder{os.NewFile(uintptr(fd), path), g.UnmountStick}, nil
}

// ErrNoPlace says that a name is not that of a place that may be the stick.
var ErrNoPlace = errors.New("this is no disk that can be pulled out")

// MountAt is the other side of a Gate: it mounts a place that Find lists below root
// on a folder, for one user alone. A medium to boot from is mounted for reading only:
// whoever may write to it decides what the next ceremony runs on.
func MountAt(root, name, at string, writable bool, uid, gid int) error {
	all, err := Find(root)
	if err != nil {
		return err
	}
	for _, l := range all {
		if l.Name == name {
			return mountAt(l, at, writable, &owner{uid, gid})
		}
	}
	return fmt.Errorf("mounting %q: %w", name, ErrNoPlace)
}

func mountAt(l Location, at string, writable bool, o *owner) error {
	format, _, err := look(l)
	if err != nil {
		return err
	}
	if format.driver() == "" {
		return fmt.Errorf("mounting %s: its format is %s, neither FAT nor exFAT", l.Title, format)
	}
	a := readOnly
	if writable {
		if err := l.mayWrite(); err != nil {
			return fmt.Errorf("mounting %s for writing: %w", l.Name, err)
		}
		a = readWrite
	}
	tree, err := detached(l.Node, format, a, o)
	if err != nil {
		return err
	}
	defer tree.Close() // it stays mounted
	err = unix.MoveMount(int(tree.Fd()), "", unix.AT_FDCWD, at, unix.MOVE_MOUNT_F_EMPTY_PATH)
	return os.NewSyscallError("move_mount", err)
}

// UnmountAt unmounts what MountAt mounted. When it returns, all that was written is
// on the stick. What is not mounted is no error.
func UnmountAt(at string) error {
	err := unix.Unmount(at, unix.UMOUNT_NOFOLLOW)
	if errors.Is(err, unix.EINVAL) { // umount(2): no mount
		return nil
	}
	return os.NewSyscallError("umount", err)
}
