package html

import (
	"slices"
	"strconv"
	"strings"
)

// attributes are the values of an element's attributes, read and checked.
type attributes struct {
	id, href, src, alt string
	page               string // that href is an id of; empty: of this one
	classes            []string
	colspan            int // 0: not given
	start              int // 0: not given
	width, height      int // 0: not given
	open               bool
	pic                *picture // of an img; nil: alt is shown
	seen               []string // names, in order
}

func (a *attributes) has(name string) bool { return slices.Contains(a.seen, name) }

const (
	maxImage   = 4096  // width and height attributes
	maxStart   = 99999 // of a list
	maxClasses = 4     // on an element
	maxName    = 64    // bytes of an id
)

// set reads one attribute of el.
func (a *attributes) set(el *element, line int, name, value string) error {
	if !el.takes(name) {
		return refuse(line, "the attribute %s on <%s> is not part of the subset", quoted(name), el.name)
	}
	if a.has(name) {
		return refuse(line, "<%s> has the attribute %s twice", el.name, name)
	}
	a.seen = append(a.seen, name)
	bad := func(want string) error {
		return refuse(line, "%s=%s on <%s>: write %s", name, quoted(value), el.name, want)
	}
	var ok bool
	switch name {
	case "id":
		if a.id = value; !validID(value) {
			return bad("lower-case letters, digits and hyphens, a letter first")
		}
	case "href":
		if a.page, a.href, ok = reference(value); !ok {
			return bad("#id of an element of this page, or name.html or name.html#id; pages link nowhere else")
		}
	case "class":
		return a.setClasses(el, line, value)
	case "src":
		a.src = value
	case "alt":
		a.alt = value
		return printable(line, value)
	case "width", "height":
		n, ok := number(value, maxImage)
		if !ok {
			return bad("a number of pixels from 1 to 4096")
		}
		if name == "width" {
			a.width = n
		} else {
			a.height = n
		}
	case "colspan":
		if a.colspan, ok = number(value, MaxColumns); !ok {
			return bad("a number from 1 to 64")
		}
	case "start":
		if a.start, ok = number(value, maxStart); !ok {
			return bad("a number from 1 to 99999")
		}
	case "open":
		a.open = true
	case "charset":
		if !strings.EqualFold(value, "utf-8") {
			return bad("utf-8")
		}
	case "type":
		if value != "checkbox" {
			return bad("checkbox: a box to tick on paper is the only input")
		}
	case "scope":
		if value != "col" && value != "row" {
			return bad("col or row")
		}
	case "lang":
		if !validID(strings.ToLower(value)) {
			return bad("a language, as en or de-AT")
		}
	}
	return nil
}

// reference takes a link apart: the name of a page beside this one, the id of an
// element, or both.
func reference(href string) (page, id string, ok bool) {
	if id, ok = strings.CutPrefix(href, "#"); ok {
		return "", id, validID(id)
	}
	file, id, there := strings.Cut(href, "#")
	page, ok = strings.CutSuffix(file, ".html")
	return page, id, ok && validID(page) && (!there || validID(id))
}

func (a *attributes) setClasses(el *element, line int, value string) error {
	a.classes = strings.Fields(value)
	if len(a.classes) > maxClasses {
		return refuse(line, "<%s> has more than %d classes", el.name, maxClasses)
	}
	for i, c := range a.classes {
		on, known := classes[c]
		switch {
		case !known:
			return refuse(line, "the class %s is not in the sheet", quoted(c))
		case !slices.Contains(on, el.name):
			return refuse(line, "the class %s is for %s, not for <%s>", c, strings.Join(on, ", "), el.name)
		case slices.Contains(a.classes[:i], c):
			return refuse(line, "<%s> has the class %s twice", el.name, c)
		}
	}
	return nil
}

// required says what an element must have.
func (a *attributes) required(el *element, line int) error {
	var need []string
	switch el.name {
	case "meta":
		need = []string{"charset"}
	case "a":
		need = []string{"href"}
	case "img":
		need = []string{"src", "alt"}
	case "input":
		need = []string{"type", "disabled"}
	}
	for _, name := range need {
		if !a.has(name) {
			return refuse(line, "<%s> needs the attribute %s", el.name, name)
		}
	}
	if el.name == "img" && a.has("width") != a.has("height") {
		return refuse(line, "<img> has a width or a height without the other")
	}
	return nil
}

func validID(s string) bool {
	if s == "" || len(s) > maxName || s[0] < 'a' || s[0] > 'z' {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// number reads a decimal number from 1 to limit, without sign or zeros before it.
func number(s string, limit int) (int, bool) {
	n, err := strconv.Atoi(s)
	return n, err == nil && n >= 1 && n <= limit && strconv.Itoa(n) == s
}

// quoted is a part of a page as an error may show it: short, and printable.
func quoted(s string) string {
	const most = 40
	if len(s) > most {
		return strconv.QuoteToASCII(s[:most]) + "…"
	}
	return strconv.QuoteToASCII(s)
}
