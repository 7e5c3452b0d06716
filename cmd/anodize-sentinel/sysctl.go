package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// settings are what is asked of a kernel (Documentation/admin-guide/sysctl). One
// that it does not have belongs to something that was left out of it.
var settings = map[string]string{
	"fs.suid_dumpable":                 "0",
	"fs.protected_symlinks":            "1",
	"fs.protected_hardlinks":           "1",
	"fs.protected_fifos":               "2",
	"fs.protected_regular":             "2",
	"kernel.core_pattern":              "|/none",
	"kernel.ctrl-alt-del":              "0", // it is told to this process
	"kernel.dmesg_restrict":            "1",
	"kernel.kexec_load_disabled":       "1",
	"kernel.kptr_restrict":             "2",
	"kernel.modules_disabled":          "1",
	"kernel.perf_event_paranoid":       "3",
	"kernel.printk":                    "3 3 3 3",
	"kernel.randomize_va_space":        "2",
	"kernel.sysrq":                     "0",
	"kernel.unprivileged_bpf_disabled": "1",
	"kernel.yama.ptrace_scope":         "3",
	"dev.tty.ldisc_autoload":           "0",
	"user.max_user_namespaces":         "0",
	"vm.unprivileged_userfaultfd":      "0",
}

// harden applies the settings below root ("" is this machine's).
func harden(root string) error {
	var errs []error
	for name, value := range settings {
		file := filepath.Join(root, "/proc/sys", strings.ReplaceAll(name, ".", "/"))
		f, err := os.OpenFile(file, os.O_WRONLY, 0)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			_, err = f.WriteString(value)
			err = errors.Join(err, f.Close())
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("setting %s to %s: %w", name, value, err))
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(errs...)
}
