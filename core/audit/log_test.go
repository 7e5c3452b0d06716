package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"math/big"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gowebpki/jcs"
	"pgregory.net/rapid"
)

var (
	testProfile = sha256.Sum256([]byte("profile"))
	testStart   = time.Date(2026, 4, 25, 14, 30, 0, 0, time.UTC)
)

// testLog is a log of all sample events, a second apart.
func testLog(t testing.TB) *Log {
	t.Helper()
	l := New(testProfile)
	for i, e := range sampleEvents() {
		if _, err := l.Append(testStart.Add(time.Duration(i)*time.Second), e); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

// eventTypes lists the types of events.go that have a Name, with the value it
// returns.
func eventTypes(t *testing.T) map[string]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "events.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	types := map[string]string{}
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Name.Name != "Name" {
			continue
		}
		value := f.Body.List[0].(*ast.ReturnStmt).Results[0].(*ast.BasicLit).Value
		types[f.Recv.List[0].Type.(*ast.Ident).Name] = strings.Trim(value, `"`)
	}
	return types
}

func TestEveryEventHasADecoderAndASample(t *testing.T) {
	types := eventTypes(t)
	samples := map[string]string{}
	for _, e := range sampleEvents() {
		samples[reflect.TypeOf(e).Name()] = e.Name()
	}
	if len(types) < 20 || !reflect.DeepEqual(types, samples) || len(decoders) != len(types) {
		t.Fatalf("events.go names %v\nsamples %v\n%d decoders", types, samples, len(decoders))
	}
	for _, name := range types {
		if decoders[name] == nil {
			t.Errorf("no decoder for %s", name)
		}
	}
}

func TestTheFormatsPageNamesEveryEventAndField(t *testing.T) {
	page, err := os.ReadFile("../../docs/formats.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range sampleEvents() {
		_, section, found := strings.Cut(string(page), "#### `"+e.Name()+"`\n")
		if !found {
			t.Errorf("docs/formats.md has no heading for %s", e.Name())
			continue
		}
		section, _, _ = strings.Cut(section, "\n#")
		for _, field := range fields(reflect.TypeOf(e)) {
			if !strings.Contains(section, "`"+field+"`") {
				t.Errorf("docs/formats.md does not describe %s of %s", field, e.Name())
			}
		}
	}
}

// fields lists the JSON names of a struct's own fields.
func fields(typ reflect.Type) []string {
	var names []string
	for i := range typ.NumField() {
		names = append(names, typ.Field(i).Tag.Get("json"))
	}
	return names
}

func TestALogIsReadBackAsItWasWritten(t *testing.T) {
	l := testLog(t)
	got, err := Parse(l.Bytes(), testProfile)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got.Records(), l.Records()) || got.Head() != l.Head() || got.TreeHead() != l.TreeHead() {
		t.Error("the records differ")
	}
	if !bytes.Equal(got.Bytes(), l.Bytes()) {
		t.Error("the bytes differ")
	}
}

func TestALineIsCanonicalAndItsHashIsOverTheRest(t *testing.T) {
	for _, r := range testLog(t).Records() {
		canonical, err := jcs.Transform(r.Line())
		if err != nil || !bytes.Equal(canonical, r.Line()) {
			t.Errorf("record %d is not canonical (%v):\n%s", r.Seq, err, r.Line())
		}
		var members map[string]json.RawMessage
		if err := json.Unmarshal(r.Line(), &members); err != nil {
			t.Fatal(err)
		}
		if len(members) != 6 {
			t.Errorf("record %d has %d members", r.Seq, len(members))
		}
		delete(members, "hash")
		rest, err := json.Marshal(members)
		if err != nil {
			t.Fatal(err)
		}
		if rest, err = jcs.Transform(rest); err != nil || sha256.Sum256(rest) != r.Hash {
			t.Errorf("record %d: its hash is not that of the other members (%v)", r.Seq, err)
		}
	}
}

