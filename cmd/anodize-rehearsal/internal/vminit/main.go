// Command vminit is the first program of a test's virtual machine that needs a
// touchscreen, which QEMU 7 does not have: it makes one through uinput, starts the
// kiosk beside it with its own arguments, and moves a finger as the test says:
//
//	down X Y
//	move X Y
//	up
//
// X and Y are 0 to 9999 of the screen's width and height.
package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"

	"anodize/devices/qemu/guest"
)

// Numbers of include/uapi/linux/uinput.h.
const (
	uiCreate = 0x5501
	uiSetup  = 0x405c5503
	uiSetAbs = 0x401c5504
	uiEvents = 0x40045564
	uiKeys   = 0x40045565
	uiAbs    = 0x40045567
	uiProps  = 0x4004556e
)

// Numbers of include/uapi/linux/input-event-codes.h.
const (
	evSyn, evKey, evAbs     = 0, 1, 3
	btnTouch, propDirect    = 0x14a, 1
	absX, absY              = 0, 1
	absMTSlot, absMTX       = 0x2f, 0x35
	absMTY, absMTTrackingID = 0x36, 0x39
)

// most is the end of both axes.
const most = 9999

func main() {
	port, err := guest.Open()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer guest.PowerOff()
	screen, err := touchscreen()
	if err != nil {
		port.Say("FAIL making a touchscreen: %v", err)
		return
	}
	kiosk := exec.Command("/kiosk", os.Args[1:]...)
	kiosk.Stdout, kiosk.Stderr = os.Stdout, os.Stderr
	if err := kiosk.Start(); err != nil {
		port.Say("FAIL starting the kiosk: %v", err)
		return
	}
	port.Say("READY")
	finger := int32(0)
	for {
		words, ok := port.Hear()
		if !ok {
			return
		}
		if err := move(screen, &finger, words); err != nil {
			port.Say("FAIL %v: %v", words, err)
			return
		}
		port.Say("DONE")
	}
}

// touchscreen makes one of type B (Documentation/input/multi-touch-protocol.rst).
func touchscreen() (*os.File, error) {
	f, err := os.OpenFile("/dev/uinput", os.O_WRONLY, 0)
	if err != nil {
		return nil, err
	}
	for _, r := range [][2]uintptr{
		{uiEvents, evKey}, {uiEvents, evAbs}, {uiKeys, btnTouch}, {uiProps, propDirect},
		{uiAbs, absX}, {uiAbs, absY}, {uiAbs, absMTSlot}, {uiAbs, absMTX}, {uiAbs, absMTY}, {uiAbs, absMTTrackingID},
	} {
		if err := control(f, r[0], r[1]); err != nil {
			return nil, err
		}
	}
	for code, end := range map[uint16]int32{
		absX: most, absY: most, absMTX: most, absMTY: most, absMTSlot: 4, absMTTrackingID: 65535,
	} {
		abs := struct {
			code, _                                 uint16
			value, min, max, fuzz, flat, resolution int32
		}{code: code, max: end}
		if err := control(f, uiSetAbs, uintptr(unsafe.Pointer(&abs))); err != nil {
			return nil, err
		}
	}
	setup := struct {
		bus, vendor, product, version uint16
		name                          [80]byte
		effects                       uint32
	}{bus: 3, vendor: 1, product: 1}
	copy(setup.name[:], "touchscreen of a test")
	if err := control(f, uiSetup, uintptr(unsafe.Pointer(&setup))); err != nil {
		return nil, err
	}
	return f, control(f, uiCreate, 0)
}

func control(f *os.File, request, argument uintptr) error {
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, f.Fd(), request, argument); errno != 0 {
		return fmt.Errorf("request %#x: %w", request, errno)
	}
	return nil
}

// move does what one line says.
func move(f *os.File, finger *int32, words []string) error {
	var at [2]int32
	for i, w := range words[1:] {
		v, err := strconv.Atoi(w)
		if err != nil || i >= len(at) {
			return fmt.Errorf("%q is no coordinate", w)
		}
		at[i] = int32(v)
	}
	place := [][3]int32{{evAbs, absMTX, at[0]}, {evAbs, absMTY, at[1]}, {evAbs, absX, at[0]}, {evAbs, absY, at[1]}}
	switch words[0] {
	case "down":
		*finger++
		return write(f, append([][3]int32{{evAbs, absMTSlot, 0}, {evAbs, absMTTrackingID, *finger}, {evKey, btnTouch, 1}}, place...))
	case "move":
		return write(f, place)
	case "up":
		return write(f, [][3]int32{{evAbs, absMTTrackingID, -1}, {evKey, btnTouch, 0}})
	}
	return fmt.Errorf("unknown command")
}

// write sends struct input_event: a time that the kernel sets, type, code, value.
func write(f *os.File, events [][3]int32) error {
	var out []byte
	for _, e := range append(events, [3]int32{evSyn, 0, 0}) {
		out = append(out, make([]byte, 16)...)
		out = binary.NativeEndian.AppendUint16(out, uint16(e[0]))
		out = binary.NativeEndian.AppendUint16(out, uint16(e[1]))
		out = binary.NativeEndian.AppendUint32(out, uint32(e[2]))
	}
	_, err := f.Write(out)
	return err
}
