package evdev

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unsafe"
)

// codesFile is of Debian's linux-libc-dev.
const codesFile = "/usr/include/linux/input-event-codes.h"

func TestCodesAreTheKernels(t *testing.T) {
	data, err := os.ReadFile(codesFile)
	if err != nil {
		t.Fatalf("%v; install linux-libc-dev", err)
	}
	theirs := map[string]uint64{}
	for _, m := range regexp.MustCompile(`(?m)^#define (\w+)\s+(0x[0-9a-fA-F]+|\d+)\b`).FindAllStringSubmatch(string(data), -1) {
		if theirs[m[1]], err = strconv.ParseUint(m[2], 0, 32); err != nil {
			t.Fatal(err)
		}
	}
	for name, ours := range map[string]uint64{
		"EV_SYN": evSyn, "EV_KEY": evKey, "EV_REL": evRel, "EV_ABS": evAbs, "EV_LED": evLED, "EV_REP": evRep,
		"SYN_REPORT": synReport, "SYN_DROPPED": synDropped,
		"REL_X": relX, "REL_Y": relY, "REL_HWHEEL": relHWheel, "REL_WHEEL": relWheel,
		"REL_WHEEL_HI_RES": relWheelHires, "REL_HWHEEL_HI_RES": relHWheelHires, "REL_MAX": relMax,
		"ABS_X": absX, "ABS_Y": absY, "ABS_MT_SLOT": absMTSlot, "ABS_MT_POSITION_X": absMTX, "ABS_MT_POSITION_Y": absMTY,
		"ABS_MT_TOOL_TYPE": absMTToolType, "ABS_MT_TRACKING_ID": absMTTracking, "ABS_MAX": absMax,
		"LED_CAPSL": ledCaps, "KEY_MAX": keyMax,
		"INPUT_PROP_POINTER": propPointer, "INPUT_PROP_DIRECT": propDirect, "INPUT_PROP_ACCELEROMETER": propAccelerometer,
		"KEY_Q": keyQ, "KEY_P": keyQ + 9, "KEY_A": keyA, "KEY_Z": keyZ, "KEY_SPACE": keySpace, "KEY_CAPSLOCK": keyCapsLock,
		"KEY_RIGHTALT": keyRightAlt, "BTN_LEFT": btnLeft, "BTN_RIGHT": btnRight, "BTN_MIDDLE": btnMiddle,
		"BTN_MISC": btnFirst, "BTN_TOOL_PEN": btnPen, "BTN_TOOL_FINGER": btnFinger, "BTN_TOUCH": btnTouch,
		"BTN_STYLUS": btnStylus, "BTN_STYLUS2": btnStylus2, "KEY_OK": btnLast + 1,
	} {
		if got, ok := theirs[name]; !ok || got != ours {
			t.Errorf("%s is %#x; linux has %#x", name, ours, got)
		}
	}
	kernelNames := map[Name]string{
		Escape: "ESC", AltGr: "", CapsLock: "CAPSLOCK", Super: "LEFTMETA RIGHTMETA", Shift: "LEFTSHIFT RIGHTSHIFT",
		Ctrl: "LEFTCTRL RIGHTCTRL", Alt: "LEFTALT", Enter: "ENTER KPENTER",
	}
	for code, name := range names {
		want, ok := kernelNames[name]
		if !ok {
			want = strings.ToUpper(string(name))
		}
		found := false
		for w := range strings.FieldsSeq(want) {
			found = found || theirs["KEY_"+w] == uint64(code)
		}
		if !found {
			t.Errorf("key %d is named %s; linux's KEY_%s has another code", code, name, want)
		}
	}
	for code, char := range numeric {
		name := map[rune]string{'*': "ASTERISK", '-': "MINUS", '+': "PLUS", '/': "SLASH", '=': "EQUAL", ',': "COMMA"}[char]
		if name == "" {
			name = string(char)
		}
		if theirs["KEY_KP"+name] != uint64(code) {
			t.Errorf("key %d types %q; linux's KEY_KP%s is %d", code, char, name, theirs["KEY_KP"+name])
		}
	}
}

// What a C program prints that includes linux/input.h of linux-libc-dev 6.1, on x86-64.
func TestRequestsAreTheKernels(t *testing.T) {
	for name, c := range map[string]struct{ ours, theirs uintptr }{
		"EVIOCGREP":            {ioctlGetRepeat, 0x80084503},
		"EVIOCSREP":            {ioctlSetRepeat, 0x40084503},
		"EVIOCGRAB":            {ioctlGrab, 0x40044590},
		"EVIOCSCLOCKID":        {ioctlSetClock, 0x400445a0},
		"EVIOCGNAME(256)":      {withLength(ioctlGetName, 256), 0x81004506},
		"EVIOCGPROP(8)":        {withLength(ioctlGetProps, 8), 0x80084509},
		"EVIOCGMTSLOTS(24)":    {withLength(ioctlGetSlots, 24), 0x8018450a},
		"EVIOCGKEY(96)":        {withLength(ioctlGetKeys, 96), 0x80604518},
		"EVIOCGBIT(EV_KEY,96)": {withLength(ioctlGetBits+evKey, 96), 0x80604521},
		"EVIOCGABS(0x35)":      {ioctlGetAxis + absMTX, 0x80184575},
		"sizeof input_absinfo": {unsafe.Sizeof(axis{}), 24},
	} {
		if c.ours != c.theirs {
			t.Errorf("%s is %#x; linux has %#x", name, c.ours, c.theirs)
		}
	}
	if got := len(newBits(keyMax)); got != 96 {
		t.Errorf("the bitmap of keys has %d bytes", got)
	}
}
