package qemu

import (
	"os"
	"strconv"
)

// Medium is what an image is put on, to boot from. It has the id "medium" and can be
// unplugged. The zero value is a USB stick.
type Medium uint8

// The media.
const (
	Stick Medium = iota
	CD           // in a USB drive
)

// Image is a bootable image for a machine with UEFI firmware, OVMF.
type Image struct {
	File   string
	Medium Medium
	Secure bool // Secure Boot is on, and trusts the snakeoil key of Debian's package ovmf
}

// The firmware of Debian's package ovmf, and the key that its snakeoil variables
// trust, with its passphrase.
const (
	ovmfCode, ovmfVars             = "/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"
	ovmfSecureCode, ovmfSecureVars = "/usr/share/OVMF/OVMF_CODE_4M.secboot.fd", "/usr/share/OVMF/OVMF_VARS_4M.snakeoil.fd"

	SnakeoilKey         = "/usr/share/ovmf/PkKek-1-snakeoil.key"
	SnakeoilCertificate = "/usr/share/ovmf/PkKek-1-snakeoil.pem"
	SnakeoilPassphrase  = "snakeoil"
)

// arguments are what makes QEMU boot the image. The firmware's variables are a copy. It
// may reset the machine once, when it has learned how much memory it needs.
func (i *Image) arguments(vm *VM) []string {
	vm.t.Helper()
	code, vars, machine := ovmfCode, ovmfVars, "q35"
	if i.Secure {
		// Only the firmware's own mode of the processor may write its variables.
		code, vars, machine = ovmfSecureCode, ovmfSecureVars, "q35,smm=on"
	}
	data, err := os.ReadFile(vars)
	if err != nil {
		vm.t.Fatalf("reading the firmware's variables: %v; install Debian's ovmf", err)
	}
	if err := os.WriteFile(vm.path("vars"), data, 0o600); err != nil {
		vm.t.Fatal(err)
	}
	media := "disk"
	if i.Medium == CD {
		media = "cdrom"
	}
	return []string{
		"-machine", machine, "-global", "driver=cfi.pflash01,property=secure,value=" + map[bool]string{true: "on", false: "off"}[i.Secure],
		"-drive", "if=pflash,format=raw,unit=0,readonly=on,file=" + code,
		"-drive", "if=pflash,format=raw,unit=1,file=" + vm.path("vars"),
		"-drive", "if=none,id=image,format=raw,readonly=on,media=" + media + ",file=" + i.File,
		"-device", "qemu-xhci,id=boot", "-device", "usb-storage,id=medium,bus=boot.0,drive=image,bootindex=9,removable=on",
	}
}

// arguments are what makes QEMU boot a kernel directly.
func (k Kernel) arguments(vm *VM) []string {
	return []string{
		"-machine", "q35", "-no-reboot", "-kernel", k.Image, "-initrd", vm.path("initramfs"),
		"-append", "console=ttyS0 loglevel=4 panic=-1",
	}
}

// megabytes is QEMU's way to write a size of memory; 0 is the usual 512.
func megabytes(n int) string {
	if n == 0 {
		n = 512
	}
	return strconv.Itoa(n)
}
