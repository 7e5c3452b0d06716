package main

import (
	"fmt"
	"strconv"
	"strings"
)

// step is one line of a script: something that a person does or looks for.
type step struct {
	where string // file:line
	verb  verb
	arg   string
	n     int // of share
}

// verb is the closed set of what a script can say.
type verb string

const (
	tapVerb    verb = "tap"    // tap LABEL: touch what carries this label
	keyVerb    verb = "key"    // key NAME: press a key
	typeVerb   verb = "type"   // type TEXT: type letters
	expectVerb verb = "expect" // expect TEXT: it is on the screen
	shareVerb  verb = "share"  // share I: type the share that custodian I was shown
	shotVerb   verb = "shot"   // shot NAME: keep a picture
	pullVerb   verb = "pull"   // pull stick|hsm|hsm2|disc
	insertVerb verb = "insert" // insert stick|hsm|hsm2|disc
)

// maxScript is the longest script in lines.
const maxScript = 10000

// parseScript reads a script: one verb a line, empty lines and lines that begin
// with # left out.
func parseScript(name, text string) ([]step, error) {
	var steps []step
	for i, line := range strings.Split(text, "\n") {
		if i >= maxScript {
			return nil, fmt.Errorf("%s: longer than %d lines", name, maxScript)
		}
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		s := step{where: fmt.Sprintf("%s:%d", name, i+1)}
		word, arg, _ := strings.Cut(line, " ")
		s.verb, s.arg = verb(word), strings.TrimSpace(arg)
		if err := s.check(); err != nil {
			return nil, fmt.Errorf("%s: %w", s.where, err)
		}
		steps = append(steps, s)
	}
	return steps, nil
}

func (s *step) check() error {
	if s.arg == "" {
		return fmt.Errorf("%s of what?", s.verb)
	}
	switch s.verb {
	case tapVerb, keyVerb, typeVerb, expectVerb:
		return nil
	case shotVerb:
		if strings.Trim(s.arg, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return fmt.Errorf("shot %q: give a name of small letters, digits and hyphens", s.arg)
		}
		return nil
	case shareVerb:
		n, err := strconv.Atoi(s.arg)
		if err != nil || n < 1 || n > 16 {
			return fmt.Errorf("share %q: give the number of a custodian, from 1", s.arg)
		}
		s.n = n
		return nil
	case pullVerb, insertVerb:
		switch s.arg {
		case stickName, hsmName, hsm2Name, discName:
			return nil
		}
		return fmt.Errorf("%s %q: give stick, hsm, hsm2 or disc", s.verb, s.arg)
	}
	return fmt.Errorf("unknown verb %q", s.verb)
}
