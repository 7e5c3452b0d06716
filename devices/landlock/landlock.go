// Package landlock takes the file system away from a program, but for the folders
// and files that it needs.
//
// It guarantees that after Restrict the calling thread, and every program that it
// becomes, reaches no file by opening, making, removing or renaming it, or by
// running it, but below the paths that were given, for what was given. Rights over
// files are a bound on top of the owner's: they add none. What is open stays open.
//
// A mount covers what is below it: rights to a folder hold for what is mounted on
// folders inside it, and not for what is mounted on it itself.
//
// Sources: landlock(7), Linux's Documentation/userspace-api/landlock.rst; ABI 2
// (Linux 5.19) is needed, and no later one used.
package landlock

import (
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ErrUnsupported says that the kernel has no Landlock, or one that is too old.
var ErrUnsupported = errors.New("the kernel has no Landlock of ABI 2 or later: start it with landlock among lsm=")

// Access is what may be done with files.
type Access uint64

const (
	// Run is to run a program, which is to be a file and no folder.
	Run Access = unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_READ_FILE
	// Read is to read files and list folders.
	Read Access = unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_READ_DIR
	// Use is to read and write files that are there, as device nodes are, and to
	// list folders.
	Use Access = Read | unix.LANDLOCK_ACCESS_FS_WRITE_FILE
	// Change is also to make, rename and remove files, and no folders.
	Change Access = Use | unix.LANDLOCK_ACCESS_FS_MAKE_REG | unix.LANDLOCK_ACCESS_FS_REMOVE_FILE
)

// abi is the version whose rights are handled.
const abi = 2

// handled are all rights of ABI 2: what no rule allows is refused.
const handled = unix.LANDLOCK_ACCESS_FS_REFER<<1 - 1

// Rule allows something below a path.
type Rule struct {
	Path  string
	Allow Access
}

// Restrict takes everything from the calling thread but what the rules allow. The
// thread must be locked to its goroutine and have become unable to gain privileges
// (PR_SET_NO_NEW_PRIVS).
func Restrict(rules []Rule) (err error) {
	version, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 || version < abi {
		return fmt.Errorf("closing the file system: %w", ErrUnsupported)
	}
	attr := unix.LandlockRulesetAttr{Access_fs: handled}
	fd, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr.Access_fs), 0)
	if errno != 0 {
		return fmt.Errorf("closing the file system: making the rules: %w", errno)
	}
	defer func() { err = errors.Join(err, unix.Close(int(fd))) }()
	for _, r := range rules {
		if err := add(int(fd), r); err != nil {
			return fmt.Errorf("closing the file system but for %s: %w", r.Path, err)
		}
	}
	if _, _, errno := unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, fd, 0, 0); errno != 0 {
		return fmt.Errorf("closing the file system: %w", errno)
	}
	return nil
}

func add(ruleset int, r Rule) error {
	fd, err := unix.Open(r.Path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	beneath := unix.LandlockPathBeneathAttr{Allowed_access: uint64(r.Allow), Parent_fd: int32(fd)}
	if _, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(ruleset), unix.LANDLOCK_RULE_PATH_BENEATH,
		uintptr(unsafe.Pointer(&beneath)), 0, 0, 0); errno != 0 {
		return errno
	}
	return nil
}
