package yubihsm

import (
	"bytes"
	"encoding/hex"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/certusone/yubihsm-go/commands"

	"anodize/core/hsm"
	"anodize/core/secret"
	"anodize/devices/sim"
)

// docs/dependencies.md names every command that is sent, and who builds it.
func TestDocumentedBuilders(t *testing.T) {
	doc, err := os.ReadFile("../../../docs/dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(doc), "## YubiHSM 2 commands")
	if !found {
		t.Fatal("docs/dependencies.md has no table of commands")
	}
	var theirs, named []string
	for _, row := range regexp.MustCompile(`(?m)^\| ([A-Z].*) \| (here|yubihsm-go) \| (.*) \|$`).FindAllStringSubmatch(table, -1) {
		named = append(named, strings.Split(row[1], ", ")...)
		if row[2] == "yubihsm-go" {
			theirs = append(theirs, strings.Trim(row[3], "`"))
		}
	}
	var used []string
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`commands\.(Create\w+)`).FindAllSubmatch(source, -1) {
			used = append(used, string(m[1]))
		}
	}
	slices.Sort(theirs)
	slices.Sort(used)
	if used = slices.Compact(used); !slices.Equal(theirs, used) {
		t.Errorf("docs/dependencies.md says that yubihsm-go builds\n%q\nand the code has it build\n%q", theirs, used)
	}
	var known []string
	for c := range 256 {
		known = append(known, hsm.CommandName(byte(c)))
	}
	for _, name := range named {
		if !slices.Contains(known, name) {
			t.Errorf("docs/dependencies.md names a command %q", name)
		}
	}
}

