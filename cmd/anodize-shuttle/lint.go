package main

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"anodize/core/ca"
	"anodize/core/profile"
	"anodize/devices/block"
)

// level is how serious a finding is.
type level int

const (
	pass level = iota
	warn
	bad
)

func (l level) String() string { return [...]string{"PASS", "WARN", "ERROR"}[l] }

// finding is one thing that lint has to say.
type finding struct {
	level level
	where string // a file, with a line where there is one, or "stick"
	what  string
}

// findings is all of it.
type findings []finding

func (f *findings) add(l level, where, format string, args ...any) {
	*f = append(*f, finding{l, where, fmt.Sprintf(format, args...)})
}

// stick is what a stick holds at its top level.
type stick interface {
	names() (files, folders []string, err error)
	read(name string, limit int64) ([]byte, error)
	// system says what is wrong with the file system as such.
	system(f *findings)
}

// lint prints what the kiosk would say of a stick.
func (m machine) lint(path string) (int, error) {
	s, closeStick, err := m.open(path)
	if err != nil {
		return failed, err
	}
	defer closeStick()
	f, err := check(s, time.Now())
	if err != nil {
		return failed, err
	}
	worst := pass
	for _, one := range f {
		worst = max(worst, one.level)
		if _, err := fmt.Fprintf(m.out, "%-5s %s: %s\n", one.level, printable(one.where), printable(one.what)); err != nil {
			return failed, err
		}
	}
	return [...]int{passed, warnings, failed}[worst], nil
}

// printable is text as it may be shown on a terminal: what a stick holds could be meant
// for one. Several lines become one.
func printable(s string) string {
	s = strings.ReplaceAll(s, "\n", "; ")
	if strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) || !utf8.ValidString(s) {
		return strconv.QuoteToGraphic(s)
	}
	return s
}

// check reads a stick as the kiosk does, at a time.
func check(s stick, now time.Time) (findings, error) {
	var f findings
	s.system(&f)
	files, folders, err := s.names()
	if err != nil {
		return nil, err
	}
	seen := checkNames(&f, files, folders)
	p := checkProfile(&f, s, seen)
	checkRequests(&f, s, seen, p, now)
	return f, nil
}

// profileName is the file that the profile is read from.
const profileName = block.ProfileName

// ours are the names that the kiosk writes.
var ours = []string{"ROOT.CRT", "ROOT.CRL", "RECORD.HTML", "INTCA*.CRT"}

// checkNames returns the names that the kiosk sees.
func checkNames(f *findings, files, folders []string) []string {
	var seen []string
	for _, name := range files {
		switch err := block.CheckName(name); {
		case strings.HasPrefix(name, "."):
			if strings.HasSuffix(name, ".part") {
				f.add(warn, name, "what is left of a copy that was broken off: delete it")
			}
		case err != nil:
			f.add(warn, name, "the kiosk does not see it: %v", err)
		default:
			seen = append(seen, name)
			if isOurs(name) {
				f.add(warn, name, "from an earlier ceremony: the next one replaces it")
			}
		}
	}
	for _, name := range folders {
		if !strings.HasPrefix(name, ".") && !slices.Contains([]string{"System Volume Information", "lost+found"}, name) {
			f.add(warn, name, "the kiosk looks into no folder: put what it needs at the top")
		}
	}
	return seen
}

func isOurs(name string) bool {
	return slices.ContainsFunc(ours, func(pattern string) bool {
		ok, err := path.Match(pattern, strings.ToUpper(name))
		return ok && err == nil
	})
}

// checkProfile returns the profile, nil if it cannot be used.
func checkProfile(f *findings, s stick, names []string) *profile.Profile {
	i := slices.IndexFunc(names, func(n string) bool { return strings.EqualFold(n, profileName) })
	if i < 0 {
		f.add(bad, profileName, "there is none: init writes one to begin with")
		return nil
	}
	data, err := s.read(names[i], profile.MaxSize)
	if err != nil {
		f.add(bad, names[i], "%v", err)
		return nil
	}
	p, err := profile.Parse(data)
	var problems profile.Problems
	switch {
	case errors.As(err, &problems):
		for _, one := range problems {
			what := one.What + ": " + one.Instead
			if one.Key != "" {
				what = one.Key + ": " + what
			}
			f.add(bad, fmt.Sprintf("%s:%d", names[i], one.Line), "%s", what)
		}
		return nil
	case err != nil:
		f.add(bad, names[i], "%v", err)
		return nil
	}
	f.add(pass, names[i], "%s; SHA-256 %x", p.CA.CommonName, p.Hash())
	if string(data) == template {
		f.add(warn, names[i], "it is the template, unchanged")
	}
	return p
}

// checkRequests tries every request on a root made for that, by the profile.
func checkRequests(f *findings, s stick, names []string, p *profile.Profile, now time.Time) {
	var trial *ca.Trial
	if p != nil {
		var err error
		if trial, err = ca.NewTrial(p, now); err != nil {
			f.add(bad, profileName, "%v", err)
		}
	}
	requests := ca.RequestNames(names)
	if len(requests) == 0 {
		f.add(pass, "stick", "it holds no request: none is needed but to sign one")
	}
	for _, name := range requests {
		data, err := s.read(name, ca.MaxRequestSize)
		if err != nil {
			f.add(bad, name, "%v", err)
			continue
		}
		r, err := ca.ParseCSR(data)
		if err != nil {
			f.add(bad, name, "%v", err)
			continue
		}
		if trial != nil {
			checkRequest(f, name, r, p, trial)
		}
	}
}

func checkRequest(f *findings, name string, r *ca.Request, p *profile.Profile, trial *ca.Trial) {
	var kinds []string
	for _, cp := range p.CertProfiles {
		if err := trial.Request(r, cp); err != nil {
			f.add(warn, name, "not as %q: %v", cp.Name, err)
			continue
		}
		kinds = append(kinds, fmt.Sprintf("%q", cp.Name))
	}
	if len(kinds) == 0 {
		f.add(bad, name, "the profile has no kind of certificate for it")
		return
	}
	hash := r.SPKIHash()
	f.add(pass, name, "%s, %s, key SHA-256 %x; may become %s", r.Subject(), r.KeyDescription(), hash, strings.Join(kinds, ", "))
	if asked := r.IgnoredExtensions(); len(asked) > 0 {
		f.add(warn, name, "asks for what the root does not grant: %s", strings.Join(asked, ", "))
	}
}
