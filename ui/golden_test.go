package ui_test

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"anodize/core/ceremony"
	"anodize/ui"
	"anodize/ui/host"
	"anodize/ui/kit"
)

var update = flag.Bool("update", false, "keep the pictures as they are drawn now, in testdata/golden")

// golden holds what every screen looks like, so that a change is seen, and is meant:
// the hash of its pixels, and a picture to look at. To keep new ones: make golden.
const golden = "testdata/golden"

// hashesName lists the SHA-256 of each picture's pixels (R, G, B, A from the upper
// left corner): the hash, two spaces, the name. The pictures themselves have the most
// frequent colours only, which makes them a third as large and looks the same.
const hashesName = "hashes.txt"

// keptSizes are the screens that pictures are kept of; of the largest only a hash.
var keptSizes = []image.Point{{800, 600}, {1366, 768}, {1920, 1080}}

var largest = image.Pt(3840, 2160)

// shot is a picture to compare.
type shot struct {
	name string
	kept bool // as a picture, beside its hash
	draw func(t *testing.T) *image.RGBA
}

// shots are all pictures: every ordinary view at every size, and the texts also as a
// finger sees them and with the choice of a keyboard.
func shots() []shot {
	var all []shot
	add := func(name string, v ceremony.View, sizes []image.Point, kept bool, then func(*testing.T, *host.Headless)) {
		for _, size := range sizes {
			all = append(all, shot{fmt.Sprintf("%s-%dx%d", name, size.X, size.Y), kept && size != largest, func(t *testing.T) *image.RGBA {
				s := ui.New(kit.NewTheme())
				s.SetKeyboards([]string{"English (US)", "German"}, nil)
				h := host.NewHeadless(size.X, size.Y, s)
				if _, err := h.Frame(&v); err != nil {
					t.Fatal(err)
				}
				if then != nil {
					then(t, h)
				}
				return h.Image()
			}})
		}
	}
	every := append(slices.Clone(keptSizes), largest)
	for _, f := range append(ordinary(), typed()...) {
		add(f.name, f.view, every, true, nil)
		if _, ok := f.view.Body.(ceremony.PageBody); ok {
			add(f.name+"-find", f.view, keptSizes, true, func(t *testing.T, h *host.Headless) { play(t, h, &f.view, "tap Find; tap s; tap e") })
		}
		switch f.view.Body.(type) {
		case ceremony.TextBody:
			add(f.name+"-touch", f.view, every, true, func(t *testing.T, h *host.Headless) { touch(t, h, &f.view) })
		case ceremony.EntryBody:
			add(f.name+"-keys", f.view, every, true, func(t *testing.T, h *host.Headless) { play(t, h, &f.view, "type a") })
		}
	}
	for _, f := range long() {
		add(f.name, f.view, every, false, nil)
	}
	for name, script := range map[string]string{"help": "key F1", "help-find": "tap Help; tap Find; tap a; tap l"} {
		v := ordinary()[7].view
		add(name, v, keptSizes, true, func(t *testing.T, h *host.Headless) { play(t, h, &v, script) })
	}
	focus := ordinary()[2].view
	add("choices-focus", focus, keptSizes[2:], true, func(t *testing.T, h *host.Headless) { play(t, h, &focus, "key Down; key Down") })
	return all
}

func TestGolden(t *testing.T) {
	hashes := readHashes(t)
	var mu sync.Mutex
	drawn := map[string]string{}
	t.Run("shots", func(t *testing.T) {
		for _, s := range shots() {
			t.Run(s.name, func(t *testing.T) {
				t.Parallel()
				img := s.draw(t)
				hash := fmt.Sprintf("%x", sha256.Sum256(img.Pix))
				mu.Lock()
				drawn[s.name] = hash
				mu.Unlock()
				if *update {
					s.keep(t, img)
				} else {
					s.compare(t, img, hash == hashes[s.name])
				}
			})
		}
	})
	if *update {
		writeHashes(t, drawn)
		return
	}
	for name := range hashes {
		if drawn[name] == "" {
			t.Errorf("%s/%s holds the hash of nothing that is drawn: %s", golden, hashesName, name)
		}
	}
	entries, err := os.ReadDir(golden)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), ".png"); e.Name() != hashesName && (!ok || drawn[name] == "") {
			t.Errorf("%s/%s is a picture of nothing that is drawn", golden, e.Name())
		}
	}
}

func (s shot) path() string { return filepath.Join(golden, s.name+".png") }

// keep makes img what the screen should look like.
func (s shot) keep(t *testing.T, img *image.RGBA) {
	if s.kept {
		writePNG(t, s.path(), reduced(img))
	}
}

