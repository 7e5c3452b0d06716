package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Numbers of include/uapi/linux/uinput.h.
const (
	uiCreate  = 0x5501
	uiDestroy = 0x5502
	uiSetup   = 0x405c5503
	uiSetAbs  = 0x401c5504
	uiEvents  = 0x40045564
	uiKeys    = 0x40045565
	uiRel     = 0x40045566
	uiAbs     = 0x40045567
	uiProps   = 0x4004556e
)

// uinput makes an input device: the words are its name and bits such as "key:330",
// "rel:0", "prop:1" and "abs:53:0:4095:10" (axis, minimum, maximum, resolution).
func uinput(words []string) (*os.File, error) {
	f, err := os.OpenFile("/dev/uinput", os.O_WRONLY, 0)
	if err != nil {
		return nil, err
	}
	var setup struct {
		bus, vendor, product, version uint16
		name                          [80]byte
		effects                       uint32
	}
	setup.bus, setup.vendor, setup.product = 3, 1, 1
	copy(setup.name[:], words[0])
	for _, w := range words[1:] {
		if err := capable(f, w); err != nil {
			return nil, fmt.Errorf("%s: %w", w, err)
		}
	}
	if err := control(f, uiSetup, uintptr(unsafe.Pointer(&setup))); err != nil {
		return nil, err
	}
	return f, control(f, uiCreate, 0)
}

func capable(f *os.File, word string) error {
	kind, rest, _ := strings.Cut(word, ":")
	var n [4]int32
	for i, s := range strings.Split(rest, ":") {
		v, err := strconv.Atoi(s)
		if err != nil {
			return err
		}
		n[i] = int32(v)
	}
	of := map[string]struct{ event, request uintptr }{
		"key": {1, uiKeys}, "rel": {2, uiRel}, "abs": {3, uiAbs}, "prop": {0, uiProps},
	}[kind]
	if err := control(f, uiEvents, of.event); err != nil {
		return err
	}
	if err := control(f, of.request, uintptr(n[0])); err != nil || kind != "abs" {
		return err
	}
	var abs struct {
		code                                    uint16
		_                                       uint16
		value, min, max, fuzz, flat, resolution int32
	}
	abs.code, abs.min, abs.max, abs.resolution = uint16(n[0]), n[1], n[2], n[3]
	return control(f, uiSetAbs, uintptr(unsafe.Pointer(&abs)))
}

func control(f *os.File, request, argument uintptr) error {
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, f.Fd(), request, argument); errno != 0 {
		return errno
	}
	return nil
}

// inject writes events such as "3:57:4" (type, code, value), and ends the frame.
func inject(f *os.File, words []string) error {
	var out []byte
	for _, w := range append(words, "0:0:0") {
		var kind, code uint16
		var value int32
		if _, err := fmt.Sscanf(w, "%d:%d:%d", &kind, &code, &value); err != nil {
			return fmt.Errorf("%s: %w", w, err)
		}
		out = append(out, make([]byte, 16)...)
		out = binary.NativeEndian.AppendUint16(out, kind)
		out = binary.NativeEndian.AppendUint16(out, code)
		out = binary.NativeEndian.AppendUint32(out, uint32(value))
	}
	_, err := f.Write(out)
	return err
}
