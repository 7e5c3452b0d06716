//go:build chromium

package html_test

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/gobolditalic"
	"golang.org/x/image/font/gofont/goitalic"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/gomonobold"
	"golang.org/x/image/font/gofont/gomonobolditalic"
	"golang.org/x/image/font/gofont/gomonoitalic"
	"golang.org/x/image/font/gofont/goregular"

	"gioui.org/anodize"

	"anodize/ui/html"
)

// Held against Chromium, with the same fonts, at the same width:
//
//	go test -tags chromium -run Chromium ./ui/html -args -beside docs/html
//
// Tolerance: the words and their order are the same, all of them. Lines end at the
// same words; but for one line in a page, or two words in a thousand, where a word
// fits by less than a font's rounding. Where all lines end alike, a word stands
// within 3 CSS pixels of Chromium's place, sideways, 5 after a summary's sign,
// which is Chromium's own; and the page is as high as Chromium's within 1.5 %, since
// our lines are whole pixels high. In the records, which are made of digests and of
// hostile names full of punctuation, where we know few of Unicode's places to break
// (UAX 14), it is 15 words in a thousand; and since a name's longest part decides
// how wide a column is, words may stand further aside.

var beside = flag.String("beside", "", "directory for pictures of both, side by side")
var only = flag.String("only", "", "compare one page")

// screens are the sizes that pages are compared at; a rem is 16 CSS pixels.
var screens = []struct {
	size  image.Point
	scale float64 // pixels in a CSS pixel
}{{image.Pt(800, 600), 1}, {image.Pt(1920, 1080), 1.5}}

func compared(t *testing.T) map[string][]byte {
	t.Helper()
	pages := map[string][]byte{}
	for _, glob := range []string{"../../assets/pages/*.html", "../../core/record/testdata/*.html"} {
		names, err := filepath.Glob(glob)
		if err != nil || len(names) == 0 {
			t.Fatalf("no pages in %s: %v", glob, err)
		}
		for _, name := range names {
			src, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			// A record is drawn by the sheet, whatever style it carries.
			pages[strings.TrimSuffix(filepath.Base(name), ".html")] = style.ReplaceAllLiteral(src, nil)
		}
	}
	plain := strings.NewReplacer("✓ &#x202E;", "nothing").Replace(specimen)
	pages["specimen"] = wrap(plain)
	if *only != "" {
		pages = map[string][]byte{*only: pages[*only]}
	}
	return pages
}

var style = regexp.MustCompile(`(?s)<style>.*?</style>`)

// fontFaces are the Go fonts as a style.
func fontFaces() string {
	var b strings.Builder
	face := func(family, style string, weight int, ttf []byte) {
		fmt.Fprintf(&b, "@font-face{font-family:%q;font-style:%s;font-weight:%d;src:url(data:font/ttf;base64,%s)}\n",
			family, style, weight, base64.StdEncoding.EncodeToString(ttf))
	}
	face("Go", "normal", 400, goregular.TTF)
	face("Go", "normal", 700, gobold.TTF)
	face("Go", "italic", 400, goitalic.TTF)
	face("Go", "italic", 700, gobolditalic.TTF)
	face("Go Mono", "normal", 400, gomono.TTF)
	face("Go Mono", "normal", 700, gomonobold.TTF)
	face("Go Mono", "italic", 400, gomonoitalic.TTF)
	face("Go Mono", "italic", 700, gomonobolditalic.TTF)
	return b.String()
}

