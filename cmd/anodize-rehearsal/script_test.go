package main

import (
	"strings"
	"testing"
)

func TestScriptsThatAreRefused(t *testing.T) {
	for name, text := range map[string]string{
		"an unknown verb":          "shout hello",
		"a verb without its word":  "tap",
		"a share that is no count": "share Alice",
		"share none":               "share 0",
		"too many custodians":      "share 17",
		"a device there is not":    "pull printer",
		"a picture's bad name":     "shot ../x",
		"too many lines":           strings.Repeat("\n", maxScript+1),
	} {
		if _, err := parseScript("a.script", text); err == nil {
			t.Errorf("%s: taken", name)
		} else if !strings.HasPrefix(err.Error(), "a.script") {
			t.Errorf("%s: the error does not say where: %v", name, err)
		}
	}
}

func TestAScriptIsReadLineByLine(t *testing.T) {
	steps, err := parseScript("a.script", "# comment\n\n  tap It is right \nshare 3\ninsert disc\n")
	if err != nil {
		t.Fatal(err)
	}
	want := []step{
		{where: "a.script:3", verb: tapVerb, arg: "It is right"},
		{where: "a.script:4", verb: shareVerb, arg: "3", n: 3},
		{where: "a.script:5", verb: insertVerb, arg: "disc"},
	}
	if len(steps) != len(want) {
		t.Fatalf("%d steps", len(steps))
	}
	for i := range want {
		if steps[i] != want[i] {
			t.Errorf("step %d: %+v, not %+v", i, steps[i], want[i])
		}
	}
}

func FuzzParseScript(f *testing.F) {
	f.Add(defaultScript)
	f.Add("tap x\nshare 1")
	f.Fuzz(func(t *testing.T, text string) {
		steps, err := parseScript("f", text)
		if err != nil {
			return
		}
		for _, s := range steps {
			if s.arg == "" {
				t.Errorf("%s: a step without its word", s.where)
			}
		}
	})
}
