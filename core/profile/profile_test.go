package profile

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"testing"
)

const sample = "../../testdata/profile.toml"

func readSample(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile(sample)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestSample(t *testing.T) {
	data := readSample(t)
	p, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	want := &Profile{
		CA:  CA{"Example Root CA", "Example Corp", "US", "http://crl.example.com/root.crl", 7305, 365},
		HSM: HSM{YubiHSM, "Example Root HSM", "Example Root Key", ECDSAP384},
		CertProfiles: []CertProfile{
			{"intermediate", 1826, 0, nil},
			{"example.com only", 1096, 0, []string{"example.com"}},
		},
		data: data,
	}
	if !reflect.DeepEqual(p, want) {
		t.Errorf("got %+v", p)
	}
	if p.Hash() != sha256.Sum256(data) || !bytes.Equal(p.Bytes(), data) {
		t.Error("the file's bytes are not kept")
	}
}

// TestBytesCannotBeChanged: the hash is where the audit log begins.
func TestBytesCannotBeChanged(t *testing.T) {
	data := readSample(t)
	p, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	hash := p.Hash()
	data[0] ^= 1
	p.Bytes()[1] ^= 1
	if p.Hash() != hash {
		t.Error("the profile's bytes are shared with others")
	}
}

// TestSampleAsPythonReadsIt compares the sample with what Python's tomllib makes
// of it.
func TestSampleAsPythonReadsIt(t *testing.T) {
	out, err := exec.Command("python3", "-c",
		"import json,sys,tomllib; json.dump(tomllib.load(open(sys.argv[1],'rb')),sys.stdout)", sample).Output()
	if err != nil {
		t.Fatalf("python3: %v", err)
	}
	var got struct {
		CA struct {
			CommonName      string `json:"common_name"`
			Organization    string
			Country         string
			CDPURL          string `json:"cdp_url"`
			ValidityDays    int    `json:"validity_days"`
			CRLValidityDays int    `json:"crl_validity_days"`
		}
		HSM struct {
			Backend    string
			TokenLabel string `json:"token_label"`
			KeyLabel   string `json:"key_label"`
			KeySpec    string `json:"key_spec"`
		}
		CertProfiles []struct {
			Name         string
			ValidityDays int      `json:"validity_days"`
			PathLen      int      `json:"path_len"`
			PermittedDNS []string `json:"permitted_dns"`
		} `json:"cert_profiles"`
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	p, err := Parse(readSample(t))
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprintf("%v %v %v", p.CA, p.HSM, p.CertProfiles) != fmt.Sprintf("%v %v %v", got.CA, got.HSM, got.CertProfiles) {
		t.Errorf("tomllib reads %+v", got)
	}
}

func TestCountriesAreThoseOfTzdata(t *testing.T) {
	tab, err := os.ReadFile("/usr/share/zoneinfo/iso3166.tab")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for line := range strings.Lines(string(tab)) {
		if code, _, ok := strings.Cut(line, "\t"); ok && !strings.HasPrefix(line, "#") {
			want = append(want, code)
		}
	}
	if !reflect.DeepEqual(countries, want) {
		t.Errorf("%d countries, tzdata has %d, or others", len(countries), len(want))
	}
}

// minimal has each key that must be there, on a line of its own.
const minimal = `[ca]
common_name = "Root"
organization = "Org"
country = "DE"
cdp_url = "https://example.org/r.crl"
[hsm]
backend = "pkcs11"
token_label = "T"
key_label = "K"
key_spec = "rsa-4096"
[[cert_profiles]]
name = "one"
validity_days = 10
path_len = 1
`

func TestDefaults(t *testing.T) {
	p, err := Parse([]byte(minimal))
	if err != nil {
		t.Fatal(err)
	}
	if p.CA.ValidityDays != DefaultValidityDays || p.CA.CRLValidityDays != DefaultCRLValidityDays {
		t.Errorf("root %d days, CRL %d", p.CA.ValidityDays, p.CA.CRLValidityDays)
	}
	if p.HSM.Backend != PKCS11 || p.HSM.KeySpec != RSA4096 || p.CertProfiles[0].PathLen != 1 {
		t.Errorf("got %+v", p)
	}
}

func TestOneProblem(t *testing.T) {
	long := strings.Repeat("x", 55)
	for _, c := range []struct {
		why      string
		old, new string // replaced in minimal
		line     int
		message  string // part of the problem's line
	}{
		{"unknown key", `country = "DE"`, "country = \"DE\"\ncounty = 1", 5, "ca.county: unknown key; remove it"},
		{"unknown dotted key", `key_label =`, "key_label = \"K\"\nkey.label =", 10, "hsm.key.label: unknown key"},
		{"unknown table", "[hsm]", "[network]\n[hsm]", 6, "network: unknown table"},
		{"unknown table within", "[hsm]", "[ca.more]\n[hsm]", 6, "ca.more: unknown table"},
		{"key before the tables", "[ca]", "x = 1\n[ca]", 1, "write [ca] above it"},
		{"missing key: the table's line", "key_label = \"K\"\n", "", 6, `hsm.key_label: missing; add key_label = "Example"`},
		{"missing number", "path_len = 1\n", "", 11, "cert_profiles.path_len: missing; write path_len = a whole number"},
		{"keys without their table", "[hsm]\nbackend", "backend", 6, "ca.backend: unknown key"},
		{"text where a number is wanted", "validity_days = 10", `validity_days = "10"`, 13, `the text "10" where a number is wanted; write validity_days = a whole number from 1 to 7305, without quotes`},
		{"number where a text is wanted", `token_label = "T"`, "token_label = 7", 8, `the number 7 where a text is wanted; write token_label = "Example", in quotes`},
		{"truth where a text is wanted", `token_label = "T"`, "token_label = true", 8, "true or false where a text is wanted"},
		{"date where a number is wanted", "path_len = 1", "path_len = 2026-01-01", 14, "a date or time where a number is wanted"},
		{"fraction", "path_len = 1", "path_len = 1.0", 14, "a fraction where a number is wanted"},
		{"inline table", `country = "DE"`, `country = {a = "DE"}`, 4, "a table in braces where a text is wanted"},
		{"list where a text is wanted", `country = "DE"`, `country = ["DE"]`, 4, "a list where a text is wanted"},
		{"zero validity", "validity_days = 10", "validity_days = 0", 13, "0 is out of bounds; write validity_days = a whole number from 1"},
		{"negative validity", "validity_days = 10", "validity_days = -10", 13, "-10 is out of bounds"},
		{"absurd validity", "validity_days = 10", "validity_days = 1_000_000", 13, "1000000 is out of bounds"},
		{"validity beyond 32 bits", "validity_days = 10", "validity_days = 0x1_0000_0001", 13, "4294967297 is out of bounds"},
		{"outlives the root", `country = "DE"`, "country = \"DE\"\nvalidity_days = 9\ncrl_validity_days = 9", 15, "a whole number from 1 to 9,"},
		{"zero root validity", `country = "DE"`, "country = \"DE\"\nvalidity_days = 0", 5, "ca.validity_days: 0 is out of bounds"},
		{"CRL outlives the root", "[hsm]", "validity_days = 20\ncrl_validity_days = 21\n[hsm]", 7, "ca.crl_validity_days: 21 is out of bounds"},
		{"path length", "path_len = 1", "path_len = 9", 14, "9 is out of bounds; write path_len = a whole number from 0 to 8"},
		{"common name leaves no room for REHEARSAL", `"Root"`, `"` + long + `"`, 2, "55 characters long; write at most 54"},
		{"organization beyond X.520", `"Org"`, `"` + long + long + `"`, 3, "110 characters long; write at most 64"},
		{"empty name", `"Root"`, `""`, 2, "empty; write a name"},
		{"trailing space", `"Root"`, `"Root "`, 2, "a space at the beginning or the end; remove it"},
		{"escaped control character", `"Root"`, `"Ro\u0007ot"`, 2, "the character U+0007 cannot be seen"},
		{"bidirectional control", `"Org"`, "\"O\u202Erg\"", 3, "the character U+202E cannot be seen"},
		{"token label beyond PKCS#11", `"T"`, `"` + strings.Repeat("é", 17) + `"`, 8, "34 bytes long; write at most 32"},
		{"country in lower case", `"DE"`, `"de"`, 4, `"de" is in lower case; write "DE"`},
		{"country of three letters", `"DE"`, `"DEU"`, 4, `"DEU" is no country code; write the two capital letters`},
		{"country that does not exist", `"DE"`, `"XX"`, 4, `"XX" is no country code`},
		{"United Kingdom is GB", `"DE"`, `"UK"`, 4, `"UK" is no country code`},
		{"URL without a scheme", `"https://example.org/r.crl"`, `"example.org/r.crl"`, 5, `does not begin with http:// or https://; write one like "http://crl.example.com/root.crl"`},
		{"URL of another scheme", `https:`, `ldap:`, 5, "does not begin with http:// or https://"},
		{"URL without a host", `https://example.org/r.crl`, `http:///r.crl`, 5, "has no valid host"},
		{"URL with a port and no host", `https://example.org/r.crl`, `http://:80/r.crl`, 5, "has no valid host"},
		{"URL with an empty port", `example.org`, `example.org:`, 5, "has no valid host"},
		{"URL with a bad port", `example.org`, `example.org:http`, 5, "is no URL"},
		{"URL with a user", `https://`, `https://me:pw@`, 5, "a user name or password in the URL"},
		{"URL with a fragment", `r.crl`, `r.crl#x`, 5, "a fragment (#) in the URL"},
		{"URL with an empty fragment", `r.crl`, `r.crl#`, 5, "a fragment (#) in the URL"},
		{"URL with a space", `r.crl`, `r .crl`, 5, "the character ' ' cannot stand in a URL"},
		{"URL with a bad escape", `r.crl`, `r%zz.crl`, 5, "is no URL"},
		{"URL that is not ASCII", `example.org`, `exämple.org`, 5, "the character 'ä' cannot stand in a URL"},
		{"URL with a host that is none", `example.org`, `-example.org`, 5, "has no valid host"},
		{"URL beyond the bound", `r.crl`, strings.Repeat("r", 1024), 5, "1024 at most are allowed"},
		{"backend", `"pkcs11"`, `"softhsm"`, 7, `"softhsm" is not known; write one of "yubihsm", "pkcs11"`},
		{"key spec", `"rsa-4096"`, `"rsa-2048"`, 10, `"rsa-2048" is not known; write one of "ecdsa-p384", "ecdsa-p256"`},
		{"key spec in capitals", `"rsa-4096"`, `"RSA-4096"`, 10, "is not known"},
		{"one bracket", "[[cert_profiles]]", "[cert_profiles]", 11, "one pair of brackets; write [[cert_profiles]]"},
		{"two brackets", "[hsm]", "[[hsm]]", 6, "two pairs of brackets; write [hsm], once"},
		{"name twice but for case", "path_len = 1\n", "path_len = 1\n[[cert_profiles]]\nname = \"ONE\"\nvalidity_days = 1\npath_len = 0\n", 16, `"ONE" is another's name too`},
		{"constraint that is no list", "path_len = 1", "path_len = 1\npermitted_dns = \"a.b\"", 15, "where a list of texts is wanted"},
		{"constraint of numbers", "path_len = 1", "path_len = 1\npermitted_dns = [1]", 15, "a list with something else than texts"},
		{"no constraint in the list", "path_len = 1", "path_len = 1\npermitted_dns = []", 15, "0 domains where 1 to 32"},
		{"wildcard constraint", "path_len = 1", "path_len = 1\npermitted_dns = [\"*.a\"]", 15, `"*.a" is not a domain`},
		{"constraint twice", "path_len = 1", "path_len = 1\npermitted_dns = [\"a\", \"a\"]", 15, `"a" stands there twice`},
		{"not TOML", `country = "DE"`, "country = DE", 4, "write TOML"},
		{"text without an end", `"Root"`, `"Root`, 2, "write TOML"},
		{"key twice", `country = "DE"`, "country = \"DE\"\ncountry = \"FR\"", 5, "write TOML"},
		{"table twice", "[hsm]", "[ca]\n[hsm]", 6, "write TOML"},
		{"raw control character", `"Root"`, "\"Ro\x00ot\"", 2, "write TOML"},
		{"not UTF-8", `"Root"`, "\"Ro\xfft\"", 2, "not UTF-8; save the file as UTF-8"},
		{"byte order mark", "[ca]", "\uFEFF[ca]", 1, "byte order mark"},
	} {
		if strings.Count(minimal, c.old) == 0 {
			t.Errorf("%s: nothing to replace", c.why)
			continue
		}
		_, err := Parse([]byte(strings.Replace(minimal, c.old, c.new, 1)))
		var problems Problems
		if !errors.As(err, &problems) {
			t.Errorf("%s: %v", c.why, err)
			continue
		}
		if p := problems[0]; p.Line != c.line || !strings.Contains(p.String(), c.message) {
			t.Errorf("%s: %v\nwant line %d: …%s", c.why, problems, c.line, c.message)
		}
	}
}

func TestGoodVariants(t *testing.T) {
	for _, c := range []struct{ why, old, new string }{
		{"quoted keys", `country =`, `"country" =`},
		{"Windows line ends", "\n", "\r\n"},
		{"no line feed at the end", "path_len = 1\n", "path_len = 1"},
		{"54 characters that are not bytes", `"Root"`, `"` + strings.Repeat("é", 54) + `"`},
		{"URL with a port", `example.org`, `example.org:8080`},
		{"URL with an address", `example.org`, `[2001:db8::1]`},
		{"lists on several lines", "path_len = 1", "path_len = 1\npermitted_dns = [ # these\n \"a.example\",\n \"b.example\", ]"},
		{"hexadecimal number", "validity_days = 10", "validity_days = 0xA"},
	} {
		if _, err := Parse([]byte(strings.ReplaceAll(minimal, c.old, c.new))); err != nil {
			t.Errorf("%s: %v", c.why, err)
		}
	}
}

func TestAllProblemsAtOnceInTheOrderOfLines(t *testing.T) {
	_, err := Parse([]byte("[ca]\ncountry = \"Germany\"\nspeed = 1\n[hsm]\nbackend = 1\n"))
	var problems Problems
	if !errors.As(err, &problems) {
		t.Fatal(err)
	}
	// ca: 3 missing, country, speed; hsm: backend, 3 missing; cert_profiles.
	if len(problems) != 10 {
		t.Errorf("%d problems:\n%v", len(problems), problems)
	}
	for i, p := range problems {
		if i > 0 && p.Line < problems[i-1].Line {
			t.Error("not in the order of lines")
		}
		if p.Line < 1 || p.Line > 5 || p.What == "" || p.Instead == "" {
			t.Errorf("incomplete: %+v", p)
		}
	}
	if n := strings.Count(err.Error(), "\n") + 1; n != len(problems) {
		t.Errorf("%d lines for %d problems", n, len(problems))
	}
}

func TestSize(t *testing.T) {
	pad := func(size int) []byte {
		return append([]byte(minimal), bytes.Repeat([]byte("#"), size-len(minimal))...)
	}
	if _, err := Parse(pad(MaxSize)); err != nil {
		t.Errorf("64 KiB: %v", err)
	}
	_, err := Parse(pad(MaxSize + 1))
	if err == nil || !strings.Contains(err.Error(), "65537 bytes; write at most 65536") {
		t.Errorf("one byte more: %v", err)
	}
	for _, data := range [][]byte{nil, []byte("\n\n"), []byte("# nothing")} {
		if _, err := Parse(data); err == nil || strings.Count(err.Error(), "missing") != 3 {
			t.Errorf("%q: %v", data, err)
		}
	}
}

func TestTooManyCertProfiles(t *testing.T) {
	var b strings.Builder
	b.WriteString(minimal)
	for i := range MaxCertProfiles {
		fmt.Fprintf(&b, "[[cert_profiles]]\nname = \"%d\"\nvalidity_days = 1\npath_len = 0\n", i)
	}
	if _, err := Parse([]byte(b.String())); err == nil || !strings.Contains(err.Error(), "17 of them; write at most 16") {
		t.Error(err)
	}
}

// FuzzParse: never a panic; either a profile within its bounds or problems that
// name lines of the file.
func FuzzParse(f *testing.F) {
	f.Add(readSample(f))
	f.Add([]byte(minimal))
	f.Add([]byte("[ca]\na = [[[{b = 1}]]]\n\"\" = 1\n[\"\"]\n"))
	f.Add([]byte("a.b.c = 1\n[[a]]\n'''\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Parse(data)
		if err == nil {
			if len(p.CertProfiles) == 0 || p.CA.ValidityDays < 1 || p.CA.CommonName == "" || !isCountry(p.CA.Country) {
				t.Errorf("accepted: %+v", p)
			}
			return
		}
		var problems Problems
		if !errors.As(err, &problems) || len(problems) == 0 {
			t.Fatalf("not Problems: %v", err)
		}
		for _, problem := range problems {
			if problem.Line < 1 || problem.Line > bytes.Count(data, []byte("\n"))+1 || strings.Contains(problem.String(), "\n") {
				t.Errorf("%q", problem)
			}
		}
	})
}
