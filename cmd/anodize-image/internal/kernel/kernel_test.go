package kernel

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const folder = "../../../../nix/kernel"

func read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// The kept configuration is the one that a build gives, or it fails: so what this
// finds out needs no build.
func TestTheKeptConfigurationHoldsWhatIsAskedFor(t *testing.T) {
	config := read(t, "config")
	for _, lost := range Lost(config, read(t, "fragment")) {
		t.Error(lost)
	}
	broken, err := Broken(config, read(t, "rules"))
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range broken {
		t.Error(rule)
	}
}

func TestTheKeptConfigurationIsOfThePinnedVersions(t *testing.T) {
	pin, err := ParsePin(read(t, "pin"))
	if err != nil {
		t.Fatal(err)
	}
	if got := pin.String(); got != read(t, "pin") {
		t.Errorf("the pin file reads back as\n%s", got)
	}
	config := read(t, "config")
	upstream, _, _ := strings.Cut(pin.Source.Version, "-")
	if !strings.Contains(config, "Linux/x86 "+upstream+" Kernel Configuration") {
		t.Errorf("the kept configuration is of another kernel than the pinned %s", upstream)
	}
	gcc := pin.Tools[0].Version
	if !strings.Contains(config, `CONFIG_CC_VERSION_TEXT="gcc (Debian `+gcc+`)`) {
		t.Errorf("the kept configuration is of another compiler than the pinned %s", gcc)
	}
}

func TestAnOptionThatDidNotSurviveIsNamed(t *testing.T) {
	const config = "CONFIG_A=y\n# CONFIG_B is not set\nCONFIG_S=\"two words\"\nCONFIG_E=y\n"
	for name, c := range map[string]struct {
		fragment string
		lost     int
	}{
		"all of them did":                 {"CONFIG_A=y\n# CONFIG_B is not set\nCONFIG_S=\"two words\"\n", 0},
		"one that Kconfig does not offer": {"CONFIG_C=y\n", 1},
		"one that is off":                 {"CONFIG_B=y\n", 1},
		"one that has another value":      {"CONFIG_S=\"one\"\n", 1},
		"one that came on":                {"# CONFIG_E is not set\n", 1},
		"one off that is not offered":     {"# CONFIG_D is not set\n", 0},
		"the last word counts":            {"CONFIG_B=y\n# CONFIG_B is not set\n", 0},
		"a comment is none":               {"# what CONFIG_Z=y would do\n", 0},
	} {
		if lost := Lost(config, c.fragment); len(lost) != c.lost {
			t.Errorf("%s: lost are %q", name, lost)
		}
	}
}

func TestABrokenRuleIsNamedWithItsReason(t *testing.T) {
	broken, err := Broken("CONFIG_NET=y\n", "# why\n\nno NET no network\nno BT nor this\nis CONFIG_NET=y\nis CONFIG_RTC=y\n")
	want := "CONFIG_NET is y, not n: no network; CONFIG_RTC is n, not y: "
	if got := strings.Join(broken, "; "); err != nil || got != want {
		t.Errorf("broken are %q, %v; not %q", got, err, want)
	}
	for _, rule := range []string{"no CONFIG_NET", "is NET=y", "is CONFIG_NET", "no", "no NET=y", "perhaps NET"} {
		if _, err := Broken("", rule); err == nil {
			t.Errorf("the rule %q is read", rule)
		}
	}
}

func TestAVersionThatMovedOnIsNamed(t *testing.T) {
	pin, err := ParsePin(read(t, "pin"))
	if err != nil {
		t.Fatal(err)
	}
	installed := map[string]string{}
	for _, p := range pin.Packages() {
		installed[p.Name] = p.Version
	}
	ask := func(name string) (string, error) { return installed[name], nil }
	if err := pin.Compare(ask); err != nil {
		t.Errorf("the pinned versions: %v", err)
	}
	installed["zstd"] = "9.9"
	if err := pin.Compare(ask); !errors.Is(err, ErrMoved) || !strings.Contains(err.Error(), "zstd is 9.9, pinned is ") {
		t.Errorf("another zstd: %v", err)
	}
}

func TestAPinFileWithAnythingElseIsRefused(t *testing.T) {
	sum := strings.Repeat("a", 64)
	for _, text := range []string{
		"", "go go1.26.8\n", "source a 1 " + sum + "\n", "source a 1 abc\ntool b 2\ngo c\n",
		"source a 1 " + sum + "\nsource a 1 " + sum + "\ntool b 2\ngo c\n", "source a 1 " + sum + "\ntool b\ngo c\n",
		"source a 1 " + sum + "\ntool b 2\ngo c\nmore\n",
	} {
		if _, err := ParsePin(text); err == nil {
			t.Errorf("the pin file %q is read", text)
		}
	}
}

func TestTheModeStandsOnTheCommandLine(t *testing.T) {
	config := read(t, "config")
	dev, err := withMode(config, "dev")
	if err != nil || strings.Count(dev, "anodize.mode=dev\"") != 1 || strings.Contains(dev, "anodize.mode=production") {
		t.Errorf("dev: %v", err)
	}
	if same, err := withMode(config, "production"); err != nil || same != config {
		t.Errorf("production changes the configuration: %v", err)
	}
	if _, err := withMode("CONFIG_CMDLINE=\"\"\n", "dev"); err == nil {
		t.Error("a configuration without a mode is taken")
	}
}
