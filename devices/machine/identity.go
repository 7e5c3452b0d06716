package machine

import (
	"strconv"
	"strings"
)

// names are what the firmware calls itself and the machine (SMBIOS).
func (m *Machine) names() []Fact {
	dmi := func(names ...string) string {
		var values []string
		for _, n := range names {
			if v := m.read("/sys/class/dmi/id", n); v != "" {
				values = append(values, v)
			}
		}
		return oneLine(strings.Join(values, " "))
	}
	processor := ""
	for line := range strings.Lines(string(m.raw("/proc/cpuinfo"))) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			processor = oneLine(value)
			break
		}
	}
	return facts(
		Fact{"Model", dmi("sys_vendor", "product_name", "product_version")},
		Fact{"Serial number", dmi("product_serial")},
		Fact{"Board", dmi("board_vendor", "board_name", "board_version")},
		Fact{"Firmware", dmi("bios_vendor", "bios_version", "bios_date")},
		Fact{"Processor", processor},
	)
}

// boot is what was started, and how.
func (m *Machine) boot() []Fact {
	return facts(
		Fact{"Kernel", m.read("/proc/version")},
		Fact{"Command line", m.CommandLine()},
		Fact{"Lockdown", chosen(m.read("/sys/kernel/security/lockdown"))},
		Fact{"Secure Boot", m.secureBoot()},
	)
}

// secureBoot reads the firmware's variable: four bytes of attributes, and one that
// is 1 if only signed programs are started.
func (m *Machine) secureBoot() string {
	if len(m.glob("/sys/firmware/efi")) == 0 {
		return "none: not started by UEFI"
	}
	switch b := m.raw("/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"); {
	case len(b) != 5:
		return unknown
	case b[4] == 1:
		return "on"
	}
	return "off"
}

// chosen is the word in brackets: "none integrity [confidentiality]".
func chosen(s string) string {
	_, s, ok := strings.Cut(s, "[")
	s, _, closed := strings.Cut(s, "]")
	if !ok || !closed {
		return ""
	}
	return s
}

// registers are the PCRs that the firmware and the kernel's loader measure into
// (TCG PC Client Platform Firmware Profile, section 3.3.4).
const registers = 16

// measurements are the TPM's registers, in SHA-256.
func (m *Machine) measurements() []Fact {
	const tpm = "/sys/class/tpm/tpm0"
	version := m.read(tpm, "tpm_version_major")
	if version == "" {
		return []Fact{{"TPM", "none"}}
	}
	all := []Fact{{"TPM", "version " + version}}
	for n := range registers {
		number := strconv.Itoa(n)
		value := strings.ToLower(m.read(tpm, "pcr-sha256", number))
		if strings.Trim(value, "0") != "" && strings.Trim(value, "f") != "" {
			all = append(all, Fact{"PCR " + number, value})
		}
	}
	return all
}

// CommandLine is what the kernel was started with.
func (m *Machine) CommandLine() string { return m.read("/proc/cmdline") }
