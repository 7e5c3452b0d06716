package machine

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func put(t *testing.T, root, name, text string) {
	t.Helper()
	at := filepath.Join(root, name)
	if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(at, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// laptop is a machine with everything.
func laptop(t *testing.T) string {
	root := t.TempDir()
	for name, text := range map[string]string{
		"sys/class/dmi/id/sys_vendor":   "LENOVO\n",
		"sys/class/dmi/id/product_name": "20XX\n",
		"sys/class/dmi/id/bios_version": "N2X\x1b[0m ET\n",
		"proc/version":                  "Linux version 6.1.0-ceremony (root@build) #1\n",
		"proc/cmdline":                  "lockdown=confidentiality\n",
		"proc/cpuinfo":                  "processor\t: 0\nmodel name\t: Some CPU @ 2 GHz\nflags\t\t: fpu rdrand rdseed\n\nprocessor\t: 1\nflags\t: rdrand\n",
		"proc/uptime":                   "3725.17 9999.0\n",
		"proc/meminfo":                  "MemTotal:         507904 kB\nMemFree: 1 kB\nMemAvailable:     409600 kB\n",
		"sys/kernel/security/lockdown":  "none integrity [confidentiality]\n",
		"sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c": "\x06\x00\x00\x00\x01",
		"sys/class/tpm/tpm0/tpm_version_major":                                     "2\n",
		"sys/class/tpm/tpm0/pcr-sha256/4":                                          strings.Repeat("AB", 32) + "\n",
		"sys/class/tpm/tpm0/pcr-sha256/5":                                          strings.Repeat("00", 32) + "\n",
		"sys/class/misc/hw_random/rng_current":                                     "tpm-rng-0\n",
		"sys/class/thermal/thermal_zone0/temp":                                     "41000\n",
		"sys/class/thermal/thermal_zone1/temp":                                     "52500\n",
		"sys/class/power_supply/AC/type":                                           "Mains\n",
		"sys/class/power_supply/AC/online":                                         "0\n",
		"sys/class/power_supply/BAT0/type":                                         "Battery\n",
		"sys/class/power_supply/BAT0/capacity":                                     "83\n",
		"sys/class/power_supply/BAT0/status":                                       "Discharging\n",
		"sys/class/block/sr0/device/model":                                         "BD-RE  WH16NS40 \n",
		"sys/class/block/sda1/partition":                                           "1\n",
		"sys/class/block/loop0/size":                                               "0\n",
		"sys/devices/system/clocksource/clocksource0/current_clocksource":          "tsc\n",
		"sys/class/input/event0/device/name":                                       "Power Button\n",
		"sys/class/input/event0/device/capabilities/key":                           "10000000000000 0\n",
		"sys/class/input/event1/device/name":                                       "AT Translated Set 2 keyboard\n",
		"sys/class/input/event1/device/capabilities/key":                           "402000000 3803078f800d001 feffffdfffefffff fffffffffffffffe\n",
		"sys/class/input/event2/device/name":                                       "Touchscreen\n",
		"sys/class/input/event2/device/capabilities/key":                           "400 0 0 0 0 0\n",
		"sys/class/input/event3/device/name":                                       "damaged\n",
		"sys/class/input/event3/device/capabilities/key":                           "zz\n",
	} {
		put(t, root, name, text)
	}
	return root
}

func value(t *testing.T, facts []Fact, name string) string {
	t.Helper()
	i := slices.IndexFunc(facts, func(f Fact) bool { return f.Name == name })
	if i < 0 {
		return ""
	}
	return facts[i].Value
}

func all(m *Machine) []Fact {
	facts := m.Health().Facts
	for _, s := range m.Identity() {
		facts = append(facts, s.Facts...)
	}
	return facts
}

func TestWhatALaptopSaysOfItself(t *testing.T) {
	m := New(laptop(t))
	facts := all(m)
	for name, want := range map[string]string{
		"Model": "LENOVO 20XX", "Firmware": "N2X [0m ET", "Processor": "Some CPU @ 2 GHz", "Serial number": "",
		"Kernel": "Linux version 6.1.0-ceremony (root@build) #1", "Command line": "lockdown=confidentiality", "Lockdown": "confidentiality",
		"Secure Boot": "on", "TPM": "version 2", "PCR 4": strings.Repeat("ab", 32), "PCR 5": "",
		"Running for": "1h2m5s", "Memory": "400 of 496 MiB free", "Random numbers": "processor (rdrand), processor (rdseed), tpm-rng-0",
		"Temperature": "52 °C", "Clock source": "tsc", "Power": "mains off, battery 83 % discharging", "Disks and drives": "sr0 BD-RE WH16NS40",
		"Input": "AT Translated Set 2 keyboard; Touchscreen",
	} {
		if got := value(t, facts, name); got != want {
			t.Errorf("%s: %q, not %q", name, got, want)
		}
	}
	if !m.HasInput() {
		t.Error("it has a keyboard and a touchscreen")
	}
}

func TestAMachineThatSaysNothing(t *testing.T) {
	m := New(t.TempDir())
	facts := all(m)
	for name, want := range map[string]string{"Secure Boot": "none: not started by UEFI", "TPM": "none", "Memory": unknown, "Temperature": unknown, "Power": unknown, "Input": ""} {
		if got := value(t, facts, name); got != want {
			t.Errorf("%s: %q, not %q", name, got, want)
		}
	}
	if m.HasInput() {
		t.Error("it has nothing to act with")
	}
	if f := m.Hash("Kiosk", "/none"); f != (Fact{"Kiosk", unknown}) {
		t.Errorf("%+v", f)
	}
}

func TestSecureBootThatIsOffOrDamaged(t *testing.T) {
	for content, want := range map[string]string{"\x06\x00\x00\x00\x00": "off", "\x06\x00\x00\x00": unknown, "": unknown} {
		root := t.TempDir()
		put(t, root, "sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c", content)
		if got := New(root).secureBoot(); got != want {
			t.Errorf("%q: %s", content, got)
		}
	}
}

// sha256sum of "abc" (FIPS 180-4's example).
func TestTheHashOfAProgram(t *testing.T) {
	root := t.TempDir()
	put(t, root, "init", "abc")
	if got := New(root).Hash("Sentinel", "/init").Value; got != "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" {
		t.Error(got)
	}
}

func FuzzAValueIsOneShortLine(f *testing.F) {
	f.Add("a\nb\x00\xff")
	f.Add(strings.Repeat("é", MaxValue))
	f.Fuzz(func(t *testing.T, s string) {
		if got := oneLine(s); len(got) > MaxValue || !utf8.ValidString(got) || strings.ContainsAny(got, "\n\r\x00\x1b") {
			t.Errorf("%q", got)
		}
	})
}
