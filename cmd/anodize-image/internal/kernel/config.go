package kernel

import (
	"fmt"
	"strings"
)

// options reads a kernel configuration, finished or in parts: what each option is
// set to; "n" for those that are said not to be set.
func options(config string) map[string]string {
	set := map[string]string{}
	for line := range strings.Lines(config) {
		line = strings.TrimSpace(line)
		if name, ok := strings.CutSuffix(line, " is not set"); ok {
			set[strings.TrimPrefix(name, "# ")] = "n"
		} else if name, value, ok := strings.Cut(line, "="); ok && strings.HasPrefix(name, "CONFIG_") {
			set[name] = value
		}
	}
	return set
}

// is says what an option of a finished configuration is set to.
func is(set map[string]string, name string) string {
	if value, ok := set[name]; ok {
		return value
	}
	return "n"
}

// Lost returns what a fragment asks for that a finished configuration does not hold:
// Kconfig drops without a word what other options do not allow.
func Lost(config, fragment string) []string {
	var lost []string
	got, want := options(config), options(fragment)
	for line := range strings.Lines(fragment) {
		name, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "# "), "=")
		name = strings.TrimSuffix(name, " is not set")
		if value, ok := want[name]; ok && is(got, name) != value {
			lost = append(lost, fmt.Sprintf("%s is %s, asked for was %s", name, is(got, name), value))
		}
	}
	return lost
}

// Broken returns the rules that a finished configuration breaks. A rule is a line:
// "is" and a line of the configuration, or "no" and an option without its prefix,
// and then a reason.
func Broken(config, rules string) ([]string, error) {
	var broken []string
	got := options(config)
	for line := range strings.Lines(rules) {
		line = strings.TrimSpace(line)
		kind, rest, _ := strings.Cut(line, " ")
		what, reason, _ := strings.Cut(rest, " ")
		name, value, assigned := strings.Cut(what, "=")
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
			continue
		case kind == "is" && assigned && strings.HasPrefix(name, "CONFIG_"):
		case kind == "no" && !assigned && !strings.HasPrefix(name, "CONFIG_") && name != "":
			name, value = "CONFIG_"+name, "n"
		default:
			return nil, fmt.Errorf("the rules have a line %q, which is neither \"is CONFIG_OPTION=VALUE reason\" nor \"no OPTION reason\"", line)
		}
		if is(got, name) != value {
			broken = append(broken, fmt.Sprintf("%s is %s, not %s: %s", name, is(got, name), value, strings.TrimSpace(reason)))
		}
	}
	return broken, nil
}

// mode is the part of the command line that says what an image is for, as the
// finished configuration has it.
const mode = " anodize.mode="

// withMode returns a configuration whose kernel says of itself that it is for a mode.
func withMode(config, name string) (string, error) {
	before, after, ok := strings.Cut(config, mode+"production\"\n")
	if !ok {
		return "", fmt.Errorf("the kernel's configuration has no command line that ends with%sproduction", mode)
	}
	return before + mode + name + "\"\n" + after, nil
}
