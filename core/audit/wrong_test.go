package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"
)

// forged builds a line of any content whose hash is right for its own bytes.
func forged(data, event, prev, seq, at string) (line, hash string) {
	rest := fmt.Sprintf(`{"data":%s,"event":%q,"prev_hash":"%s","seq":%s,"time":%q}`, data, event, prev, seq, at)
	sum := sha256.Sum256([]byte(rest))
	hash = hex.EncodeToString(sum[:])
	return strings.Replace(rest, `,"prev_hash"`, `,"hash":"`+hash+`","prev_hash"`, 1), hash
}

// good is a short log as text: the forger's material.
func good(t *testing.T) (lines []string, last Record) {
	t.Helper()
	l := New(testProfile)
	for _, e := range []Event{sampleEvents()[0], ClockConfirmed{}, HSMRetired{"a"}, HSMRetired{"b"}} {
		r, err := l.Append(testStart, e)
		if err != nil {
			t.Fatal(err)
		}
		lines, last = append(lines, string(r.Line())), r
	}
	return lines, last
}

const at = "2026-04-25T14:30:00Z"

// prevOf is the prev_hash of a line.
func prevOf(line string) string { return member(line, "prev_hash") }
func hashOf(line string) string { return member(line, "hash") }

func member(line, name string) string {
	_, rest, _ := strings.Cut(line, `"`+name+`":"`)
	return rest[:64]
}

func TestAForgedLineWithNothingWrongIsAccepted(t *testing.T) {
	lines, last := good(t)
	line, _ := forged(`{"serial":"c"}`, "hsm.retired", hex.EncodeToString(last.Hash[:]), "4", at)
	if _, err := Parse([]byte(strings.Join(append(lines, line), "\n")+"\n"), testProfile); err != nil {
		t.Fatalf("the forger does not write lines as the log does: %v", err)
	}
}

func TestWaysInWhichLogsHaveGoneWrong(t *testing.T) {
	join := func(lines ...string) string { return strings.Join(lines, "\n") + "\n" }
	for name, forge := range map[string]func([]string) string{
		"an edited record, rehashed with its own prev_hash": func(l []string) string {
			l[2], _ = forged(`{"serial":"x"}`, "hsm.retired", prevOf(l[2]), "2", at)
			return join(l...)
		},
		"an edited record, the next one relinked and not rehashed": func(l []string) string {
			edited, hash := forged(`{"serial":"x"}`, "hsm.retired", prevOf(l[2]), "2", at)
			l[3] = strings.Replace(l[3], hashOf(l[2]), hash, 1)
			l[2] = edited
			return join(l...)
		},
		"a fresh chain for another operation": func(l []string) string {
			return join(l...) + join(l...)
		},
		"a first record chained to nothing": func(l []string) string {
			l[0] = strings.Replace(l[0], prevOf(l[0]), "", 1)
			return join(l...)
		},
		"a first record chained to zeros": func(l []string) string {
			data := l[0][len(`{"data":`):strings.Index(l[0], `,"event"`)]
			first, _ := forged(data, "archive.genesis", strings.Repeat("0", 64), "0", at)
			return join(first)
		},
		"a chain over hex text instead of bytes": func(l []string) string {
			sum := sha256.Sum256([]byte(hashOf(l[2])))
			l[3], _ = forged(`{"serial":"b"}`, "hsm.retired", hex.EncodeToString(sum[:]), "3", at)
			return join(l...)
		},
		"an unparseable line":            func(l []string) string { return join(l[0], "{", l[1], l[2], l[3]) },
		"an unparseable last line":       func(l []string) string { return join(l...) + "{\n" },
		"an empty line at the end":       func(l []string) string { return join(l...) + "\n" },
		"an empty line at the beginning": func(l []string) string { return "\n" + join(l...) },
		"nothing at all":                 func([]string) string { return "" },
		"one line feed":                  func([]string) string { return "\n" },
		"carriage returns":               func(l []string) string { return strings.Join(l, "\r\n") + "\r\n" },
		"no last line feed":              func(l []string) string { return strings.Join(l, "\n") },
		"a byte order mark":              func(l []string) string { return "\ufeff" + join(l...) },
		"a line cut in its middle":       func(l []string) string { return join(l...)[:len(join(l...))-20] },
		"a dropped record":               func(l []string) string { return join(l[0], l[2], l[3]) },
		"a dropped genesis":              func(l []string) string { return join(l[1:]...) },
		"two records swapped":            func(l []string) string { return join(l[0], l[2], l[1], l[3]) },
		"a record twice":                 func(l []string) string { return join(l[0], l[1], l[1], l[2], l[3]) },
		"a space after a colon":          func(l []string) string { l[1] = strings.Replace(l[1], `:`, `: `, 1); return join(l...) },
		"a space at a line's end":        func(l []string) string { l[1] += " "; return join(l...) },
		"something after the object":     func(l []string) string { l[1] += "{}"; return join(l...) },
		"a hash in upper case": func(l []string) string {
			l[3] = strings.Replace(l[3], hashOf(l[3]), strings.ToUpper(hashOf(l[3])), 1)
			return join(l...)
		},
		"a hash of another record": func(l []string) string {
			l[3] = strings.Replace(l[3], hashOf(l[3]), hashOf(l[2]), 1)
			return join(l...)
		},
		"no hash": func(l []string) string { l[3] = strings.Replace(l[3], hashOf(l[3]), "", 1); return join(l...) },
		"a member of the line twice": func(l []string) string {
			l[3] = strings.Replace(l[3], `{"data"`, `{"seq":3,"data"`, 1)
			return join(l...)
		},
		"a member of the line in capitals": func(l []string) string { l[3] = strings.Replace(l[3], `"seq"`, `"Seq"`, 1); return join(l...) },
		"an unknown member of the line": func(l []string) string {
			l[3] = strings.Replace(l[3], `{"data"`, `{"a":1,"data"`, 1)
			return join(l...)
		},
		"a record that is an array":           func(l []string) string { l[3] = "[" + l[3] + "]"; return join(l...) },
		"a record that is null":               func(l []string) string { l[3] = "null"; return join(l...) },
		"a splice of another archive's log":   func(l []string) string { o := otherLog(t); return join(l[0], l[1], o[2], o[3]) },
		"another archive's log of equal form": func([]string) string { return join(otherLog(t)...) },
	} {
		t.Run(name, func(t *testing.T) {
			lines, _ := good(t)
			if _, err := Parse([]byte(forge(lines)), testProfile); err == nil {
				t.Error("accepted")
			}
		})
	}
}

