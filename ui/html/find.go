package html

import (
	"unicode"
	"unicode/utf8"
)

// maxQuery bounds what is looked for, in characters; with it, finding takes time
// linear in the page.
const maxQuery = 64

// maxMarks bounds how many places are found.
const maxMarks = 9999

// find returns every place where query stands, without regard to case, in
// reading order. White space in it counts as one space.
func (p *Page) find(query string) []mark {
	want := folded(query)
	if len(want) == 0 {
		return nil
	}
	var all []mark
	for _, t := range p.paras {
		at := int32(0)
		for int(at) < len(t.text) {
			end, ok := matchAt(t.text[at:], want)
			if !ok {
				_, n := utf8.DecodeRuneInString(t.text[at:])
				at += int32(n)
				continue
			}
			if len(all) == maxMarks {
				return all
			}
			all = append(all, mark{para: t, start: at, end: at + int32(end)})
			at += int32(end)
		}
	}
	return all
}

// folded is a query as it is compared.
func folded(query string) []rune {
	var want []rune
	for _, r := range query {
		if unicode.IsSpace(r) {
			if len(want) == 0 || want[len(want)-1] == ' ' {
				continue
			}
			r = ' '
		}
		if want = append(want, lower(r)); len(want) == maxQuery {
			break
		}
	}
	return want
}

func lower(r rune) rune {
	if r == '\n' {
		return ' '
	}
	return unicode.ToLower(r)
}

// matchAt reports whether s begins with want, and how many bytes of it that are.
func matchAt(s string, want []rune) (end int, ok bool) {
	for _, w := range want {
		r, n := utf8.DecodeRuneInString(s[end:])
		if n == 0 || lower(r) != w {
			return 0, false
		}
		end += n
	}
	return end, true
}
