package machine

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

func (m *Machine) health() []Fact {
	return facts(
		Fact{"Running for", m.uptime()},
		Fact{"Memory", m.memory()},
		Fact{"Random numbers", m.entropy()},
		Fact{"Temperature", m.temperature()},
		Fact{"Clock source", m.read("/sys/devices/system/clocksource/clocksource0/current_clocksource")},
		Fact{"Power", m.power()},
		Fact{"Disks and drives", m.drives()},
		Fact{"Input", m.input()},
	)
}

func (m *Machine) uptime() string {
	seconds, _, _ := strings.Cut(m.read("/proc/uptime"), ".")
	n, err := strconv.ParseUint(seconds, 10, 32)
	if err != nil {
		return unknown
	}
	return (time.Duration(n) * time.Second).String()
}

// memory reads /proc/meminfo, which counts in units of 1024 bytes.
func (m *Machine) memory() string {
	total, ok := m.meminfo("MemTotal")
	available, also := m.meminfo("MemAvailable")
	if !ok || !also {
		return unknown
	}
	return fmt.Sprintf("%d of %d MiB free", available>>10, total>>10)
}

func (m *Machine) meminfo(name string) (uint64, bool) {
	for line := range strings.Lines(string(m.raw("/proc/meminfo"))) {
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
			n, err := strconv.ParseUint(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 48)
			return n, err == nil
		}
	}
	return 0, false
}

// entropy tells what the kernel's generator can draw on.
func (m *Machine) entropy() string {
	var sources []string
	for line := range strings.Lines(string(m.raw("/proc/cpuinfo"))) {
		name, value, _ := strings.Cut(line, ":")
		if strings.TrimSpace(name) != "flags" {
			continue
		}
		for _, flag := range strings.Fields(value) {
			if flag == "rdseed" || flag == "rdrand" {
				sources = append(sources, "processor ("+flag+")")
			}
		}
		break
	}
	if now := m.read("/sys/class/misc/hw_random/rng_current"); now != "" && now != "none" {
		sources = append(sources, now)
	}
	if sources == nil {
		return "interrupts alone"
	}
	return strings.Join(sources, ", ")
}

// temperature is that of the hottest zone; zones count in thousandths of a degree.
func (m *Machine) temperature() string {
	hottest, known := 0, false
	for _, zone := range m.glob("/sys/class/thermal/thermal_zone*") {
		if n, err := strconv.Atoi(m.read(zone, "temp")); err == nil && (!known || n > hottest) {
			hottest, known = n, true
		}
	}
	if !known {
		return unknown
	}
	return fmt.Sprintf("%d °C", hottest/1000)
}

func (m *Machine) power() string {
	var all []string
	for _, supply := range m.glob("/sys/class/power_supply/*") {
		switch m.read(supply, "type") {
		case "Mains", "USB":
			state := "off"
			if m.read(supply, "online") == "1" {
				state = "on"
			}
			all = append(all, "mains "+state)
		case "Battery":
			if level := m.read(supply, "capacity"); level != "" {
				all = append(all, "battery "+level+" % "+strings.ToLower(m.read(supply, "status")))
			}
		}
	}
	if all == nil {
		return unknown
	}
	return oneLine(strings.Join(all, ", "))
}

// drives names the disks and optical drives, and leaves out partitions and what is
// made of memory.
func (m *Machine) drives() string {
	var all []string
	for _, drive := range m.glob("/sys/class/block/*") {
		if m.read(drive, "partition") != "" || len(m.glob(drive+"/device")) == 0 {
			continue
		}
		all = append(all, oneLine(strings.Join([]string{filepath.Base(drive), m.read(drive, "device/vendor"), m.read(drive, "device/model")}, " ")))
	}
	if all == nil {
		return "none"
	}
	return oneLine(strings.Join(all, "; "))
}

// input names what people can act with.
func (m *Machine) input() string {
	var all []string
	for _, device := range m.glob("/sys/class/input/event*") {
		if name := m.read(device, "device/name"); name != "" && m.actsByHand(device) {
			all = append(all, name)
		}
	}
	if all == nil {
		return ""
	}
	return oneLine(strings.Join(all, "; "))
}

// HasInput says whether there is anything that people can act with: a keyboard with
// letters, a pointer or a touchscreen.
func (m *Machine) HasInput() bool { return m.input() != "" }

// actsByHand tells keyboards, pointers and touchscreens from power buttons and the
// like, by what sysfs says of a device's keys and axes: words of hex digits, the
// lowest last (drivers/input/input.c).
func (m *Machine) actsByHand(device string) bool {
	const keyQ, buttonLeft, buttonTouch = 16, 0x110, 0x14A // include/uapi/linux/input-event-codes.h
	keys := strings.Fields(m.read(device, "device/capabilities/key"))
	for _, code := range []int{keyQ, buttonLeft, buttonTouch} {
		at := len(keys) - 1 - code/64
		if at < 0 {
			continue
		}
		word, err := strconv.ParseUint(keys[at], 16, 64)
		if err == nil && word&(1<<(code%64)) != 0 {
			return true
		}
	}
	return false
}
