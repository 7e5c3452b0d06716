package html_test

import (
	"bytes"
	"fmt"
	"image"
	"slices"
	"strings"
	"testing"
	"time"

	"gioui.org/f32"
	"gioui.org/io/key"
	"gioui.org/io/pointer"
	"gioui.org/io/semantic"

	"anodize/ui/html"
)

// seen returns the labels of what is in sight, and of buttons their middle.
func (w *window) seen() (texts []string, buttons map[string]image.Point) {
	buttons = map[string]image.Point{}
	for _, n := range w.router.AppendSemantics(nil) {
		r := n.Desc.Bounds
		if n.Desc.Label == "" || r.Max.Y <= 0 || r.Min.Y >= w.target.Height {
			continue
		}
		if n.Desc.Class == semantic.Button {
			buttons[n.Desc.Label] = image.Pt((r.Min.X+r.Max.X)/2, (r.Min.Y+r.Max.Y)/2)
		} else {
			texts = append(texts, n.Desc.Label)
		}
	}
	return texts, buttons
}

func (w *window) sees(text string) bool {
	texts, _ := w.seen()
	for _, s := range texts {
		if strings.Contains(s, text) {
			return true
		}
	}
	return false
}

func (w *window) press(names ...key.Name) {
	for _, n := range names {
		w.view.Key(key.Event{Name: n, State: key.Press})
		w.layout()
	}
}

func (w *window) tap(at image.Point) {
	p := f32.Pt(float32(at.X), float32(at.Y))
	w.router.Queue(
		pointer.Event{Kind: pointer.Press, Source: pointer.Touch, Position: p},
		pointer.Event{Kind: pointer.Release, Source: pointer.Touch, Position: p, Time: time.Millisecond},
	)
	w.layout()
	w.layout()
}

func long() string {
	var b strings.Builder
	b.WriteString(`<p><a href="#s40">to forty</a></p>`)
	for i := range 80 {
		fmt.Fprintf(&b, `<h2 id="s%d">Section %d of it</h2><p>The words of %d.</p>`, i, i, i)
	}
	return b.String() + `<p><a href="#s1">to one</a></p>`
}

func TestScrolling(t *testing.T) {
	w := newWindow(parse(t, long()), image.Pt(800, 600))
	w.layout()
	check := func(why, text string) {
		t.Helper()
		if !w.sees(text) {
			texts, _ := w.seen()
			t.Fatalf("%s: %q is not in sight, but %q", why, text, texts)
		}
	}
	check("at first", "Section 0 of it")
	w.press(key.NameEnd)
	check("after End", "The words of 79.")
	w.press(key.NameHome)
	check("after Home", "Section 0 of it")
	w.press(key.NamePageDown, key.NamePageDown, key.NamePageUp)
	if w.sees("Section 0 of it") {
		t.Error("Page down did not move")
	}
	w.press(key.NameHome, key.NameDownArrow, key.NameDownArrow, key.NameUpArrow, key.NameUpArrow)
	check("after arrows there and back", "Section 0 of it")
	if above, below := w.view.More(); above || !below {
		t.Errorf("at the top there is more above: %v, below: %v", above, below)
	}
	w.router.Queue(pointer.Event{Kind: pointer.Scroll, Source: pointer.Mouse, Position: f32.Pt(400, 300), Scroll: f32.Pt(0, 1200)})
	w.layout()
	w.layout()
	if w.sees("Section 0 of it") {
		t.Error("the wheel did not move it")
	}
	w.press(key.NameHome)
	for i, y := range []float32{500, 400, 100, 50} {
		kind := pointer.Move
		if i == 0 {
			kind = pointer.Press
		}
		w.router.Queue(pointer.Event{Kind: kind, Source: pointer.Touch, Position: f32.Pt(400, y), Time: time.Duration(i) * 50 * time.Millisecond})
		w.layout()
	}
	if w.sees("Section 0 of it") {
		t.Error("a finger did not move it")
	}
}

func TestLinksToOtherPagesAreLeftToWhoShowsThePage(t *testing.T) {
	p := parse(t, `<p><a href="runbook-crl.html">one</a></p><p><a href="runbook-crl.html#lost">two</a></p><p><a href="#here">three</a></p><p id="here">Here.</p>`)
	want := []html.Link{{Page: "runbook-crl"}, {Page: "runbook-crl", ID: "lost"}}
	if got := p.Links(); !slices.Equal(got, want) {
		t.Errorf("the page's links are %v", got)
	}
	w := newWindow(p, image.Pt(800, 600))
	w.layout()
	w.press(key.NameTab, key.NameReturn) // nobody follows it
	var got []html.Link
	w.view.Follow = func(l html.Link) { got = append(got, l) }
	w.press(key.NameReturn, key.NameTab, key.NameReturn, key.NameTab, key.NameReturn)
	if !slices.Equal(got, want) {
		t.Errorf("followed %v", got)
	}
	_, buttons := w.seen()
	w.tap(buttons["two"])
	if len(got) != 3 || got[2] != want[1] {
		t.Errorf("a tap follows %v", got)
	}
}

