package record_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"anodize/core/archive/archivetest"
	"anodize/core/audit"
	"anodize/core/record"
)

var update = flag.Bool("update", false, "write the golden records")

// goldens are the logs of the records in testdata.
var goldens = map[string]func(testing.TB) *fixture{"init-root.html": rooted, "sign-csr.html": signed, "stopped.html": stopped, "migrate-disc.html": migrated,
	"key-backup.html": backedUp, "rekey-shares.html": rekeyed, "update-hsm.html": updated, "retire-hsm.html": retired}

func page(t testing.TB, f *fixture) []byte {
	t.Helper()
	page, err := record.Make(f.log, f.issued)
	if err != nil {
		t.Fatal(err)
	}
	return page
}

// The bytes of a form never change once a release has written it: a disc that
// bears them is verified against what this program makes.
func TestARecordIsByteForByteTheOneOnItsDisc(t *testing.T) {
	for name, make := range goldens {
		page := page(t, make(t))
		golden := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(golden, page, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(page, source(t, name)) {
			t.Errorf("form %d is not what %s says it is", record.Form, golden)
		}
	}
}

func TestTheSameRecordIsMadeWhereTheLogHasGrown(t *testing.T) {
	f := rooted(t)
	want := page(t, f)
	f.add(record.Made(want))
	seq := f.log.Len() - 1
	f.close(audit.RecordSession, "RECORD.HTML", "ROOT.CRL", "ROOT.CRT")
	f.intendCSR("INTCA1.CRT", "4002")
	got, err := record.Remake(f.log, seq, f.issued)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("it is another one: %v", err)
	}
	for name, n := range map[string]uint64{"another event": seq - 1, "the end of the log": f.log.Len(), "far beyond": 1 << 60} {
		if _, err := record.Remake(f.log, n, f.issued); err == nil {
			t.Errorf("%s: a record was made again", name)
		}
	}
}