// measuring writes every word with its place into the page: text, left edge,
// baseline, in CSS pixels. A word that is broken is told in its parts.
const measuring = `<script>
document.fonts.ready.then(() => {
  const out = [], w = document.createTreeWalker(document.body, NodeFilter.SHOW_ALL), r = document.createRange();
  let last = null, glue = false;
  for (let n; n = w.nextNode();) {
    if (n.nodeType != Node.TEXT_NODE) {
      if (n.nodeName == "BR") glue = false;
      continue;
    }
    if (n.parentElement.closest("details:not([open])") && !n.parentElement.closest("summary")) continue;
    const style = getComputedStyle(n.parentElement), size = parseFloat(style.fontSize);
    for (let i = 0; i < n.data.length; i++) {
      const c = n.data[i];
      r.setStart(n, i); r.setEnd(n, i + 1);
      const b = r.getBoundingClientRect();
      if (/[ \t\n]/.test(c)) { glue = false; continue }
      if (b.width == 0 && b.height == 0) continue;
      const base = b.bottom - 432 / 2048 * size;
      const block = n.parentElement.closest("p,li,td,th,dt,dd,h1,h2,h3,h4,pre,caption,figcaption,summary,section,body");
      if (glue && last && last.block == block && Math.abs(base - last.y) < size / 2) { last.text += c }
      else { last = {text: c, x: b.left, y: base, block, rest: glue && last && last.block == block}; out.push(last) }
      glue = true;
    }
  }
  const pre = document.createElement("script");
  pre.type = "words"; pre.textContent = JSON.stringify({high: document.body.getBoundingClientRect().height, words: out.map(o => [o.text, o.x, o.y, !!o.rest])}).replaceAll("<", "\\u003c");
  document.body.append(pre);
});
</script>`

// place is a word's.
type place struct {
	text string
	x, y float64 // CSS pixels
	rest bool    // of a word begun on the line before
}

func chromium(t *testing.T, src []byte, size image.Point, scale float64, args ...string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "page.html")
	page := bytes.Replace(src, []byte("</head>"), []byte("<style>"+html.CSS()+fontFaces()+"*{text-rendering:geometricPrecision}</style></head>"), 1)
	page = bytes.Replace(page, []byte("</body>"), []byte(measuring+"</body>"), 1)
	if err := os.WriteFile(path, page, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("chromium", append([]string{
		"--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--font-render-hinting=none", "--virtual-time-budget=10000",
		fmt.Sprintf("--window-size=%d,%d", int(math.Round(float64(size.X)/scale)), int(math.Round(float64(size.Y)/scale))),
		fmt.Sprintf("--force-device-scale-factor=%g", scale), "--user-data-dir=" + t.TempDir(),
	}, append(args, "file://"+path)...)...)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("running chromium: %v", err)
	}
	return out
}

func theirs(t *testing.T, src []byte, size image.Point, scale float64) (words []place, high float64) {
	t.Helper()
	dom := string(chromium(t, src, size, scale, "--dump-dom"))
	_, rest, ok := strings.Cut(dom, `<script type="words">`)
	text, _, closed := strings.Cut(rest, "</script>")
	var all struct {
		High  float64
		Words [][4]any
	}
	if !ok || !closed {
		t.Fatalf("Chromium did not measure the page: %.300s", dom)
	}
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		t.Fatalf("reading Chromium's words: %v: %.300q", err, text)
	}
	for _, w := range all.Words {
		words = append(words, place{w[0].(string), w[1].(float64), w[2].(float64), w[3].(bool)})
	}
	return whole(words), all.High
}

func ours(t *testing.T, src []byte, size image.Point, scale float64) (words []place, high float64) {
	t.Helper()
	p, err := html.Parse(src)
	if err != nil {
		t.Fatal(err)
	}
	l := p.Layout(size.X, float32(16*scale), nil)
	for _, w := range l.Words() {
		words = append(words, place{w.Text, float64(w.X) / scale, float64(w.Y) / scale, w.Rest})
	}
	return whole(words), float64(l.Size().Y) / scale
}

// whole puts words together that were broken. Where a word is broken that may
// break anywhere, as digests do, is a matter of a fraction of a letter.
func whole(parts []place) []place {
	var words []place
	for _, p := range parts {
		if p.rest && len(words) > 0 {
			words[len(words)-1].text += p.text
			continue
		}
		words = append(words, p)
	}
	return words
}

// starts reports whether the word i begins a line.
func starts(words []place, i int) bool {
	return i == 0 || math.Abs(words[i].y-words[i-1].y) > 6 || words[i].x < words[i-1].x
}

