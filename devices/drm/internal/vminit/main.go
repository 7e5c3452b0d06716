// Command vminit is the program of this package's tests in a virtual machine: it
// does with a Screen what the test tells it, and says what came of it.
package main

import (
	"fmt"
	"image"
	"os"
	"path/filepath"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"

	"anodize/devices/drm"
	"anodize/devices/drm/internal/pattern"
	"anodize/devices/qemu/guest"
)

func main() {
	port, err := guest.Open()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer guest.PowerOff()
	port.Say("READY")
	var screen *drm.Screen
	for {
		words, ok := port.Hear()
		if !ok {
			return
		}
		answer, err := do(&screen, words)
		if err != nil {
			port.Say("FAIL %v: %v", words, err)
		} else {
			port.Say("OK %s", answer)
		}
	}
}

func do(s **drm.Screen, words []string) (string, error) {
	arguments := numbers(words[1:])
	switch words[0] {
	case "open":
		screen, err := drm.Open(drm.Folder)
		if err != nil {
			return "", err
		}
		*s = screen
		return mode(screen), nil
	case "describe":
		return (*s).String(), nil
	case "paint": // picture, and the rectangle to paint
		return "", paint(*s, arguments[0], image.Rect(arguments[1], arguments[2], arguments[3], arguments[4]))
	case "await": // a change, and what Refresh makes of it
		<-(*s).Changes()
		change, err := (*s).Refresh()
		return fmt.Sprint(change, " ", mode(*s)), err
	case "close":
		return "", (*s).Close()
	case "crash":
		return crash(*s), nil
	case "switch":
		return "", (*s).SwitchTo(arguments[0])
	case "output": // force an output's state: on, off, detect
		return "", output(words[1])
	case "write": // on the console
		return "", os.WriteFile("/dev/tty1", []byte("\033[?25l\033[2J"+words[1]), 0)
	case "console":
		return console()
	}
	return "", fmt.Errorf("unknown command")
}

func numbers(words []string) []int {
	var ns []int
	for _, w := range words {
		if n, err := strconv.Atoi(w); err == nil {
			ns = append(ns, n)
		}
	}
	return ns
}

func mode(s *drm.Screen) string {
	m := s.Mode()
	return fmt.Sprint(m.Width, m.Height, m.Format)
}

func paint(s *drm.Screen, n int, r image.Rectangle) error {
	red := 2
	if s.Mode().Format == drm.XBGR8888 {
		red = 0
	}
	pix, stride := s.Buffer()
	pattern.Paint(pix, stride, red, n, r.Min.X, r.Min.Y, r.Max.X, r.Max.Y)
	return s.Present([]image.Rectangle{r})
}

// crash panics while the screen is shown, as a program with a mistake would.
func crash(s *drm.Screen) (said string) {
	defer func() { said = fmt.Sprint(recover()) }()
	defer s.Close()
	panic("mistake")
}

func output(state string) error {
	found, err := filepath.Glob("/sys/class/drm/card*-*/status")
	if err != nil || len(found) == 0 {
		return fmt.Errorf("no output in sysfs (%w)", err)
	}
	return os.WriteFile(found[0], []byte(state), 0)
}

// console returns the modes of the terminal in front and of its keyboard.
func console() (string, error) {
	f, err := os.Open("/dev/tty0")
	if err != nil {
		return "", err
	}
	defer f.Close()
	const getMode, getKeyboard = 0x4b3b, 0x4b44
	var modes [2]int32
	for i, request := range []uintptr{getMode, getKeyboard} {
		if _, _, errno := unix.Syscall(unix.SYS_IOCTL, f.Fd(), request, uintptr(unsafe.Pointer(&modes[i]))); errno != 0 {
			return "", errno
		}
	}
	return fmt.Sprint(modes[0], modes[1]), nil
}
