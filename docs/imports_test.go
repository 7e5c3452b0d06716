// Package docs holds the project's documents, and the tests that keep them
// true: the import rule of design.md, the list of dependencies.md, and every
// command that a reader is told to run.
package docs

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

// listed is what this test needs of go list's answer.
type listed struct {
	ImportPath string
	Imports    []string
	Deps       []string
}

func listPackages(t *testing.T, args ...string) []listed {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-json=ImportPath,Imports,Deps"}, args...)...)
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []listed
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// room is the part of the house that an import path lies in.
func room(path string) string {
	rest, ok := strings.CutPrefix(path, "anodize/")
	if !ok {
		return ""
	}
	first, _, _ := strings.Cut(rest, "/")
	return first
}

// forbidden says why a package may not import another one; empty if it may.
func forbidden(from, to string) string {
	a, b := room(from), room(to)
	if strings.HasPrefix(to, "golang.org/x/net/") && (from != "anodize/ui/html" || to != "golang.org/x/net/html") {
		return "only ui/html parses pages, and nothing else of x/net is used"
	}
	if to == "anodize/devices/sim/hsmhttp" {
		return "a device behind HTTP is for tests"
	}
	switch {
	case a == "" || b == "":
		return ""
	case a == "core" && b != "core":
		return "core knows no device and no pixel"
	case a == "core" && to == "anodize/core/ceremony":
		return "only ui and cmd stand above the ceremony"
	case a == "devices" && b != "devices":
		return "devices know no core"
	case a == "ui" && b == "core" && to != "anodize/core/ceremony":
		return "ui sees what the ceremony shows, and nothing else of core"
	case a == "ui" && b == "devices" && (from != "anodize/ui/host" || to != "anodize/devices/drm" && to != "anodize/devices/evdev"):
		return "only ui/host may open the display and the input devices"
	case from == "anodize/cmd/anodize-qemu" && (to == "anodize/devices/qemu/qmp" || to == "anodize/devices/sim" || to == "anodize/devices/sim/usbredir"):
		return "" // the developers' machine is made of them
	case to == "anodize/devices/qemu" || strings.HasPrefix(to, "anodize/devices/qemu/"):
		if !strings.HasPrefix(from, "anodize/devices/qemu") && !strings.HasSuffix(from, "/internal/vminit") && from != "anodize/cmd/internal/twin" {
			return "virtual machines are for tests"
		}
		return ""
	case a == "ui" && b == "cmd":
		return "nothing imports a command"
	case (to == "anodize/devices/sim" || strings.HasPrefix(to, "anodize/devices/sim/")) && from != "anodize/cmd/anodize-rehearsal" && a != "devices":
		return "simulated devices belong to the rehearsal"
	}
	return ""
}

func TestImportsRunOneWay(t *testing.T) {
	for _, p := range listPackages(t, "./...") {
		for _, to := range p.Imports {
			if why := forbidden(p.ImportPath, to); why != "" {
				t.Errorf("%s imports %s: %s", p.ImportPath, to, why)
			}
		}
	}
}

func TestTheImportRuleForbidsWhatItShould(t *testing.T) {
	for _, pair := range [][2]string{
		{"anodize/core/disc", "anodize/devices/scsi"}, {"anodize/devices/sim", "anodize/core/disc"},
		{"anodize/ui", "anodize/core/quorum"}, {"anodize/ui/kit", "anodize/devices/drm"},
		{"anodize/core/archive", "anodize/core/ceremony"}, {"anodize/cmd/anodize-ceremony", "anodize/devices/sim"},
		{"anodize/cmd/anodize-rehearsal", "anodize/devices/sim/hsmhttp"}, {"anodize/devices/sim", "anodize/devices/sim/hsmhttp"},
	} {
		if forbidden(pair[0], pair[1]) == "" {
			t.Errorf("%s may import %s", pair[0], pair[1])
		}
	}
	for _, pair := range [][2]string{
		{"anodize/ui/host", "anodize/devices/drm"}, {"anodize/ui", "anodize/core/ceremony"},
		{"anodize/core/ceremony", "anodize/core/disc"}, {"anodize/cmd/anodize-rehearsal", "anodize/devices/sim"},
		{"anodize/cmd/anodize-qemu", "anodize/devices/sim/usbredir"},
	} {
		if why := forbidden(pair[0], pair[1]); why != "" {
			t.Errorf("%s may not import %s: %s", pair[0], pair[1], why)
		}
	}
}

// The kiosk is core/ceremony and ui: nothing they are built from may speak to a
// network by itself.
func TestTheKioskLinksNoHTTP(t *testing.T) {
	for _, p := range listPackages(t, "./core/ceremony", "./ui/...", "./devices/sim", "./cmd/anodize-ceremony", "./cmd/anodize-validate") {
		for _, dep := range p.Deps {
			if dep == "net/http" || strings.HasPrefix(dep, "golang.org/x/net/") && !strings.HasPrefix(dep, "golang.org/x/net/html") {
				t.Errorf("%s is built from %s", p.ImportPath, dep)
			}
		}
	}
}
