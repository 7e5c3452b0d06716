package html_test

import (
	"fmt"
	"image"
	"strings"
	"testing"

	"gioui.org/io/key"

	"anodize/ui/html"
)

// runbook is a page of about fifty A4 sheets: about 400 words, a table and a list a
// sheet.
func runbook(t testing.TB) *html.Page {
	var b strings.Builder
	for sheet := range 56 {
		fmt.Fprintf(&b, `<h2 id="s%d">Step %d: what to do now</h2>`, sheet, sheet+1)
		for range 5 {
			b.WriteString(`<p>The operator reads the <strong>serial number</strong> aloud, and the first witness compares it with the one that is printed on the device. ` +
				`The second witness notes the time. If the two differ, press <kbd>Esc</kbd>, write what you saw on the <a href="#s0">exception sheet</a>, and ask everyone to sign it. ` +
				`Nothing is lost: the disc says what was meant, and the next start of the machine finds it and goes on from there.</p>`)
		}
		b.WriteString(`<ul class="tick">`)
		for i := range 8 {
			fmt.Fprintf(&b, `<li><input type="checkbox" disabled> Box %d of the sheet %d is looked at by both witnesses</li>`, i, sheet)
		}
		b.WriteString(`</ul><table class="wide grid"><thead><tr><th>Time</th><th>What was seen</th><th class="signature">Signature</th></tr></thead><tbody>`)
		for i := range 8 {
			fmt.Fprintf(&b, `<tr><td class="write">%d</td><td>Session %d of the disc was read back and is equal</td><td></td></tr>`, i, i)
		}
		b.WriteString(`</tbody></table>`)
	}
	return parse(t, b.String())
}

var full = image.Pt(1920, 1080)

func BenchmarkParseRunbook(b *testing.B) {
	for b.Loop() {
		runbook(b)
	}
}

// BenchmarkLayoutRunbook lays out the whole of fifty sheets.
func BenchmarkLayoutRunbook(b *testing.B) {
	p := runbook(b)
	words := 0
	for b.Loop() {
		words = p.Layout(full.X, 24, nil).Size().Y
	}
	b.ReportMetric(float64(words), "pixels")
}

// BenchmarkScrollFrame is a frame of the runbook after three lines were scrolled:
// layout and raster of every pixel.
func BenchmarkScrollFrame(b *testing.B) {
	w := newWindow(runbook(b), full)
	w.frame(b)
	i, name := 0, key.NameDownArrow
	for b.Loop() {
		if i++; i%100 == 0 {
			if name == key.NameDownArrow {
				name = key.NameUpArrow
			} else {
				name = key.NameDownArrow
			}
		}
		w.view.Key(key.Event{Name: name, State: key.Press})
		w.frame(b)
	}
}

// BenchmarkScrollLayout is the part of it before raster.
func BenchmarkScrollLayout(b *testing.B) {
	w := newWindow(runbook(b), full)
	w.layout()
	for b.Loop() {
		w.view.Key(key.Event{Name: key.NameDownArrow, State: key.Press})
		w.layout()
	}
}
