package html

import (
	"fmt"
	"image/color"
	"strconv"
	"strings"
	"sync"
)

// CSS returns the sheet as the style that pages carry for browsers and for paper
// (A4). It is the only content that a page's <style> may have.
func CSS() string { return css() }

var css = sync.OnceValue(func() string {
	var b strings.Builder
	b.WriteString("\n" + cssHead)
	for i := range sheet {
		r := &sheet[i]
		if d := r.declarations(); d != "" {
			fmt.Fprintf(&b, "%s{%s}\n", r.selector(), d)
		}
	}
	b.WriteString(cssTail)
	return b.String()
})

// cssHead takes away what browsers say of elements by themselves, and says what
// the layout does without asking the sheet.
const cssHead = `*{margin:0;padding:0;border:0;box-sizing:content-box;font:inherit;text-align:inherit;text-decoration:none;vertical-align:baseline}
html{font-family:Go,"Segoe UI",Helvetica,Arial,sans-serif;background:#f5f3ee;overflow-wrap:break-word}
head{display:none}
body{margin:0 auto}
table{border-collapse:separate;border-spacing:0}
th,td{vertical-align:top}
ul{list-style:disc}
ol{list-style:decimal}
summary{list-style:disclosure-closed inside;text-indent:-1.2rem}
details[open]>summary{list-style-type:disclosure-open}
li *{text-indent:0}
img{max-width:100%;height:auto;image-rendering:pixelated}
input{appearance:none;width:.9rem;height:.9rem;margin:0 .4rem 0 0;border:1px solid #15191e;box-sizing:border-box;vertical-align:-.1rem;background:#fff}
`

const cssTail = `@page{size:A4;margin:16mm 15mm}
@media print{
html{font-size:10.5pt;background:#fff}
body{background:#fff;max-width:none;padding:0}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
h1,h2,h3,h4{break-after:avoid}
thead{display:table-header-group}
}
`

func (r *rule) selector() string {
	switch {
	case r.within != "" && r.el == "li":
		return "." + r.within + ">" + r.el
	case r.within != "" && r.el != "":
		return "." + r.within + " " + r.el
	case r.within != "":
		return "." + r.within
	case r.class != "":
		return "." + r.class
	}
	return r.el
}

func (r *rule) declarations() string {
	var d []string
	say := func(name, format string, args ...any) { d = append(d, name+":"+fmt.Sprintf(format, args...)) }
	length := func(name string, v float32) {
		if v != 0 {
			say(name, "%srem", decimal(v))
		}
	}
	if r.size != 0 && r.size != 1 {
		say("font-size", "%sem", decimal(r.size))
	}
	if r.leading != 0 {
		say("line-height", "%s", decimal(r.leading))
	}
	flag := func(on bool, name, value string) {
		if on {
			say(name, "%s", value)
		}
	}
	flag(r.bold, "font-weight", "700")
	flag(r.italic, "font-style", "italic")
	flag(r.mono, "font-family", `"Go Mono",Consolas,Menlo,"Liberation Mono",monospace`)
	flag(r.preserve, "white-space", "pre-wrap")
	flag(r.breaks, "overflow-wrap", "anywhere")
	flag(r.underline, "text-decoration", "underline")
	flag(r.align == atMiddle, "text-align", "center")
	flag(r.align == atEnd, "text-align", "right")
	if r.ink.A != 0 {
		say("color", "%s", hexColour(r.ink))
	}
	if r.fill.A != 0 {
		say("background", "%s", hexColour(r.fill))
	}
	if r.margin != nil && r.el != "body" {
		say("margin", "%s", r.margin.css())
	}
	if r.padding != nil {
		say("padding", "%s", r.padding.css())
	}
	if r.border != 0 {
		say("border", "solid %s", hexColour(r.rim))
		say("border-width", "%s", r.border.css())
	}
	if r.bar {
		say("border-left", "%srem solid %s", decimal(barWidth), hexColour(r.rim))
	}
	length("text-indent", r.indent)
	length("min-width", r.leastWide)
	length("height", r.leastHigh)
	length("max-width", r.most)
	flag(r.full, "width", "100%")
	flag(r.unmarked, "list-style", "none")
	flag(r.newPage, "break-before", "page")
	flag(r.keep, "break-inside", "avoid")
	return strings.Join(d, ";")
}

func decimal(v float32) string { return strconv.FormatFloat(float64(v), 'g', -1, 32) }

func (e *edges) css() string {
	var s []string
	for _, v := range []float32{e.top, e.right, e.bottom, e.left} {
		if v == 0 {
			s = append(s, "0")
		} else {
			s = append(s, decimal(v)+"rem")
		}
	}
	return strings.Join(s, " ")
}

func (s sides) css() string {
	var w []string
	for _, side := range []sides{onTop, onRight, onBottom, onLeft} {
		if s&side != 0 {
			w = append(w, "1px")
		} else {
			w = append(w, "0")
		}
	}
	return strings.Join(w, " ")
}

func hexColour(c color.NRGBA) string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }
