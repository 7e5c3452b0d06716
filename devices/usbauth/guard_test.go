package usbauth

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// device is what a test plugs in: its class and the kinds of its interfaces, each
// with all its alternate settings, in one configuration.
type device struct {
	vendor, product uint16
	class           uint8
	interfaces      [][]Kind
}

func (d device) descriptors() []byte {
	b := []byte{18, 1, 0, 2, d.class, 0, 0, 64, byte(d.vendor), byte(d.vendor >> 8), byte(d.product), byte(d.product >> 8), 0, 1, 1, 2, 3, 1,
		9, 2, 0, 0, byte(len(d.interfaces)), 1, 0, 0x80, 50}
	for n, settings := range d.interfaces {
		for alternate, k := range settings {
			b = append(b, 9, 4, byte(n), byte(alternate), 1, k.Class, k.Subclass, k.Protocol, 0)
			b = append(b, 7, 5, 0x81, 2, 64, 0, 0)
		}
	}
	return b
}

type tree struct {
	t    *testing.T
	root string
}

func (m tree) path(name, attribute string) string {
	return filepath.Join(m.root, "sys/bus/usb/devices", name, attribute)
}

func (m tree) put(name, attribute, value string) {
	m.t.Helper()
	at := m.path(name, attribute)
	if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
		m.t.Fatal(err)
	}
	if err := os.WriteFile(at, []byte(value), 0o644); err != nil {
		m.t.Fatal(err)
	}
}

func (m tree) get(name, attribute string) string {
	m.t.Helper()
	b, err := os.ReadFile(m.path(name, attribute))
	if err != nil {
		m.t.Fatal(err)
	}
	return strings.TrimSpace(string(b))
}

// plug plugs a device in that is authorized or not, as all its interfaces are.
func (m tree) plug(port string, d device, authorized string) {
	m.put(port, "descriptors", string(d.descriptors()))
	m.put(port, "authorized", authorized+"\n")
	m.put(port, "product", "Thing\x1b[31m\x00")
	for n := range d.interfaces {
		m.put(fmt.Sprintf("%s:1.%d", port, n), "authorized", authorized+"\n")
	}
}

func newTree(t *testing.T) tree {
	m := tree{t, t.TempDir()}
	m.put("usb1", "authorized_default", "1\n")
	m.put("usb1", "interface_authorized_default", "1\n")
	m.put("1-0:1.0", "authorized", "1\n") // the root hub's own
	m.put("..", "drivers_probe", "")
	return m
}

var (
	keyboard = []Kind{{3, 1, 1}}
	disk     = []Kind{{8, 6, 0x50}, {8, 6, 0x62}}
	optical  = []Kind{{8, 2, 0x50}}
	hub      = []Kind{{9, 0, 0}}
	network  = []Kind{{2, 2, 0xFF}}
	data     = []Kind{{0x0A, 0, 0}}
	serial   = []Kind{{0xFF, 0xFF, 0xFF}}
	card     = []Kind{{0x0B, 0, 0}}
)

func TestOnlyWhatACeremonyNeedsIsLetIn(t *testing.T) {
	for name, c := range map[string]struct {
		device
		letIn string // a 1 or 0 an interface; empty: the whole device is kept out
	}{
		"a keyboard":                              {device{0x046d, 0xc31c, 0, [][]Kind{keyboard, {{3, 0, 0}}}}, "11"},
		"a stick that also speaks UAS":            {device{0x0781, 0x5581, 0, [][]Kind{disk}}, "1"},
		"an optical drive":                        {device{0x08e4, 0x017a, 0, [][]Kind{optical}}, "1"},
		"a hub":                                   {device{0x05e3, 0x0610, 9, [][]Kind{hub}}, "1"},
		"the HSM":                                 {device{0x1050, 0x0030, 0, [][]Kind{serial}}, "1"},
		"what says it is the HSM and a network":   {device{0x1050, 0x0030, 0, [][]Kind{serial, network}}, "10"},
		"a network card":                          {device{0x0525, 0xa4a2, 2, [][]Kind{network, data}}, ""},
		"a serial adapter":                        {device{0x0403, 0x6001, 0, [][]Kind{serial}}, ""},
		"a smart card reader":                     {device{0x076b, 0x3021, 0, [][]Kind{card}}, ""},
		"a token with a keyboard and a card":      {device{0x1050, 0x0407, 0, [][]Kind{keyboard, card}}, "10"},
		"a stick with a network card inside":      {device{0x1234, 0x0001, 0xEF, [][]Kind{network, data, disk}}, "001"},
		"a disk that can become a serial adapter": {device{0x1234, 0x0002, 0, [][]Kind{{{8, 6, 0x50}, {0xFF, 0, 0}}}}, ""},
		"storage over a transport of its maker's": {device{0x1234, 0x0003, 0, [][]Kind{{{8, 6, 0xFF}}}}, ""},
		"a hub inside something else":             {device{0x1234, 0x0004, 0, [][]Kind{hub}}, ""},
		"a device without interfaces":             {device{0x1234, 0x0005, 0, nil}, ""},
		"a microphone":                            {device{0x1234, 0x0006, 0, [][]Kind{{{1, 1, 0}}, {{1, 2, 0}}}}, ""},
	} {
		for _, before := range []string{"0", "1"} { // at boot the firmware's defaults may have let it in
			m := newTree(t)
			m.plug("1-2", c.device, before)
			found, err := New(m.root).Pass()
			if err != nil || len(found) != 1 || found[0].Vendor != c.vendor || found[0].Product != c.product {
				t.Fatalf("%s: %+v, %v", name, found, err)
			}
			want := "1"
			if c.letIn == "" {
				want = "0"
			}
			if got := m.get("1-2", "authorized"); got != want {
				t.Errorf("%s, authorized %s before: now %s", name, before, got)
			}
			for n, want := range c.letIn {
				if got := m.get(fmt.Sprintf("1-2:1.%d", n), "authorized"); got != string(want) {
					t.Errorf("%s, authorized %s before: interface %d is %s", name, before, n, got)
				}
			}
			let, refused := len(found[0].LetIn) > 0, len(found[0].Refused) > 0
			if let != strings.Contains(c.letIn, "1") || refused != (strings.Contains(c.letIn, "0") || c.letIn == "" && len(c.interfaces) > 0) {
				t.Errorf("%s is told as %+v", name, found[0])
			}
			if c.letIn != "" && before == "0" {
				if got := m.get("..", "drivers_probe"); !strings.HasPrefix(got, "1-2:1.") {
					t.Errorf("%s: the kernel was told to probe %q", name, got)
				}
			}
		}
	}
}

func TestControllersLetNothingInByThemselves(t *testing.T) {
	m := newTree(t)
	if found, err := New(m.root).Pass(); err != nil || len(found) != 0 {
		t.Errorf("%v, %v", found, err)
	}
	if a, b := m.get("usb1", "authorized_default"), m.get("usb1", "interface_authorized_default"); a != "0" || b != "0" {
		t.Errorf("devices %s, interfaces %s", a, b)
	}
	if got := m.get("1-0:1.0", "authorized"); got != "1" {
		t.Errorf("the root hub's own interface is %s", got)
	}
}

func TestWhatCannotBeReadIsKeptOutAndTheRestIsJudged(t *testing.T) {
	m := newTree(t)
	m.plug("1-1", device{1, 1, 0, [][]Kind{keyboard}}, "1")
	m.put("1-1", "descriptors", "\x12\x01short")
	m.plug("1-1.4", device{1, 2, 0, [][]Kind{keyboard}}, "0")
	found, err := New(m.root).Pass()
	if err == nil || !strings.Contains(err.Error(), "1-1:") || len(found) != 2 {
		t.Errorf("%v, %v", found, err)
	}
	if a, b := m.get("1-1", "authorized"), m.get("1-1.4", "authorized"); a != "0" || b != "1" {
		t.Errorf("the damaged one is %s, the good one %s", a, b)
	}
}

