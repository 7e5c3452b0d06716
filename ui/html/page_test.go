package html_test

import (
	"flag"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gioui.org/anodize"
	"gioui.org/io/input"
	"gioui.org/layout"
	"gioui.org/op"
	"gioui.org/unit"

	"anodize/ui/html"
)

var pictures = flag.String("pictures", "", "directory for pictures of the test's pages")

// wrap makes a page of a body.
func wrap(body string) []byte {
	return []byte("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>T</title></head><body>" + body + "</body></html>\n")
}

func parse(t testing.TB, body string) *html.Page {
	t.Helper()
	p, err := html.Parse(wrap(body))
	if err != nil {
		t.Fatalf("%v\n%s", err, body)
	}
	return p
}

// lines returns what stands on each line of a page of body.
func lines(t testing.TB, body string, width int) []string {
	t.Helper()
	var out []string
	last := -1
	for _, w := range parse(t, body).Layout(width, 16, nil).Words() {
		if w.Line != last {
			out = append(out, w.Text)
		} else {
			out[len(out)-1] += " " + w.Text
		}
		last = w.Line
	}
	return out
}

// window shows a view as a kiosk does.
type window struct {
	view    *html.View
	router  input.Router
	painter *raster.Renderer
	target  raster.Target
	ops     op.Ops
	scale   float32
}

func newWindow(page *html.Page, size image.Point) *window {
	return &window{
		view: html.NewView(html.NewFonts(), page), painter: raster.New(), scale: max(2.0/3, float32(size.Y)/1080),
		target: raster.Target{Pix: make([]byte, 4*size.X*size.Y), Stride: 4 * size.X, Width: size.X, Height: size.Y},
	}
}

func (w *window) layout() {
	w.ops.Reset()
	w.view.Layout(layout.Context{
		Ops: &w.ops, Source: w.router.Source(), Metric: unit.Metric{PxPerDp: w.scale, PxPerSp: w.scale},
		Constraints: layout.Exact(image.Pt(w.target.Width, w.target.Height)),
	})
	w.router.Frame(&w.ops)
}

func (w *window) frame(t testing.TB) {
	t.Helper()
	w.layout()
	if _, err := w.painter.Frame(&w.ops, w.target); err != nil {
		t.Fatal(err)
	}
}

func (w *window) save(t testing.TB, path string) {
	t.Helper()
	w.frame(t)
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, raster.Image(w.target)); err != nil {
		t.Fatal(err)
	}
}

// specimen has everything of the subset.
const specimen = `
<h1>Sign a request: what to <em>look at</em></h1>
<p class="lead">A short page that shows every element once, so that its look can be judged.</p>
<p>Words that are <strong>strong</strong>, <em>emphasised</em>, <b>bold</b>, <i>italic</i>, <strong><em>both</em></strong>, <code>code-like 9f3c</code>, <mark>marked</mark>,
<small>small</small>, and a key: press <kbd>Enter</kbd>. Then follow <a href="#table">the link to the table below</a>. Ελληνικά и кириллица, and what has no glyph: ✓ &#x202E;.</p>
<p class="notice"><strong>Read this first.</strong> Nothing goes to the stick before the session is on the disc and read back equal.</p>
<section class="danger"><p>It differs: stop, and write down what you see.</p></section>
<p class="good"><strong>Done.</strong> It is read back equal.</p>
<ul><li>one</li><li>two<ol start="9"><li>nine</li><li>ten, which is long enough that it has to be wrapped somewhere near the right edge of the page</li></ol></li></ul>
<ul class="tick"><li><input type="checkbox" disabled> The bag's seal number is noted, and it is the one on the list of the last ceremony, which is in the binder</li><li><input type="checkbox" disabled> The power is plugged in</li></ul>
<dl><dt>HSM</dt><dd>The device that holds the key and never lets it go.</dd></dl>
<pre>openssl x509 -in ROOT.CRT -inform DER -noout
    -fingerprint -sha256</pre>
<p class="fingerprint">9F3C 71AA 04D2 5E90 77F6 1B2C</p>
<table id="table" class="wide"><caption>Who is in the room</caption><thead><tr><th scope="col">Role</th><th>Name</th><th class="signature">Signature</th></tr></thead>
<tbody><tr><td>Operator</td><td>Reads every screen aloud and presses the keys</td><td class="signature"></td></tr><tr><td>Witness</td><td>Compares</td><td class="signature"></td></tr></tbody></table>
<table class="grid"><tbody><tr><td class="write">1</td><td class="write">2</td></tr><tr><td colspan="2" class="right">both columns</td></tr></tbody></table>
<details><summary>What can go wrong</summary><p>Something hidden.</p></details><details open><summary>And this is open</summary><p>Something shown.</p></details>
<hr><figure><img alt="a square" width="48" height="48" src="data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAFUlEQVR4nGMQlZT7//8/AxCvcJIHADAGB1Df7VHNAAAAAElFTkSuQmCC"><figcaption>A picture</figcaption></figure>`

func TestSpecimenPictures(t *testing.T) {
	dir := *pictures
	if dir == "" {
		dir = t.TempDir()
	}
	p := parse(t, specimen)
	for _, size := range []image.Point{{800, 600}, {1920, 1080}} {
		w := newWindow(p, size)
		w.save(t, filepath.Join(dir, fmt.Sprintf("specimen-%d.png", size.Y)))
	}
	if !strings.Contains(p.Text(), "which is long enough") {
		t.Error("the page does not say what is in it")
	}
}