func TestARecordThatIsNotTheOneOnRecordIsFound(t *testing.T) {
	for name, change := range map[string]func(*audit.RecordMade){
		"another digest": func(m *audit.RecordMade) { m.SHA256 = digest(nil) },
		"another length": func(m *audit.RecordMade) { m.Size++ },
		"a newer form":   func(m *audit.RecordMade) { m.Form++ },
	} {
		f := rooted(t)
		made := record.Made(page(t, f))
		change(&made)
		f.add(made)
		_, err := record.Remake(f.log, f.log.Len()-1, f.issued)
		if err == nil || errors.Is(err, record.ErrUnknownForm) != (name == "a newer form") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNoRecordIsMade(t *testing.T) {
	f := rooted(t)
	unended, err := f.log.Prefix(f.log.Len() - 1)
	if err != nil {
		t.Fatal(err)
	}
	lawless := newFixture(t)
	lawless.add(audit.CeremonyEnd{Operation: "init-root", Outcome: "done"})
	missing := errors.New("not there")
	for name, c := range map[string]struct {
		log  *audit.Log
		file func(string) ([]byte, error)
		want string
	}{
		"of no log":                       {audit.New([32]byte{}), f.issued, "the log is empty"},
		"before the ceremony has ended":   {unended, f.issued, "fingerprint.compared: the record of a ceremony is made right after its ceremony.end"},
		"of a log that breaks a rule":     {lawless.log, f.issued, "a rule of the log is broken"},
		"without a file that was issued":  {f.log, func(string) ([]byte, error) { return nil, missing }, "reading ROOT.CRT: not there"},
		"of files that are not the log's": {f.log, func(string) ([]byte, error) { return []byte("other"), nil }, "ROOT.CRT has the SHA-256 " + digest([]byte("other"))},
	} {
		if _, err := record.Make(c.log, c.file); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOnlyWhatTheCeremonyIssuedIsRead(t *testing.T) {
	f := signed(t)
	var asked []string
	if _, err := record.Make(f.log, func(name string) ([]byte, error) {
		asked = append(asked, name)
		return f.issued(name)
	}); err != nil || !slices.Equal(asked, []string{"INTCA1.CRT"}) {
		t.Errorf("asked for %v, %v", asked, err)
	}
}

// eventNames are the names of all events, from the source of package audit.
func eventNames(t *testing.T) []string {
	t.Helper()
	source, err := os.ReadFile("../audit/events.go")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, m := range regexp.MustCompile(`Name\(\) string +\{ return "([a-z.-]+)" \}`).FindAllSubmatch(source, -1) {
		names = append(names, string(m[1]))
	}
	if len(names) < 20 {
		t.Fatalf("only %v were found", names)
	}
	return names
}

func TestEveryEventIsToldInWords(t *testing.T) {
	told := map[string]bool{}
	all := maps.Clone(goldens)
	all["on another disc"] = carriedOn
	for _, make := range all {
		f := make(t)
		page := string(page(t, f))
		_, steps, _ := strings.Cut(page, `<section id="steps">`)
		steps, _, _ = strings.Cut(steps, "</section>")
		for _, r := range f.log.Records() {
			row := regexp.MustCompile(fmt.Sprintf(`<tr><td>%d</td><td>%s</td><td>([^<]+)</td>`, r.Seq, r.Time.Format("2006-01-02 15:04:05"))).FindStringSubmatch(steps)
			if row == nil {
				continue // of an earlier ceremony
			}
			if name := r.Event.Name(); row[1] == name {
				t.Errorf("%s is told by its name alone", name)
			}
			told[r.Event.Name()] = true
		}
		if last := f.log.Len() - 1; !strings.Contains(steps, "<tr><td>"+strconv.FormatUint(last, 10)+"</td>") {
			t.Errorf("record %d is not told", last)
		}
	}
	for _, name := range eventNames(t) {
		if !told[name] {
			t.Errorf("%s is in no record", name)
		}
	}
}

func TestEveryWarningAndItsWordsAreTold(t *testing.T) {
	page := string(page(t, signed(t)))
	_, remarks, _ := strings.Cut(page, `<section id="remarks">`)
	fresh, old, _ := strings.Cut(strings.Split(remarks, "</section>")[0], "In earlier records")
	for _, want := range []string{"the stick was pulled out", "was read back", "power failed]]&gt;", "moved forward by 3 s", "did not log everything",
		"did not carry out SIGN EDDSA", "The fingerprint of INTCA1.CRT was not the same", "the fingerprint differs"} {
		if !strings.Contains(fresh, want) {
			t.Errorf("not told of this ceremony: %s", want)
		}
	}
	for _, want := range []string{"medium error &lt;script&gt;<br>at sector 16", "a custodian fell ill", "evil"} {
		if !strings.Contains(old, want) {
			t.Errorf("not told of an earlier ceremony: %s", want)
		}
	}
}

// The elements and attributes that ui/html draws, and values that lead nowhere.
var subset = map[string]string{
	"html": `lang="en"`, "head": "", "meta": `charset="utf-8"`, "title": "", "style": "", "body": "", "section": `id="[a-z]+"`,
	"h1": "", "h2": "", "h3": "", "p": `class="(danger|fingerprint)"`, "ul": "", "li": "", "a": `href="#[a-z]+"`, "table": `class="(grid )?wide"`, "thead": "", "tbody": "",
	"tr": "", "th": "", "td": `class="(signature|write)"`, "strong": "", "code": "", "mark": "", "br": "", "wbr": "",
	"img": `src="data:image/png;base64,[A-Za-z0-9+/=]+" alt="QR code: [A-Za-z0-9 .,-]+"`,
}

func TestAPageHasNothingThatRunsOrLeadsAway(t *testing.T) {
	tag := regexp.MustCompile(`<([^>]*)>`)
	for name := range goldens {
		page := string(source(t, name))
		for _, m := range tag.FindAllStringSubmatch(strings.TrimPrefix(page, "<!DOCTYPE html>"), -1) {
			element, attributes, _ := strings.Cut(strings.TrimPrefix(m[1], "/"), " ")
			allowed, ok := subset[element]
			if !ok || attributes != "" && !regexp.MustCompile("^"+allowed+"$").MatchString(attributes) {
				t.Errorf("%s: %s", name, m[0])
			}
		}
		for _, never := range []string{"://", "url(", "@import", "javascript:"} {
			if strings.Contains(strings.ReplaceAll(page, "http://crl.example.com/root.crl", ""), never) {
				t.Errorf("%s has %q in it", name, never)
			}
		}
	}
}

func TestAnHTMLValidatorHasNothingToSay(t *testing.T) {
	for name := range goldens {
		out, err := exec.Command("tidy", "-quiet", "-errors", "--show-info", "yes", filepath.Join("testdata", name)).CombinedOutput()
		if err != nil || len(out) > 0 {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}

func TestTheQRCodesSayWhatStandsBesideThem(t *testing.T) {
	f := signed(t)
	head := f.log.Whole()
	want := []string{strings.ToUpper(digest(source(t, "child.crt"))), strings.ToUpper(head.String())}
	var got []string
	for _, m := range regexp.MustCompile(`base64,([^"]+)"`).FindAllSubmatch(page(t, f), -1) {
		file, err := base64.StdEncoding.DecodeString(string(m[1]))
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "qr.png")
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command("zbarimg", "--quiet", "--raw", path).Output()
		if err != nil {
			t.Fatalf("zbarimg: %v", err)
		}
		got = append(got, strings.TrimSpace(string(out)))
	}
	if !slices.Equal(got, want) {
		t.Errorf("the codes say %v, not %v", got, want)
	}
}

// What a package cannot reach cannot stand in what it makes: no file, no clock,
// no randomness, no share, no PIN.
func TestARecordIsMadeOfTheLogAlone(t *testing.T) {
	allowed := []string{"bytes", "crypto/sha256", "embed", "encoding/base64", "encoding/hex", "errors", "fmt", "encoding/binary", "hash/adler32", "hash/crc32", "slices", "strings", "time",
		"github.com/skip2/go-qrcode", "anodize/core/audit", "anodize/core/ca", "anodize/core/hsm", "anodize/core/state"}
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) < 5 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range file.Imports {
			if path, err := strconv.Unquote(i.Path.Value); err != nil || !slices.Contains(allowed, path) {
				t.Errorf("%s imports %s", name, i.Path.Value)
			}
		}
		if bytes.Contains(text, []byte("time.Now")) {
			t.Errorf("%s looks at the clock", name)
		}
	}
}

func TestTheRecordOfALongArchiveNamesEverySession(t *testing.T) {
	a := archivetest.Quick(t, 20)
	log, files := ended(t, a)
	page, err := record.Make(log, files)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range a.Directories[:len(a.Directories)-1] {
		if !bytes.Contains(page, []byte("<td>"+d.Name+"</td>")) {
			t.Errorf("%s is missing", d.Name)
		}
	}
}