// reference is the Merkle tree head of RFC 6962 section 2.1, as it is defined.
func reference(leaves [][]byte) [32]byte {
	switch len(leaves) {
	case 0:
		return sha256.Sum256(nil)
	case 1:
		return sha256.Sum256(append([]byte{0}, leaves[0]...))
	}
	k := 1
	for k*2 < len(leaves) {
		k *= 2
	}
	left, right := reference(leaves[:k]), reference(leaves[k:])
	return sha256.Sum256(append(append([]byte{1}, left[:]...), right[:]...))
}

func TestTheReferenceTreeMatchesTheCertificateTransparencyVectors(t *testing.T) {
	// From the certificate-transparency project's merkle tree tests.
	var leaves [][]byte
	for _, s := range []string{"", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"} {
		leaf, err := hex.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		leaves = append(leaves, leaf)
	}
	root := reference(leaves)
	if got := hex.EncodeToString(root[:]); got != "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328" {
		t.Errorf("root of 8 = %s", got)
	}
}

func TestTreeHeadsAreThoseOfRFC6962OverTheLines(t *testing.T) {
	l := testLog(t)
	var leaves [][]byte
	for n := uint64(0); ; n++ {
		got, err := l.TreeHeadAt(n)
		if err != nil || got != reference(leaves) {
			t.Errorf("head of %d = %x (%v), want %x", n, got, err, reference(leaves))
		}
		if n == l.Len() {
			break
		}
		leaves = append(leaves, l.Records()[n].Line())
	}
	if _, err := l.TreeHeadAt(l.Len() + 1); err == nil {
		t.Error("a head was given over more records than there are")
	}
	if New(testProfile).TreeHead() != sha256.Sum256(nil) {
		t.Error("the head of no records is not the hash of nothing")
	}
}

func TestTheFirstRecordChainsToTheProfile(t *testing.T) {
	l := testLog(t)
	if l.Records()[0].Prev != testProfile || New(testProfile).Head() != testProfile {
		t.Error("prev_hash of record 0 is not the profile's SHA-256")
	}
	if _, err := Parse(l.Bytes(), sha256.Sum256([]byte("another"))); err == nil {
		t.Error("the log was accepted for another profile")
	}
}

func TestAppendLeavesTheLogAsItWasOnAnError(t *testing.T) {
	l := testLog(t)
	before, records := l.Bytes(), l.Len()
	for name, f := range map[string]func() error{
		"no event":           func() error { _, err := l.Append(testStart.Add(time.Hour), nil); return err },
		"a pointer":          func() error { _, err := l.Append(testStart.Add(time.Hour), &HSMLogin{"1", 0}); return err },
		"an earlier time":    func() error { _, err := l.Append(testStart, HSMLogin{"1", 0}); return err },
		"a second genesis":   func() error { _, err := l.Append(testStart.Add(time.Hour), sampleEvents()[0]); return err },
		"a year without end": func() error { _, err := l.Append(testStart.AddDate(9000, 0, 0), HSMLogin{"1", 0}); return err },
	} {
		if f() == nil {
			t.Errorf("%s was added", name)
		}
	}
	if !bytes.Equal(before, l.Bytes()) || l.Len() != records {
		t.Error("the log changed")
	}
	if _, err := New(testProfile).Append(testStart, HSMLogin{"1", 0}); err == nil {
		t.Error("a log began without a genesis")
	}
}