// compare fails if the screen looks different, and leaves pictures of it.
func (s shot) compare(t *testing.T, img *image.RGBA, equal bool) {
	if !s.kept {
		if !equal {
			t.Errorf("the picture has changed: it is now %s; only the old one's hash is known", leave(t, s.name+"-new", img))
		}
		return
	}
	old, now := readPNG(t, s.path()), reduced(img)
	if old.Bounds() != now.Bounds() {
		t.Fatalf("the picture has %v, %s has %v", now.Bounds(), s.path(), old.Bounds())
	}
	if !equal || !same(now, old) {
		diff, n := difference(rgba(now), rgba(old))
		t.Errorf("the picture has changed: it is now %s; of %s, %d pixels differ, red in %s",
			leave(t, s.name+"-new", img), s.path(), n, leave(t, s.name+"-diff", diff))
	}
}

// same tells whether a picture that was kept is p: palette and pixels are written
// as they are.
func same(p *image.Paletted, kept image.Image) bool {
	k, ok := kept.(*image.Paletted)
	return ok && bytes.Equal(p.Pix, k.Pix) && slices.EqualFunc(p.Palette, k.Palette, func(a, b color.Color) bool {
		return color.RGBAModel.Convert(a) == color.RGBAModel.Convert(b)
	})
}

// colours is how many a kept picture has.
const colours = 96

// reduced is img in its most frequent colours; every other one is replaced by the
// nearest of those.
func reduced(img *image.RGBA) *image.Paletted {
	count := map[color.RGBA]int{}
	for c, n := range runs(img) {
		count[c] += n
	}
	all := slices.SortedFunc(maps.Keys(count), func(a, b color.RGBA) int {
		return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(number(a), number(b)))
	})
	var palette color.Palette
	for _, c := range all[:min(len(all), colours)] {
		palette = append(palette, c)
	}
	index := map[color.RGBA]uint8{}
	for _, c := range all {
		index[c] = uint8(palette.Index(c))
	}
	p := image.NewPaletted(img.Rect, palette)
	rest := p.Pix
	for c, n := range runs(img) {
		at := index[c]
		for i := range rest[:n] {
			rest[i] = at
		}
		rest = rest[n:]
	}
	return p
}

// runs yields the colours of img from its upper left corner, each with the number of
// pixels that have it one after the other.
func runs(img *image.RGBA) iter.Seq2[color.RGBA, int] {
	return func(yield func(color.RGBA, int) bool) {
		for pix := img.Pix; len(pix) > 0; {
			c, n := pixel(pix), 1
			for 4*n < len(pix) && pixel(pix[4*n:]) == c {
				n++
			}
			if !yield(c, n) {
				return
			}
			pix = pix[4*n:]
		}
	}
}

func pixel(b []uint8) color.RGBA { return color.RGBA{b[0], b[1], b[2], b[3]} }

func number(c color.RGBA) uint32 { return uint32(c.R)<<16 | uint32(c.G)<<8 | uint32(c.B) }

// difference paints what differs red, on a pale picture of the rest.
func difference(now, old *image.RGBA) (*image.RGBA, int) {
	diff, n := image.NewRGBA(now.Bounds()), 0
	for y := range now.Rect.Dy() {
		for x := range now.Rect.Dx() {
			c := now.RGBAAt(x, y)
			if old.RGBAAt(x, y) != c {
				n++
				diff.SetRGBA(x, y, color.RGBA{230, 0, 0, 255})
				continue
			}
			grey := uint8(170 + (int(c.R)+int(c.G)+int(c.B))/9)
			diff.SetRGBA(x, y, color.RGBA{grey, grey, grey, 255})
		}
	}
	return diff, n
}

func readPNG(t *testing.T, path string) image.Image {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatalf("%v: make it with make golden", err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatalf("reading %s: %v", path, err)
	}
	return img
}

func rgba(img image.Image) *image.RGBA {
	r := image.NewRGBA(img.Bounds())
	draw.Draw(r, r.Rect, img, r.Rect.Min, draw.Src)
	return r
}

// leave writes a picture where it outlives the test, and returns its path.
func leave(t *testing.T, name string, img *image.RGBA) string {
	t.Helper()
	dir := filepath.Join(os.TempDir(), "anodize-golden")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, name+".png")
	writePNG(t, path, img)
	return path
}

func writePNG(t *testing.T, path string, img image.Image) {
	t.Helper()
	var b bytes.Buffer
	enc := png.Encoder{CompressionLevel: png.BestCompression}
	if err := enc.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
}

func readHashes(t *testing.T) map[string]string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(golden, hashesName))
	if err != nil && !*update {
		t.Fatalf("%v: make it with make golden", err)
	}
	hashes := map[string]string{}
	for line := range strings.Lines(string(data)) {
		hash, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		hashes[name] = hash
	}
	return hashes
}

func writeHashes(t *testing.T, hashes map[string]string) {
	t.Helper()
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(hashes)) {
		fmt.Fprintf(&b, "%s  %s\n", hashes[name], name)
	}
	if err := os.WriteFile(filepath.Join(golden, hashesName), []byte(b.String()), 0o666); err != nil {
		t.Fatal(err)
	}
}
