package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// tree is a folder that looks like the root of a machine.
type tree struct {
	t    *testing.T
	root string
}

func newTree(t *testing.T) tree { return tree{t, t.TempDir()} }

func (m tree) put(name, text string) {
	m.t.Helper()
	name = filepath.Join(m.root, name)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		m.t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text+"\n"), 0o644); err != nil {
		m.t.Fatal(err)
	}
}

func (m tree) link(to, name string) {
	m.t.Helper()
	name = filepath.Join(m.root, name)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		m.t.Fatal(err)
	}
	if err := os.Symlink(to, name); err != nil {
		m.t.Fatal(err)
	}
}

func (m tree) remove(name string) {
	m.t.Helper()
	if err := os.RemoveAll(filepath.Join(m.root, name)); err != nil {
		m.t.Fatal(err)
	}
}

// yubiHSM plugs in a YubiHSM 2 at a port, under a number on its bus.
func (m tree) yubiHSM(port, serial string, number int) {
	for name, text := range map[string]string{
		"idVendor": "1050", "idProduct": "0030", "busnum": "1", "devnum": strconv.Itoa(number), "serial": serial,
	} {
		m.put(filepath.Join("sys/bus/usb/devices", port, name), text)
	}
}

// opticalDrive plugs in a drive, at a host with a number.
func (m tree) opticalDrive(name string, host int) {
	device := filepath.Join("sys/devices/usb", strconv.Itoa(host))
	m.put(filepath.Join(device, "type"), "5")
	m.link("../..", filepath.Join(device, "block", name, "device"))
	m.link(filepath.Join("../../devices/usb", strconv.Itoa(host), "block", name), filepath.Join("sys/class/block", name))
}

// stick plugs in a disk that begins with this.
func (m tree) stick(name, fileSystem string) {
	disk := filepath.Join("sys/devices/usb1", name, "block", name)
	m.put(filepath.Join(disk, "size"), "8192")
	m.put(filepath.Join(disk, "removable"), "1")
	m.put(filepath.Join("sys/devices/usb1", name, "type"), "0")
	m.remove(filepath.Join(disk, "device"))
	m.link("../..", filepath.Join(disk, "device"))
	m.link(filepath.Join("../../devices/usb1", name, "block", name), filepath.Join("sys/class/block", name))
	m.put(filepath.Join("dev", name), fileSystem+strings.Repeat("\x00", 4096))
}

// says has a disk or a drive say who made it and what it is.
func (m tree) says(name, maker, model string) {
	device := filepath.Join("sys/class/block", name, "device")
	m.put(filepath.Join(device, "vendor"), maker)
	m.put(filepath.Join(device, "model"), model)
}

// labelled is the first sector of a FAT file system with the label ANODIZE (FAT
// specification, "Boot Sector and BPB") and a top folder without one.
func labelled() string {
	b := make([]byte, 16<<10)
	copy(b[11:], []byte{0, 2, 1, 1, 0, 1, 16, 0, 32, 0, 0xF8, 1, 0}) // 512, 1, 1, 1, 16, 32, F8h, 1
	copy(b[38:], "\x29\x01\x02\x03\x04ANODIZE    ")
	b[510], b[511] = 0x55, 0xAA
	return string(b)
}
