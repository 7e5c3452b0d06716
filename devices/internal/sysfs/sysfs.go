// Package sysfs reads what the kernel shows of devices.
//
// It guarantees that looking changes nothing and never fails: what cannot be had is
// empty. What a device says of itself is bounded and printable.
//
// Source: Linux's Documentation/ABI/stable/sysfs-block and sysfs-bus-usb.
package sysfs

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"unicode"
)

// maxAttribute bounds what is read of a file, in bytes.
const maxAttribute = 4096

// Attribute is a file's text without the line's end.
func Attribute(elements ...string) string {
	f, err := os.Open(filepath.Join(elements...))
	if err != nil {
		return ""
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxAttribute))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

// Said is an attribute that holds what a device says of itself, made printable.
func Said(elements ...string) string { return Printable(Attribute(elements...)) }

// Printable is text with question marks for what could be meant for a terminal.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
}

// onUSB matches the folder of what hangs on a USB bus.
var onUSB = regexp.MustCompile(`/usb[0-9]+/`)

// OnUSB says whether the device of a folder, which is no link, hangs on a USB bus.
func OnUSB(folder string) bool { return onUSB.MatchString(folder) }

// USBSerial is the serial number of the USB device that the device of a folder hangs
// on: that of the nearest folder above which has one.
func USBSerial(folder string) string {
	for dir := folder; OnUSB(dir); dir = filepath.Dir(dir) {
		if s := Said(dir, "serial"); s != "" {
			return s
		}
	}
	return ""
}

// Title is what people know a device by: its maker and model, how much it holds if
// that is told, and how its serial number ends. It is empty if there is no maker and
// no model.
func Title(maker, model, holds, serial string) string {
	if strings.HasPrefix(model, maker) { // some say it twice
		maker = ""
	}
	title := strings.Join(strings.Fields(maker+" "+model), " ")
	if title == "" {
		return ""
	}
	if holds != "" {
		title += " " + holds
	}
	const end = 4 // digits that people compare
	switch r := []rune(serial); {
	case len(r) > end+2:
		title += " (serial ends in " + string(r[len(r)-end:]) + ")"
	case len(r) > 0:
		title += " (serial " + serial + ")"
	}
	return title
}
