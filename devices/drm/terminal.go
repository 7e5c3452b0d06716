package drm

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Numbers of include/uapi/linux/kd.h and vt.h.
const (
	kdSetMode  = 0x4b3a
	kdGetMode  = 0x4b3b
	kdText     = 0
	kdGraphics = 1
	kdGetKbd   = 0x4b44
	kdSetKbd   = 0x4b45
	kbdOff     = 4

	vtSetMode  = 0x5602
	vtRelease  = 0x5605
	vtActivate = 0x5606
	vtAuto     = 0
	vtProcess  = 1
	vtAllow    = 1 // of vtRelease
	vtAcquired = 2
)

// vtMode is struct vt_mode.
type vtMode struct {
	mode, wait                byte
	release, acquire, forsure int16
}

// The signals by which the kernel asks for the display and gives it back.
const (
	signalRelease = unix.SIGUSR1
	signalAcquire = unix.SIGUSR2
)

// terminal is the virtual terminal that the program has taken over.
type terminal struct {
	file     *os.File
	keyboard int // its mode before
	signals  chan os.Signal
}

// takeTerminal silences the console's drawing and its keyboard. It returns nil if
// the machine has no virtual terminals, as a ceremony's has not, or if the one in
// front belongs to another program.
func takeTerminal() (*terminal, error) {
	f := openTerminal()
	if f == nil {
		return nil, nil
	}
	t := &terminal{file: f, signals: make(chan os.Signal, 4)}
	kbd := int32(0)
	err := errors.Join(
		t.control("reading the keyboard's mode", kdGetKbd, uintptr(unsafe.Pointer(&kbd))),
		t.control("silencing the keyboard", kdSetKbd, kbdOff),
		t.control("taking the console over", kdSetMode, kdGraphics))
	t.keyboard = int(kbd)
	if err == nil {
		signal.Notify(t.signals, signalRelease, signalAcquire)
		err = t.setMode(vtMode{mode: vtProcess, release: int16(signalRelease), acquire: int16(signalAcquire)})
	}
	if err != nil {
		return nil, errors.Join(err, t.restore())
	}
	return t, nil
}

// openTerminal opens the terminal that the program was started on, or the one in
// front, if it shows text; nil if there is none.
func openTerminal() *os.File {
	for _, path := range []string{"/dev/tty", "/dev/tty0"} {
		f, err := os.OpenFile(path, os.O_RDWR|unix.O_NOCTTY, 0)
		if err != nil {
			continue
		}
		mode := int32(-1)
		_, _, errno := unix.Syscall(unix.SYS_IOCTL, f.Fd(), kdGetMode, uintptr(unsafe.Pointer(&mode)))
		if errno == 0 && mode == kdText {
			return f
		}
		_ = f.Close()
	}
	return nil
}

func (t *terminal) control(what string, request, argument uintptr) error {
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, t.file.Fd(), request, argument); errno != 0 {
		return fmt.Errorf("%s on %s: %w", what, t.file.Name(), errno)
	}
	return nil
}

func (t *terminal) setMode(m vtMode) error {
	return t.control("asking to be told of a switch", vtSetMode, uintptr(unsafe.Pointer(&m)))
}

// allow lets the kernel switch to another terminal.
func (t *terminal) allow() error { return t.control("letting go", vtRelease, vtAllow) }

// acknowledge takes the terminal back after a switch to it.
func (t *terminal) acknowledge() error { return t.control("coming back", vtRelease, vtAcquired) }

func (t *terminal) switchTo(number int) error {
	return t.control(fmt.Sprintf("switching to terminal %d", number), vtActivate, uintptr(number))
}

// restore gives the terminal back as it was.
func (t *terminal) restore() error {
	signal.Stop(t.signals)
	return errors.Join(
		t.setMode(vtMode{mode: vtAuto}),
		t.control("giving the keyboard back", kdSetKbd, uintptr(t.keyboard)),
		t.control("giving the console back", kdSetMode, kdText),
		t.file.Close())
}
