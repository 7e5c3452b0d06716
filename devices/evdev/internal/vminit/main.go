// Command vminit is the program of this package's tests in a virtual machine: it
// tells the test every event, and makes devices that QEMU does not have.
package main

import (
	"fmt"
	"os"

	"anodize/devices/evdev"
	"anodize/devices/qemu/guest"
)

func main() {
	port, err := guest.Open()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer guest.PowerOff()
	us, err := evdev.LayoutNamed("us")
	if err != nil {
		port.Say("FAIL %v", err)
		return
	}
	devices, err := evdev.Open(evdev.Folder, us)
	if err != nil {
		port.Say("FAIL %v", err)
		return
	}
	port.Say("READY")
	commands := make(chan []string)
	go func() {
		defer close(commands)
		for {
			words, ok := port.Hear()
			if !ok {
				return
			}
			commands <- words
		}
	}()
	p := program{devices: devices, made: map[string]*os.File{}}
	for {
		events := devices.Events()
		if p.stalled {
			events = nil
		}
		select {
		case e := <-events:
			port.Say("%s", describe(e))
		case words, ok := <-commands:
			if !ok {
				return
			}
			if err := p.do(words); err != nil {
				port.Say("FAIL %v: %v", words, err)
			} else {
				port.Say("DONE")
			}
		}
	}
}

// program is what the test's commands change.
type program struct {
	devices *evdev.Devices
	made    map[string]*os.File
	stalled bool // events are left where they are
}

func (p *program) do(words []string) (err error) {
	switch words[0] {
	case "layout":
		l, err := evdev.LayoutNamed(words[1])
		if err != nil {
			return err
		}
		p.devices.SetLayout(l)
	case "pause":
		p.devices.Pause()
	case "resume":
		p.devices.Resume()
	case "stall":
		p.stalled = true
	case "go":
		p.stalled = false
	case "make":
		p.made[words[1]], err = uinput(words[1:])
	case "inject":
		err = inject(p.made[words[1]], words[2:])
	case "flood": // presses and releases of one key, more than the kernel keeps
		for range 2000 {
			if err := inject(p.made[words[1]], []string{"1:30:1"}); err != nil {
				return err
			}
			if err := inject(p.made[words[1]], []string{"1:30:0"}); err != nil {
				return err
			}
		}
	case "destroy":
		err = control(p.made[words[1]], uiDestroy, 0)
	}
	return err
}

// describe puts an event into words that are easy to compare.
func describe(e evdev.Event) string {
	switch e := e.(type) {
	case evdev.Key:
		return fmt.Sprintf("key %s %s %q %d", []string{"press", "release", "repeat"}[e.Action], e.Name, e.Text, e.Mods)
	case evdev.Touch:
		return fmt.Sprintf("touch %s %d %.3f %.3f", []string{"down", "move", "up", "cancel"}[e.Phase], e.ID, e.X, e.Y)
	case evdev.Position:
		return fmt.Sprintf("position %.3f %.3f", e.X, e.Y)
	case evdev.Motion:
		return fmt.Sprintf("motion %.0f %.0f", e.DX, e.DY)
	case evdev.Button:
		return fmt.Sprintf("button %d %t", e.Which, e.Pressed)
	case evdev.Scroll:
		return fmt.Sprintf("scroll %.1f %.1f", e.DX, e.DY)
	case evdev.Plugged:
		return fmt.Sprintf("plugged %s: %v", e.Name, e.Kinds)
	case evdev.Unplugged:
		return fmt.Sprintf("unplugged %s: %v", e.Name, e.Kinds)
	case evdev.Trouble:
		return fmt.Sprintf("trouble %s: %v", e.Path, e.Err)
	}
	return "FAIL an event of an unknown type"
}