func TestEventsNoReaderCouldRelyOnAreRefused(t *testing.T) {
	for name, e := range map[string]Event{
		"text that is not UTF-8":          HSMLogin{"\xff", 0},
		"a NUL":                           HSMLogin{"a\x00b", 0},
		"a control character":             ExportFailed{"\x1b[2J"},
		"text on two lines":               HSMLogin{"a\nb", 0},
		"empty text":                      HSMLogin{"", 0},
		"text too long":                   ExportFailed{strings.Repeat("a", maxText+1)},
		"an empty reason":                 ExportFailed{" "},
		"a number over 2^53":              HeadCompared{1<<53 + 1, hexOf(32)},
		"a negative number":               ClockConfirmed{-1},
		"a negative size":                 ExportDone{[]FileFact{{"A.CRT", -1, hexOf(32)}}},
		"a short digest":                  HeadCompared{1, hexOf(31)},
		"a digest in upper case":          HeadCompared{1, strings.ToUpper(hexOf(32))},
		"a digest that is not hex":        HeadCompared{1, strings.Repeat("zz", 32)},
		"base64 without padding":          IntentIssueCRL{1, "ROOT.CRL", "YQ"},
		"base64 with a line break":        IntentIssueCRL{1, "ROOT.CRL", "YWFh\nYWFh"},
		"base64 with stray bits":          IntentIssueCRL{1, "ROOT.CRL", "YR=="},
		"a file name in lower case":       IntentIssueCRL{1, "root.crl", someDER},
		"a file name with a path":         IntentIssueCRL{1, "../A.CRL", someDER},
		"two full stops":                  IntentIssueCRL{1, "A.B.CRL", someDER},
		"files out of order":              ExportDone{[]FileFact{{"B.CRT", 1, hexOf(32)}, {"A.CRT", 1, hexOf(32)}}},
		"a file twice":                    ExportDone{[]FileFact{{"A.CRT", 1, hexOf(32)}, {"A.CRT", 1, hexOf(32)}}},
		"a serial number of zero":         IntentSignCSR{"p", "A.CRT", "00", someDER, someDER},
		"a serial with a leading zero":    IntentSignCSR{"p", "A.CRT", "005a", someDER, someDER},
		"a serial with half an octet":     IntentSignCSR{"p", "A.CRT", "5a1", someDER, someDER},
		"a serial of 21 octets":           IntentSignCSR{"p", "A.CRT", hexOf(21), someDER, someDER},
		"a serial with its top bit":       IntentSignCSR{"p", "A.CRT", "8" + strings.Repeat("0", 39), someDER, someDER},
		"a negative serial":               IntentSignCSR{"p", "A.CRT", "-5a", someDER, someDER},
		"a time without a zone":           CRLIssued{1, "ROOT.CRL", hexOf(32), "2026-04-25T14:30:00", "2026-07-25T14:30:00Z", 0},
		"a time in another zone":          CRLIssued{1, "ROOT.CRL", hexOf(32), "2026-04-25T14:30:00+02:00", "2026-07-25T14:30:00Z", 0},
		"a fraction of a second":          CRLIssued{1, "ROOT.CRL", hexOf(32), "2026-04-25T14:30:00.5Z", "2026-07-25T14:30:00Z", 0},
		"an end before its beginning":     CRLIssued{1, "ROOT.CRL", hexOf(32), "2026-04-25T14:30:00Z", "2026-04-25T14:30:00Z", 0},
		"an unknown mode":                 Genesis{1, hexOf(32), "test", hexOf(32), "p"},
		"an unknown format":               Genesis{2, hexOf(32), "dev", hexOf(32), "p"},
		"an unknown operation":            CeremonyEnd{"revoke", "done", ""},
		"stopped without a word":          CeremonyEnd{"init-root", "stopped", ""},
		"a directory of another form":     IntentAbandoned{"20260425T143000Z-record", "why"},
		"a date that does not exist":      IntentAbandoned{"20260230T143000Z-intent", "why"},
		"no file at the end":              SessionClose{"20260425T143122Z", nil},
		"a share coordinate of zero":      SharesCommitted{roster(func(r *Roster) { r.Members[0].X = 0 }), []string{"1"}},
		"a share coordinate twice":        SharesCommitted{roster(func(r *Roster) { r.Members[0].X = 200 }), []string{"1"}},
		"a custodian twice":               SharesCommitted{roster(func(r *Roster) { r.Members[0].Name = "éMILIE \u2028 \"é\"" }), []string{"1"}},
		"a threshold of one":              SharesCommitted{roster(func(r *Roster) { r.Threshold = 1 }), []string{"1"}},
		"a threshold over the total":      SharesCommitted{roster(func(r *Roster) { r.Threshold = 3 }), []string{"1"}},
		"a set of 16 bits":                SharesCommitted{roster(func(r *Roster) { r.Set = 1 << 15 }), []string{"1"}},
		"shares that open nothing":        SharesCommitted{someRoster, nil},
		"devices out of order":            IntentRekeyShares{7, 2, 2, []string{"Ada", "Grace"}, []string{"2", "1"}, nil},
		"no device to be changed":         IntentRekeyShares{7, 2, 2, []string{"Ada", "Grace"}, nil, []string{"1"}},
		"a device retired without a word": IntentRetireHSM{someHSM, " "},
		"a device log without its digest": HSMLog{"1", 0, 0, []string{hexOf(32)}, 1, ""},
	} {
		l := New(testProfile)
		if _, genesis := e.(Genesis); !genesis {
			if _, err := l.Append(testStart, sampleEvents()[0]); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := l.Append(testStart, e); err == nil {
			t.Errorf("%s was added", name)
		}
	}
}

func roster(change func(*Roster)) Roster {
	r := someRoster
	r.Members = append([]Member(nil), r.Members...)
	change(&r)
	return r
}

func TestWhatACallerKeepsDoesNotReachTheLog(t *testing.T) {
	l := New(testProfile)
	if _, err := l.Append(testStart, sampleEvents()[0]); err != nil {
		t.Fatal(err)
	}
	files := []FileFact{someFile}
	r, err := l.Append(testStart, ExportDone{files})
	if err != nil {
		t.Fatal(err)
	}
	files[0].Size = 1
	if got := r.Event.(ExportDone).Files[0]; got != someFile {
		t.Errorf("the record now says %v", got)
	}
	clone := l.Clone()
	if _, err := clone.Append(testStart, HSMLogin{"1", 0}); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Append(testStart, HSMLogin{"2", 0}); err != nil {
		t.Fatal(err)
	}
	if l.Len() != clone.Len() || l.Head() == clone.Head() {
		t.Error("a clone and its log are not apart")
	}
}

func TestAPrefixIsTheLogThatItsRecordsMade(t *testing.T) {
	l := testLog(t)
	grown := New(testProfile)
	for n := uint64(0); n <= l.Len(); n++ {
		p, err := l.Prefix(n)
		if err != nil || !bytes.Equal(p.Bytes(), grown.Bytes()) || p.Whole() != grown.Whole() || p.Head() != grown.Head() {
			t.Fatalf("prefix of %d records: %v", n, err)
		}
		if n == l.Len() {
			break
		}
		next := l.Records()[n]
		for _, log := range []*Log{p, grown} { // the prefix grows as the log did
			if r, err := log.Append(next.Time, next.Event); err != nil || r.TreeHead() != next.TreeHead() || r.Hash != next.Hash {
				t.Fatalf("after a prefix of %d records: %v", n, err)
			}
		}
	}
	if _, err := l.Prefix(l.Len() + 1); err == nil {
		t.Error("there is a prefix longer than the log")
	}
}

func TestHeads(t *testing.T) {
	l := testLog(t)
	for n := uint64(1); n <= l.Len(); n++ {
		root, err := l.TreeHeadAt(n)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{Head{n, root}.String(), strings.ToUpper(Head{n, root}.String())} {
			h, err := ParseHead(text)
			if err != nil || h != (Head{n, root}) || l.Includes(h) != nil {
				t.Errorf("%s: %v, %v", text, h, err)
			}
		}
	}
	whole := l.Whole()
	for _, h := range []Head{{whole.Size + 1, whole.Root}, {whole.Size - 1, whole.Root}, {whole.Size, [32]byte{}}} {
		if l.Includes(h) == nil {
			t.Errorf("the log includes %v", h)
		}
	}
	for _, text := range []string{"", ":", "1:", "1:00", "0:" + hexOf(32), "01:" + hexOf(32), "+1:" + hexOf(32), "-1:" + hexOf(32),
		"1:" + hexOf(33), "1:" + strings.Repeat("zz", 32), "1 :" + hexOf(32), "99999999999999999999:" + hexOf(32), hexOf(32)} {
		if h, err := ParseHead(text); err == nil {
			t.Errorf("ParseHead(%q) = %v", text, h)
		}
	}
}

func TestDirectoryNames(t *testing.T) {
	for kind, want := range map[Kind]string{RecordSession: "20260425T143000Z", IntentSession: "20260425T143000Z-intent", CommitSession: "20260425T143000Z-commit"} {
		name, err := DirectoryName(testStart.Add(999*time.Millisecond).In(time.FixedZone("", 7200)), kind)
		if err != nil || name != want {
			t.Errorf("DirectoryName(%d) = %q, %v", kind, name, err)
		}
		at, got, err := ParseDirectory(want)
		if err != nil || got != kind || !at.Equal(testStart) {
			t.Errorf("ParseDirectory(%q) = %v, %v, %v", want, at, got, err)
		}
	}
	for _, name := range []string{"", "x", "-intent", "20260425T143000Z-", "20260425T143000Z-INTENT", "20260425T143000Z-intent-intent",
		"20260425T143000", "20260425T243000Z", "20261325T143000Z", "2026425T143000Z", "20260425T143000.5Z", "20260425T143000Z\n"} {
		if _, _, err := ParseDirectory(name); err == nil {
			t.Errorf("ParseDirectory(%q) takes it", name)
		}
	}
	if _, err := DirectoryName(testStart, 3); err == nil {
		t.Error("a fourth kind has a name")
	}
}

func TestSerialsAreWholeOctets(t *testing.T) {
	for n, want := range map[int64]string{1: "01", 0x7f: "7f", 0x80: "80", 0x123: "0123"} {
		if got := SerialText(big.NewInt(n)); got != want {
			t.Errorf("SerialText(%d) = %s, want %s", n, got, want)
		}
	}
}

func TestAnyChangedByteIsFound(t *testing.T) {
	file := testLog(t).Bytes()
	rapid.Check(t, func(t *rapid.T) {
		at := rapid.IntRange(0, len(file)-1).Draw(t, "at")
		bad := bytes.Clone(file)
		bad[at] ^= byte(rapid.IntRange(1, 255).Draw(t, "flip"))
		if _, err := Parse(bad, testProfile); err == nil {
			t.Fatalf("byte %d may be %q", at, bad[at])
		}
	})
}

func TestAnyChangeOfLinesIsFound(t *testing.T) {
	lines := bytes.SplitAfter(testLog(t).Bytes(), []byte("\n"))
	lines = lines[:len(lines)-1]
	rapid.Check(t, func(t *rapid.T) {
		i := rapid.IntRange(0, len(lines)-2).Draw(t, "i") // the last line may be missing
		j := rapid.IntRange(i+1, len(lines)-1).Draw(t, "j")
		var bad [][]byte
		switch rapid.SampledFrom([]string{"drop", "repeat", "swap", "move", "join", "empty"}).Draw(t, "change") {
		case "drop":
			bad = append(append(bad, lines[:i]...), lines[j:]...)
		case "repeat":
			bad = append(append(bad, lines[:j]...), lines[i:]...)
		case "swap":
			bad = append(bad, lines...)
			bad[i], bad[j] = bad[j], bad[i]
		case "move":
			bad = append(append(append(bad, lines[:i]...), lines[i+1:j+1]...), lines[i])
			bad = append(bad, lines[j+1:]...)
		case "join":
			bad = append(bad, lines...)
			bad[i] = bytes.TrimSuffix(bad[i], []byte("\n"))
		case "empty":
			bad = append(append(append(bad, lines[:i]...), []byte("\n")), lines[i:]...)
		}
		if _, err := Parse(bytes.Join(bad, nil), testProfile); err == nil {
			t.Fatal("accepted")
		}
	})
}

func TestAnErrorNamesTheLine(t *testing.T) {
	lines := bytes.SplitAfter(testLog(t).Bytes(), []byte("\n"))
	lines[5] = bytes.Replace(lines[5], []byte("Ada"), []byte("Eve"), 1)
	_, err := Parse(bytes.Join(lines, nil), testProfile)
	var line *LineError
	if !errors.As(err, &line) || line.Line != 6 || !strings.Contains(err.Error(), "line 6") {
		t.Errorf("error = %v", err)
	}
}
