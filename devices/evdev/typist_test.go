package evdev

import (
	"strings"
	"testing"
)

func layout(t *testing.T, name string) *Layout {
	t.Helper()
	l, err := LayoutNamed(name)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// typed presses and releases keys, by code, and returns what they type. A code
// with a minus sign is released only, one after keep stays down.
func typed(ty *typist, codes ...int) string {
	var b strings.Builder
	for _, c := range codes {
		action := Press
		if c < 0 {
			action, c = Release, -c
		}
		k := Key{Action: action, Code: uint16(c)}
		ty.fill(&k)
		b.WriteString(k.Text)
		if action == Press && ty.modifier(k.Code) == 0 {
			up := Key{Action: Release, Code: k.Code}
			ty.fill(&up)
			b.WriteString(up.Text)
		}
	}
	return b.String()
}

const (
	kA, kE, kQ, kX, kY     = 30, 18, 16, 45, 21
	kAccent, kOne, kSpace  = 13, 2, 57
	kShift, kAltGr, kCtrl  = keyLeftShift, keyRightAlt, keyLeftCtrl
	kCaps, kBack, kKeypad7 = keyCapsLock, keyBackspace, 71
)

func TestTyping(t *testing.T) {
	for why, c := range map[string]struct {
		layout string
		codes  []int
		want   string
	}{
		"plain and shifted":                               {"us", []int{kA, kShift, kA, kOne, -kShift, kA}, "aA!a"},
		"Caps Lock swaps letters only":                    {"us", []int{kCaps, kA, kOne, kShift, kA, kOne, -kShift, kCaps, kA}, "A1a!a"},
		"Caps Lock reaches letters on AltGr":              {"de", []int{kCaps, kAltGr, kA, -kAltGr}, "Æ"},
		"AltGr":                                           {"de", []int{kAltGr, kQ, -kAltGr, kQ}, "@q"},
		"the right Alt of a US keyboard types nothing":    {"us", []int{kAltGr, kQ, -kAltGr, kQ}, "q"},
		"Ctrl makes a command":                            {"us", []int{kCtrl, kA, -kCtrl, kA}, "a"},
		"two Ctrl keys, one let go":                       {"us", []int{keyLeftCtrl, keyRightCtrl, -keyLeftCtrl, kA, -keyRightCtrl, kA}, "a"},
		"a dead key":                                      {"de", []int{kAccent, kE}, "é"},
		"a dead key and a capital":                        {"de", []int{kAccent, kShift, kE, -kShift}, "É"},
		"a dead key twice":                                {"de", []int{kAccent, kAccent, kE}, "´e"},
		"a dead key and Space":                            {"de", []int{kAccent, kSpace}, "'"},
		"a dead key before a letter that has no accent":   {"de", []int{kAccent, kX}, "´x"},
		"two dead keys":                                   {"de", []int{kAccent, kShift, kAccent, -kShift, kE}, "´è"},
		"a dead key is forgotten by a key without a text": {"de", []int{kAccent, kBack, kE}, "e"},
		"the numeric pad types whatever Num Lock says":    {"us", []int{kKeypad7, kShift, kKeypad7, -kShift}, "77"},
		"the decimal sign of the layout":                  {"de", []int{83}, ","},
	} {
		if got := typed(newTypist(layout(t, c.layout)), c.codes...); got != c.want {
			t.Errorf("%s: %q, not %q", why, got, c.want)
		}
	}
}

func TestAnotherLayoutForgetsADeadKey(t *testing.T) {
	ty := newTypist(layout(t, "de"))
	if got := typed(ty, kAccent); got != "" {
		t.Fatalf("a dead key typed %q", got)
	}
	ty.setLayout(layout(t, "us"))
	if got := typed(ty, kE, kY); got != "ey" {
		t.Errorf("after the change of layout the keys typed %q", got)
	}
}

func TestOnlyTextAndCursorKeysRepeat(t *testing.T) {
	ty := newTypist(layout(t, "de"))
	for code, want := range map[uint16]bool{
		kA: true, kOne: true, keyLeft: true, keyBackspace: true, keyDelete: true, keyPageDown: true,
		keyEnter: false, keyKPEnter: false, keySpace: false, keyTab: false, keyEsc: false, keyF1: false,
		keyPower: false, kAccent: false, kShift: false, kCaps: false, keyHome: false,
	} {
		k := Key{Action: Repeat, Code: code}
		if got := ty.fill(&k); got != want {
			t.Errorf("key %d: repeated %t, not %t", code, got, want)
		}
	}
	if ty.caps {
		t.Error("a repetition switched Caps Lock")
	}
	typed(ty, kCtrl)
	if k := (Key{Action: Repeat, Code: kA}); ty.fill(&k) {
		t.Error("a command repeats")
	}
}

func TestNamesFollowTheLayoutWhereTheyMust(t *testing.T) {
	for _, c := range []struct {
		layout string
		code   uint16
		want   Name
	}{
		{"us", kY, "Y"}, {"de", kY, "Z"}, {"fr", kQ, "A"}, {"us", kSpace, Space}, {"us", keyKPEnter, Enter},
		{"us", kAltGr, Alt}, {"de", kAltGr, AltGr}, {"us", keyF12, F12}, {"us", 200, ""}, {"us", kKeypad7, "7"},
	} {
		k := Key{Code: c.code}
		if newTypist(layout(t, c.layout)).fill(&k); k.Name != c.want {
			t.Errorf("key %d in %s is named %q, not %q", c.code, c.layout, k.Name, c.want)
		}
	}
}

func TestModifiersHoldUntilTheLastKeyboardLetsGo(t *testing.T) {
	ty := newTypist(layout(t, "us"))
	for _, k := range []Key{{Code: kShift}, {Code: kShift}, {Code: kShift, Action: Release}} { // two keyboards
		ty.fill(&k)
	}
	if got := typed(ty, kA, -kShift, kA); got != "Aa" {
		t.Errorf("typed %q", got)
	}
}
