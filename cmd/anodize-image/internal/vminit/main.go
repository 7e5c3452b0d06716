// Vminit is the first process of an image that tests boot: it tries what no program
// of the real image may be able to do, and says how that went over the second serial
// port. It belongs to no image that is kept.
package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"

	"anodize/devices/qemu/guest"
)

func main() {
	defer guest.PowerOff()
	found, err := files() // before anything is mounted
	for _, m := range [][2]string{{"devtmpfs", "/dev"}, {"proc", "/proc"}, {"sysfs", "/sys"}, {"securityfs", "/sys/kernel/security"}, {"efivarfs", "/sys/firmware/efi/efivars"}} {
		_ = os.MkdirAll(m[1], 0o755) // mount says what went wrong
		err = errors.Join(err, unix.Mount(m[0], m[1], m[0], 0, ""))
	}
	port, failed := guest.Open()
	if failed != nil {
		fmt.Println(failed)
		return
	}
	say := func(name string, what any) { port.Say("FACT %s %v", name, what) }
	say("setup", err)
	say("files", found)
	for name, path := range map[string]string{
		"cmdline": "/proc/cmdline", "version": "/proc/sys/kernel/osrelease", "lockdown": "/sys/kernel/security/lockdown",
		"lsm": "/sys/kernel/security/lsm", "panic_on_oops": "/proc/sys/kernel/panic_on_oops",
		"iommu": "/sys/class/iommu/dmar0/devices/0000:00:00.0/iommu_group/type",
	} {
		data, err := os.ReadFile(path)
		if err != nil {
			data = []byte("absent")
		}
		say(name, strings.TrimSpace(string(data)))
	}
	say("secureboot", secureBoot())
	say("kaslr", kaslr())
	say("processor", processor("smep", "smap", "umip", "rdrand"))
	say("wx", logged("Checked W+X mappings: "))
	measured, _ := os.ReadFile("/sys/kernel/security/tpm0/binary_bios_measurements") // a machine without a TPM has none
	say("measured", hex.EncodeToString(measured))
	for _, path := range []string{"/proc/net", "/dev/mem", "/dev/port", "/dev/kmem", "/proc/kcore", "/proc/swaps", "/proc/kallsyms", "/proc/modules", "/dev/ptmx", "/dev/uinput", "/dev/hidraw0", "/dev/tty1", "/dev/net", "/proc/sys/kernel/core_pattern"} {
		_, err := os.Stat(path)
		say("exists "+path, err == nil)
	}
	calls(say)
	say("landlock", landlock())
	say("display", display())
	say("usb", authorized())
	say("done", "")
}

// files lists what the kernel has unpacked.
func files() (found []string, err error) {
	err = filepath.WalkDir("/", func(path string, _ os.DirEntry, err error) error {
		if path != "/" {
			found = append(found, path)
		}
		return err
	})
	return found, err
}

// calls tries system calls that the kernel should not know.
func calls(say func(string, any)) {
	for name, family := range map[string]int{
		"unix": unix.AF_UNIX, "inet": unix.AF_INET, "inet6": unix.AF_INET6, "netlink": unix.AF_NETLINK, "packet": unix.AF_PACKET, "alg": unix.AF_ALG, "vsock": unix.AF_VSOCK,
	} {
		_, err := unix.Socket(family, unix.SOCK_STREAM, 0)
		say("socket "+name, err)
	}
	_, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	say("socketpair", err)
	for name, number := range map[string]uintptr{
		"init_module": unix.SYS_INIT_MODULE, "finit_module": unix.SYS_FINIT_MODULE, "kexec_load": unix.SYS_KEXEC_LOAD,
		"kexec_file_load": unix.SYS_KEXEC_FILE_LOAD, "bpf": unix.SYS_BPF, "io_uring_setup": unix.SYS_IO_URING_SETUP,
		"userfaultfd": unix.SYS_USERFAULTFD, "swapon": unix.SYS_SWAPON, "process_vm_readv": unix.SYS_PROCESS_VM_READV,
		"iopl": unix.SYS_IOPL, "ioperm": unix.SYS_IOPERM, "modify_ldt": unix.SYS_MODIFY_LDT, "add_key": unix.SYS_ADD_KEY,
	} {
		_, _, errno := unix.Syscall6(number, 0, 0, 0, 0, 0, 0)
		say("call "+name, errno)
	}
}

// landlock is the version of Landlock's interface (landlock_create_ruleset(2)).
func landlock() uintptr {
	const version = 1
	n, _, _ := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, version)
	return n
}

// display is the name of the first display's driver (drm.h, struct drm_version).
func display() string {
	f, err := os.OpenFile("/dev/dri/card0", os.O_RDWR, 0)
	if err != nil {
		return "absent"
	}
	defer f.Close()
	var name [32]byte
	v := struct {
		version          [3]int32
		_                int32
		length           uint64
		name             *byte
		dateLength, date uint64
		textLength, text uint64
	}{length: uint64(len(name)), name: &name[0]}
	const drmVersion = 0xc0406400
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, f.Fd(), drmVersion, uintptr(unsafe.Pointer(&v))); errno != 0 {
		return errno.Error()
	}
	return strings.TrimRight(string(name[:]), "\x00")
}

// authorized is whether USB devices are let in without being asked for.
func authorized() string {
	data, err := os.ReadFile("/sys/bus/usb/devices/usb1/authorized_default")
	if err != nil {
		return "absent"
	}
	return strings.TrimSpace(string(data))
}

// secureBoot is the firmware's variable behind its four bytes of attributes.
func secureBoot() string {
	data, err := os.ReadFile("/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c")
	if err != nil || len(data) != 5 {
		return fmt.Sprintf("%v, %d bytes", err, len(data))
	}
	return fmt.Sprint(data[4])
}

// kaslr is whether the kernel was put at a random place (boot protocol, loadflags).
func kaslr() bool {
	const loadFlags, flag = 0x211, 1 << 1
	data, err := os.ReadFile("/sys/kernel/boot_params/data")
	return err == nil && len(data) > loadFlags && data[loadFlags]&flag != 0
}

// processor lists which of its features the kernel uses.
func processor(features ...string) (used []string) {
	data, _ := os.ReadFile("/proc/cpuinfo") // nothing in it is nothing used
	words := strings.Fields(string(data))
	for _, f := range features {
		if slices.Contains(words, f) {
			used = append(used, f)
		}
	}
	return used
}

// logged is what the kernel's log says after some words, at each place.
func logged(words string) (found []string) {
	log := make([]byte, 1<<18)
	n, err := unix.Klogctl(unix.SYSLOG_ACTION_READ_ALL, log)
	if err != nil {
		return []string{err.Error()}
	}
	for line := range strings.Lines(string(log[:n])) {
		if _, what, ok := strings.Cut(line, words); ok {
			found = append(found, strings.TrimSpace(what))
		}
	}
	return found
}