func TestLinesBreakAsInChromium(t *testing.T) {
	pages := compared(t)
	for _, name := range slices.Sorted(maps.Keys(pages)) {
		src := pages[name]
		for _, s := range screens {
			a, highA := ours(t, src, s.size, s.scale)
			b, highB := theirs(t, src, s.size, s.scale)
			where := fmt.Sprintf("%s at %d", name, s.size.X)
			if !sameWords(t, where, a, b) {
				continue
			}
			other, far := 0, 0.0
			for i := range a {
				if starts(a, i) != starts(b, i) {
					other++
					t.Logf("%s: %q stands on another line", where, a[i].text)
				} else {
					far = max(far, math.Abs(a[i].x-b[i].x))
				}
			}
			t.Logf("%s: %d words, %d on another line, at most %.1f px aside, height %.0f and %.0f", where, len(a), other, far, highA, highB)
			in, record := 500, strings.Contains(string(src), "<title>REHEARSAL. Record")
			if record {
				in = 66
			}
			if other > 2 && other*in > len(a) {
				t.Errorf("%s: %d of %d words stand on another line", where, other, len(a))
			}
			if other == 0 && far > 3 && !record && (name != "specimen" || far > 5) {
				t.Errorf("%s: a word stands %.1f CSS pixels aside", where, far)
			}
			if math.Abs(highA-highB) > 0.015*highB && other == 0 {
				t.Errorf("%s: %.0f CSS pixels high, in Chromium %.0f", where, highA, highB)
			}
		}
	}
}

func sameWords(t *testing.T, where string, a, b []place) bool {
	t.Helper()
	for i := range min(len(a), len(b)) {
		if a[i].text != b[i].text {
			t.Errorf("%s: word %d is %q, in Chromium %q (after %q)", where, i, a[i].text, b[i].text, a[max(0, i-1)].text)
			return false
		}
	}
	if len(a) != len(b) {
		t.Errorf("%s: %d words, in Chromium %d", where, len(a), len(b))
		return false
	}
	return true
}

// TestPicturesBesideChromium draws pages with both, ours at the left.
func TestPicturesBesideChromium(t *testing.T) {
	folder := cmp.Or(*beside, t.TempDir())
	pages := compared(t)
	for _, name := range []string{"runbook-init", "step-head", "init-root"} {
		for _, s := range screens {
			p, err := html.Parse(pages[name])
			if err != nil {
				t.Fatal(err)
			}
			w := newWindow(p, s.size)
			w.frame(t)
			shot := filepath.Join(t.TempDir(), "shot.png")
			chromium(t, pages[name], s.size, s.scale, "--screenshot="+shot)
			b, err := os.ReadFile(shot)
			if err != nil {
				t.Fatal(err)
			}
			right, err := png.Decode(bytes.NewReader(b))
			if err != nil {
				t.Fatal(err)
			}
			both := image.NewRGBA(image.Rect(0, 0, 2*s.size.X, s.size.Y))
			draw.Draw(both, image.Rectangle{Max: s.size}, raster.Image(w.target), image.Point{}, draw.Src)
			draw.Draw(both, image.Rect(s.size.X, 0, 2*s.size.X, s.size.Y), right, image.Point{}, draw.Src)
			if name == "init-root" {
				name = "record"
			}
			savePaletted(t, both, filepath.Join(folder, fmt.Sprintf("%s-%d.png", name, s.size.Y)))
			if name == "record" {
				name = "init-root"
			}
		}
	}
}

// savePaletted writes a small PNG: 64 greys and tints suffice for text.
func savePaletted(t *testing.T, img *image.RGBA, path string) {
	t.Helper()
	count := map[color.RGBA]int{}
	for i := 0; i < len(img.Pix); i += 4 {
		count[color.RGBA{img.Pix[i] &^ 7, img.Pix[i+1] &^ 7, img.Pix[i+2] &^ 7, 255}]++
	}
	var pal color.Palette
	for len(pal) < 128 && len(count) > 0 {
		var best color.RGBA
		most := 0
		for c, n := range count {
			if n > most || n == most && (uint32(c.R)<<16|uint32(c.G)<<8|uint32(c.B)) < (uint32(best.R)<<16|uint32(best.G)<<8|uint32(best.B)) {
				best, most = c, n
			}
		}
		delete(count, best)
		pal = append(pal, color.RGBA{best.R | 4, best.G | 4, best.B | 4, 255})
	}
	out := image.NewPaletted(img.Bounds(), pal)
	draw.Draw(out, out.Bounds(), img, image.Point{}, draw.Src)
	var b bytes.Buffer
	enc := png.Encoder{CompressionLevel: png.BestCompression}
	if err := enc.Encode(&b, out); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}