func otherLog(t *testing.T) []string {
	t.Helper()
	l := New(sha256.Sum256([]byte("another profile")))
	var lines []string
	for _, e := range []Event{sampleEvents()[0], ClockConfirmed{}, HSMRetired{"a"}, HSMRetired{"b"}} {
		r, err := l.Append(testStart, e)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, string(r.Line()))
	}
	return lines
}

// Each of these is linked and hashed rightly: only its own content is wrong.
func TestARightlyHashedRecordCanStillBeWrong(t *testing.T) {
	for name, c := range map[string]struct{ data, event, seq, at string }{
		"an unknown event":                 {`{}`, "hsm.logout", "4", at},
		"an event without a name":          {`{}`, "", "4", at},
		"an event in capitals":             {`{"serial":"c"}`, "HSM.Login", "4", at},
		"an unknown field":                 {`{"a":1,"serial":"c"}`, "hsm.retired", "4", at},
		"a missing field":                  {`{}`, "ceremony.end", "4", at},
		"a field in capitals":              {`{"Serial":"c"}`, "hsm.retired", "4", at},
		"a field twice":                    {`{"serial":"c","serial":"c"}`, "hsm.retired", "4", at},
		"fields out of order":              {`{"outcome":"done","operation":"init-root","words":""}`, "ceremony.end", "4", at},
		"a null for an empty list":         {`{"files":null}`, "export.done", "4", at},
		"no list":                          {`{}`, "export.done", "4", at},
		"data that is null":                {`null`, "clock.confirmed", "4", at},
		"data that is a list":              {`[]`, "clock.confirmed", "4", at},
		"a number with a fraction":         {`{"adjusted":1.0}`, "clock.confirmed", "4", at},
		"a number with an exponent":        {`{"adjusted":1e1}`, "clock.confirmed", "4", at},
		"a number with a leading zero":     {`{"adjusted":01}`, "clock.confirmed", "4", at},
		"minus zero":                       {`{"adjusted":-0}`, "clock.confirmed", "4", at},
		"a number over 2^53":               {`{"root":"` + hexOf(32) + `","size":9007199254740993}`, "head.compared", "4", at},
		"a number over 2^64":               {`{"root":"` + hexOf(32) + `","size":99999999999999999999}`, "head.compared", "4", at},
		"a number that is text":            {`{"adjusted":"1"}`, "clock.confirmed", "4", at},
		"an escape that is not needed":     {`{"serial":"\u0063"}`, "hsm.retired", "4", at},
		"an escaped solidus":               {`{"serial":"a\/b"}`, "hsm.retired", "4", at},
		"HTML's escapes":                   {`{"serial":"a\u0026b"}`, "hsm.retired", "4", at},
		"a line separator escaped":         {`{"serial":"a\u2028b"}`, "hsm.retired", "4", at},
		"half of a surrogate pair":         {`{"serial":"\ud800"}`, "hsm.retired", "4", at},
		"a NUL":                            {`{"serial":"a\u0000b"}`, "hsm.retired", "4", at},
		"bytes that are not UTF-8":         {"{\"serial\":\"a\xffb\"}", "hsm.retired", "4", at},
		"a gap in seq":                     {`{"serial":"c"}`, "hsm.retired", "5", at},
		"a seq twice":                      {`{"serial":"c"}`, "hsm.retired", "3", at},
		"a seq with a fraction":            {`{"serial":"c"}`, "hsm.retired", "4.0", at},
		"a negative seq":                   {`{"serial":"c"}`, "hsm.retired", "-4", at},
		"a time before the last record's":  {`{"serial":"c"}`, "hsm.retired", "4", "2026-04-25T14:29:59Z"},
		"a time of another zone":           {`{"serial":"c"}`, "hsm.retired", "4", "2026-04-25T14:30:01+00:00"},
		"a time with a fraction":           {`{"serial":"c"}`, "hsm.retired", "4", "2026-04-25T14:30:01.0Z"},
		"a time in lower case":             {`{"serial":"c"}`, "hsm.retired", "4", "2026-04-25t14:30:01z"},
		"a leap second":                    {`{"serial":"c"}`, "hsm.retired", "4", "2026-06-30T23:59:60Z"},
		"a genesis that is not the first":  {`{"archive":"` + hexOf(32) + `","format":1,"image":"` + hexOf(32) + `","mode":"dev","program":"p"}`, "archive.genesis", "4", at},
		"a digest that is too short":       {`{"root":"5a","size":1}`, "head.compared", "4", at},
		"a value outside its closed set":   {`{"operation":"init-root","outcome":"maybe","words":""}`, "ceremony.end", "4", at},
		"an event nested without end":      {strings.Repeat("[", 20000), "hsm.retired", "4", at},
		"a line longer than any may be":    {`{"reason":"` + strings.Repeat("a", MaxLine) + `"}`, "export.failed", "4", at},
		"text longer than any may be":      {`{"reason":"` + strings.Repeat("a", 5000) + `"}`, "export.failed", "4", at},
		"a terminal's control characters":  {`{"reason":"\u001b[2J"}`, "export.failed", "4", at},
		"a session's name of another form": {`{"directory":"RECORD","explanation":"why"}`, "intent.abandoned", "4", at},
	} {
		t.Run(name, func(t *testing.T) {
			lines, last := good(t)
			line, _ := forged(c.data, c.event, hex.EncodeToString(last.Hash[:]), c.seq, c.at)
			file := strings.Join(append(lines, line), "\n") + "\n"
			if _, err := Parse([]byte(file), testProfile); err == nil {
				t.Errorf("accepted: %.200s", line)
			}
		})
	}
}

func TestAFileLongerThanAnyMayBeIsRefusedUnread(t *testing.T) {
	if _, err := Parse(make([]byte, MaxFile+1), testProfile); err == nil {
		t.Error("accepted")
	}
}

func FuzzParse(f *testing.F) {
	l := New(testProfile)
	for i, e := range sampleEvents() {
		if _, err := l.Append(testStart.Add(time.Duration(i)*time.Second), e); err != nil {
			f.Fatal(err)
		}
		if i < 3 {
			f.Add(l.Bytes())
		}
	}
	f.Add(l.Bytes())
	f.Add([]byte("{}\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		got, err := Parse(file, testProfile)
		if err == nil && !bytes.Equal(got.Bytes(), file) {
			t.Error("what was accepted is not what would be written")
		}
	})
}