// TestWhatTheKernelReadsOtherwiseIsKeptOut plugs in devices whose interface 0 is a
// keyboard to whoever reads their descriptors in a row, and a network card to the
// kernel, which reads one configuration after the other and takes setting 0.
func TestWhatTheKernelReadsOtherwiseIsKeptOut(t *testing.T) {
	header := func(value byte) []byte { return []byte{9, 2, 0, 0, 1, value, 0, 0x80, 50} }
	setting := func(alternate byte, k Kind) []byte {
		return []byte{9, 4, 0, alternate, 0, k.Class, k.Subclass, k.Protocol, 0}
	}
	says := func(configurations byte, parts ...[]byte) string {
		d := device{0x1234, 1, 0, nil}.descriptors()[:lengthDevice]
		d[17] = configurations
		return string(d) + string(slices.Concat(parts...))
	}
	filler := slices.Concat(slices.Repeat([]byte{255, 0x24, 254: 0}, 256), []byte{220, 0x24, 219: 0}) // up to maxAttribute
	for name, raw := range map[string]string{
		"a second header inside the first configuration": says(1, header(1), setting(1, keyboard[0]), header(2), setting(0, network[0])),
		"a configuration behind the end of the file":     says(2, header(1), setting(0, keyboard[0]), filler, header(1), setting(0, network[0])),
		"fewer configurations than it has":               says(2, header(1), setting(0, keyboard[0])),
	} {
		m := newTree(t)
		m.plug("1-2", device{0x1234, 1, 0, [][]Kind{keyboard}}, "0")
		m.put("1-2", "descriptors", raw[:min(len(raw), 18+65535)])
		if found, err := New(m.root).Pass(); !errors.Is(err, errDescriptors) || len(found) != 1 || len(found[0].LetIn) > 0 {
			t.Errorf("%s: %v, %v", name, found, err)
		}
		if a, b := m.get("1-2", "authorized"), m.get("1-2:1.0", "authorized"); a != "0" || b != "0" {
			t.Errorf("%s: the device is %s, its interface %s", name, a, b)
		}
	}
	m := newTree(t)
	m.plug("1-2", device{0x1234, 1, 0, [][]Kind{keyboard}}, "0")
	m.put("1-2", "descriptors", says(2, header(1), setting(0, keyboard[0]), header(2), setting(0, network[0])))
	if found, err := New(m.root).Pass(); err != nil || m.get("1-2:1.0", "authorized") != "1" {
		t.Errorf("two configurations, and the first in use: %v, %v", found, err)
	}
}

func TestWhatIsBuiltInHangsOnNothingThatCanBeTakenOut(t *testing.T) {
	m := newTree(t)
	for port, says := range map[string]string{
		"1-1": "fixed\n", "1-1.2": "fixed\n", "1-1.3": "removable\n", "1-2": "removable\n", "1-2.1": "fixed\n", "1-3": "unknown\n", "1-4": "",
	} {
		m.plug(port, device{1, 1, 0, [][]Kind{card}}, "0")
		if says != "" {
			m.put(port, "removable", says)
		}
	}
	found, err := New(m.root).Pass()
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range found {
		if want := d.Port == "1-1" || d.Port == "1-1.2"; d.BuiltIn != want {
			t.Errorf("%s is built in: %t", d.Port, d.BuiltIn)
		}
	}
}

func TestADeviceCannotWriteOnTheScreen(t *testing.T) {
	m := newTree(t)
	m.plug("1-1", device{0x0525, 0xa4a2, 0, [][]Kind{network}}, "0")
	m.put("1-1", "manufacturer", strings.Repeat("é\n", 100)+"\xff")
	found, err := New(m.root).Pass()
	if err != nil {
		t.Fatal(err)
	}
	if s := found[0].String(); !strings.HasPrefix(s, `0525:a4a2 "é é`) || strings.ContainsAny(s, "\n\x00\x1b") || len([]rune(s)) > maxText+12 {
		t.Errorf("%q", s)
	}
}

func TestAMachineWithoutUSB(t *testing.T) {
	if found, err := New(t.TempDir()).Pass(); err != nil || found != nil {
		t.Errorf("%v, %v", found, err)
	}
}

func FuzzWhatADeviceSaysOfItself(f *testing.F) {
	f.Add(device{0x1050, 0x0030, 0, [][]Kind{serial, disk, network}}.descriptors())
	f.Add([]byte{18, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := parse(b)
		if err != nil {
			return
		}
		for at, kinds := range d.interfaces {
			if d.may(at) && slices.ContainsFunc(kinds, func(k Kind) bool { return !d.maySettle(k) }) {
				t.Errorf("%+v is let in with %v", at, kinds)
			}
		}
	})
}