// asFactory opens a device under its default key, which may do everything.
func asFactory(t *testing.T, h *sim.HSM) *channel {
	t.Helper()
	c, err := New(h).openDefault(t.Context(), firmware240)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// SIGN PSS, byte for byte: key 0102h, MGF1 with SHA-256 (33), a salt of 32 bytes.
func TestSignRequests(t *testing.T) {
	for spec, want := range map[hsm.KeySpec]string{
		hsm.RSAPSS4096: "0102 21 0020 aabb",
		hsm.RSA4096:    "0102 aabb",
		hsm.ECDSAP521:  "0102 aabb",
		hsm.Ed25519:    "0102 aabb",
	} {
		a, err := algorithmFor(spec, firmware240)
		if err != nil {
			t.Fatal(err)
		}
		if got := hex.EncodeToString(a.signRequest(0x0102, []byte{0xaa, 0xbb})); got != strings.ReplaceAll(want, " ", "") {
			t.Errorf("%s: %s; want %s", spec, got, want)
		}
	}
}

// An option is read as it was set, and an algorithm that was switched off says
// so when it is asked for.
func TestOptionsBothWays(t *testing.T) {
	h := sim.NewHSM(1)
	c := asFactory(t, h)
	ed25519 := byte(commands.AlgorithmED25519)
	generate := func() error {
		s := &session{dev: c.dev, firmware: firmware240, ch: c, last: c.dev.now(), pin: secret.Own(nil)}
		_, err := s.generate(t.Context(), "root", hsm.Ed25519)
		return err
	}
	for _, value := range []byte{0, 1} {
		if err := setOption(t.Context(), c, optionAlgorithms, []byte{ed25519, value}); err != nil {
			t.Fatal(err)
		}
		pairs, err := readOption(t.Context(), c, optionAlgorithms)
		if err != nil {
			t.Fatal(err)
		}
		i := bytes.Index(pairs, []byte{ed25519, value})
		if i < 0 || i%2 != 0 {
			t.Errorf("Ed25519 was set to %d; the device says %x", value, pairs)
		}
		if err := generate(); (err == nil) != (value == 1) {
			t.Errorf("Ed25519 set to %d, a key of it: %v", value, err)
		}
	}
	for _, value := range []byte{1, 0, optionFix} {
		if err := setOption(t.Context(), c, optionForceAudit, []byte{value}); err != nil {
			t.Fatal(err)
		}
		if got, err := readOption(t.Context(), c, optionForceAudit); err != nil || !bytes.Equal(got, []byte{value}) {
			t.Errorf("force audit set to %d reads %x, %v", value, got, err)
		}
	}
	if err := setOption(t.Context(), c, optionForceAudit, []byte{0}); err == nil {
		t.Error("a fixed option was changed")
	}
}

// What somebody put into a device comes back as it was, by the builder that the
// attestation's certificate is read with.
func TestOpaqueObjects(t *testing.T) {
	c := asFactory(t, sim.NewHSM(1))
	want := []byte("somebody's data")
	put, err := commands.CreatePutOpaqueCommand(0x0042, []byte("bob"), commands.Domain1, 0, commands.AlgorithmOpaqueData, want)
	answer, err := run(t.Context(), c, put, err)
	if err == nil {
		err = made(answer, 0x0042)
	}
	if err != nil {
		t.Fatal(err)
	}
	get, err := commands.CreateGetOpaqueCommand(0x0042)
	if got, err := run(t.Context(), c, get, err); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%q, %v", got, err)
	}
	objects, err := list(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if err := foreign(t.Context(), c, objects, object{defaultKeyID, commands.ObjectTypeAuthenticationKey}); err == nil || !strings.Contains(err.Error(), `opaque object 0x0042 "bob"`) {
		t.Errorf("it is not named: %v", err)
	}
}

func TestStorageInfo(t *testing.T) {
	got, err := readStorage(t.Context(), asFactory(t, sim.NewHSM(1)))
	// One authentication key of 40 bytes in a fresh device.
	if want := (storage{256, 255, 1024, 1023, 126}); err != nil || got != want {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
}

// The second page of the device's info is asked for where there is one, told on
// record, and never an obstacle.
func TestPartNumber(t *testing.T) {
	for name, tt := range map[string]struct {
		firmware version
		answer   []byte
		want     string
		bad      bool
		asked    int
	}{
		"firmware without pages": {version{2, 3, 9}, nil, "", false, 0},
		"none to tell":           {firmware240, nil, "", false, 1},
		"refused":                {firmware240, []byte{errorByte, 0, 1, 8}, "", false, 1},
		"told":                   {firmware240, appendFrame(nil, 0x86, []byte("78CLUFX5000P\x00")), ", part number 78CLUFX5000P", false, 1},
		"unprintable":            {firmware240, appendFrame(nil, 0x86, []byte{7}), "", true, 1},
		"zeros alone":            {firmware240, appendFrame(nil, 0x86, make([]byte, 65)), "", false, 1},
		"much too long":          {firmware240, appendFrame(nil, 0x86, bytes.Repeat([]byte("x"), 65)), "", true, 1},
		"another answer":         {firmware240, []byte{0x81, 0, 0}, "", true, 1},
	} {
		script := &scripted{info: tt.answer}
		if tt.answer == nil {
			script.info = appendFrame(nil, 0x86, nil)
		}
		got, err := New(script).partNumber(t.Context(), tt.firmware)
		if got != tt.want || (err != nil) != tt.bad || len(script.sent) != tt.asked {
			t.Errorf("%s: %q, %v after %d messages", name, got, err, len(script.sent))
		}
	}
}

// Byte for byte as yubihsm-shell sends them (lib/yubihsm.c, do_rsa_wrap and
// yh_util_import_rsa_wrapped).
func TestRSAWrapRequests(t *testing.T) {
	const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" // SHA-256 of nothing
	for name, tt := range map[string]struct {
		got  []byte
		want string
	}{
		"export": {exportRSARequest(0x0200, object{0x0100, 3}), "0200 03 0100 34 1a 21" + empty},
		"import": {importRSARequest(0x0200, []byte{1, 2, 3}), "0200 1a 21 010203" + empty},
	} {
		if got, want := hex.EncodeToString(tt.got), strings.ReplaceAll(tt.want, " ", ""); got != want {
			t.Errorf("%s: %s; want %s", name, got, want)
		}
	}
}