func TestLinks(t *testing.T) {
	w := newWindow(parse(t, long()), image.Pt(800, 600))
	w.layout()
	_, buttons := w.seen()
	at, ok := buttons["to forty"]
	if !ok {
		t.Fatalf("the link is not in the semantic tree: %v", buttons)
	}
	w.tap(at)
	if !w.sees("Section 40 of it") {
		t.Error("a tap does not follow the link")
	}
	w.press(key.NameTab, key.NameTab)
	if !w.sees("The words of 79.") {
		t.Error("the focus is not scrolled to")
	}
	w.press(key.NameReturn)
	if !w.sees("Section 1 of it") || w.sees("Section 40 of it") {
		t.Error("Enter does not follow the link in focus")
	}
	if w.view.GoTo("nowhere") {
		t.Error("went to an element that is not there")
	}
}

func TestDetails(t *testing.T) {
	const body = `<details><summary>More</summary><p id="in">Hidden needle</p></details><details open><summary>Less</summary><p>Shown</p></details>`
	w := newWindow(parse(t, body), image.Pt(800, 600))
	w.layout()
	if w.sees("Hidden") || !w.sees("Shown") {
		t.Fatal("details do not begin as the page says")
	}
	w.press(key.NameTab, key.NameReturn)
	if !w.sees("Hidden") {
		t.Error("Enter does not open it")
	}
	w.press(key.NameReturn)
	if w.sees("Hidden") {
		t.Error("Enter does not close it")
	}
	_, buttons := w.seen()
	w.tap(buttons["More"])
	if !w.sees("Hidden") {
		t.Error("a tap does not open it")
	}
	w.tap(buttons["More"])
	w.view.GoTo("in")
	w.layout()
	if !w.sees("Hidden") {
		t.Error("going to what it hides does not open it")
	}
	w.press(key.NameTab, key.NameReturn)
	if w.view.Find("NEEDLE") != 1 {
		t.Fatal("what is hidden is not found")
	}
	w.layout()
	if !w.sees("Hidden") {
		t.Error("finding what it hides does not open it")
	}
}

func TestFind(t *testing.T) {
	w := newWindow(parse(t, long()), image.Pt(800, 600))
	w.layout()
	w.press("/")
	w.view.Type("/") // the letter of the same key
	for _, letter := range "WORDS  of 5" {
		w.view.Type(string(letter))
	}
	w.layout()
	if !w.sees("The words of 5.") || !w.sees("1 of 11") {
		texts, _ := w.seen()
		t.Fatalf("not found: %q", texts)
	}
	w.press(key.NameReturn)
	if !w.sees("The words of 50.") {
		t.Error("Enter does not go to the next place")
	}
	w.view.Key(key.Event{Name: key.NameReturn, State: key.Press, Modifiers: key.ModShift})
	w.layout()
	if !w.sees("The words of 5.") {
		t.Error("Shift+Enter does not go back")
	}
	w.press("/")
	w.view.Type("xyz")
	w.layout()
	if !w.sees("Not on this page") {
		t.Error("it does not say that nothing was found")
	}
	w.press(key.NameDeleteBackward, key.NameDeleteBackward, key.NameDeleteBackward)
	if !w.sees("of 11") {
		t.Error("Backspace does not take letters away")
	}
	w.press(key.NameEscape)
	if w.sees("Find:") {
		t.Error("Esc does not end it")
	}
	if w.view.Type("a") {
		t.Error("letters are taken although nothing is looked for")
	}
}

// A frame that was scrolled to is the one that is drawn there at once: what is
// out of sight does not matter.
func TestOnlyWhatIsSeenMatters(t *testing.T) {
	p := parse(t, long())
	a, b := newWindow(p, image.Pt(800, 600)), newWindow(p, image.Pt(800, 600))
	a.frame(t)
	for range 7 {
		a.press(key.NamePageDown)
		a.frame(t)
	}
	b.layout()
	for range 7 {
		b.view.Key(key.Event{Name: key.NamePageDown, State: key.Press})
	}
	b.frame(t)
	if !bytes.Equal(a.target.Pix, b.target.Pix) {
		t.Error("the pictures differ")
	}
}

// Every letter that is laid out is drawn where it was measured: the shaper has a
// glyph for it, and its ink lies within the line.
func TestInkLiesWhereItWasMeasured(t *testing.T) {
	for _, size := range []image.Point{{800, 600}, {1366, 768}, {1920, 1080}} {
		w := newWindow(parse(t, "<p><code>mmmmmmmmmmmmmmmmmmmm</code></p><p><b><i>mmmmmmmmmmmmmmmmmmmm</i></b></p><p><small>mmmmmmmmmmmmmmmmmmmm</small></p>"), size)
		w.frame(t)
		for _, n := range w.router.AppendSemantics(nil) {
			if !strings.HasPrefix(n.Desc.Label, "mmmm") {
				continue
			}
			r := n.Desc.Bounds
			if first, last := w.ink(r.Min.Y, r.Max.Y); first < r.Min.X-1 || last > r.Max.X+1 || last < r.Max.X-r.Dx()/20 {
				t.Errorf("at %v: measured from %d to %d, inked from %d to %d", size, r.Min.X, r.Max.X, first, last)
			}
		}
	}
}

// ink is where dark pixels begin and end between two heights, left of the bar.
func (w *window) ink(top, bottom int) (first, last int) {
	first = w.target.Width
	for y := top; y < bottom; y++ {
		for x := range w.target.Width - 40 {
			if i := y*w.target.Stride + 4*x; w.target.Pix[i+1] < 0x80 {
				first, last = min(first, x), max(last, x)
			}
		}
	}
	return first, last
}
