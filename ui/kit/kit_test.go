package kit

import (
	"image"
	"image/color"
	"math"
	"testing"

	"gioui.org/layout"
	"gioui.org/op"
	"golang.org/x/image/font/gofont/gomedium"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"
)

// luminance is the relative luminance of WCAG 2.2.
func luminance(c color.NRGBA) float64 {
	lin := func(v uint8) float64 {
		x := float64(v) / 255
		if x <= 0.04045 {
			return x / 12.92
		}
		return math.Pow((x+0.055)/1.055, 2.4)
	}
	return 0.2126*lin(c.R) + 0.7152*lin(c.G) + 0.0722*lin(c.B)
}

func contrast(a, b color.NRGBA) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func TestContrast(t *testing.T) {
	tests := []struct {
		name   string
		ink    color.NRGBA
		least  float64
		papers []color.NRGBA
	}{
		{"ink", Ink, 7, []color.NRGBA{White, Paper, Rail, AmberPaper, OxidePaper, GreenPaper, Halo}},
		{"blue", Blue, 7, []color.NRGBA{White, Paper}},
		{"soft", Soft, 7, []color.NRGBA{White, Paper}},
		{"muted", Muted, 4.5, []color.NRGBA{White, Paper, Rail}},
		{"oxide", Oxide, 4.5, []color.NRGBA{White, Paper, OxidePaper}},
		{"green", Green, 4.5, []color.NRGBA{White, Paper, GreenPaper}},
		{"amber", Amber, 4.5, []color.NRGBA{White, Paper, AmberPaper}},
		{"white on oxide", White, 4.5, []color.NRGBA{Oxide, Green, Amber, Ink}},
		{"on the bar", BarText, 7, []color.NRGBA{Ink}},
		{"words on the bar", BarWord, 7, []color.NRGBA{Ink}},
		{"muted on the bar", BarMuted, 7, []color.NRGBA{Ink}},
		{"amber lamp", LampAmber, 4.5, []color.NRGBA{Ink}},
		{"green lamp", LampGreen, 4.5, []color.NRGBA{Ink}},
		{"grey lamp", LampGrey, 3, []color.NRGBA{Ink}},
		{"what cannot be pressed", Disabled, 3, []color.NRGBA{White, Paper, KeyDim}},
	}
	for _, test := range tests {
		for _, paper := range test.papers {
			if got := contrast(test.ink, paper); got < test.least {
				t.Errorf("%s on %v: contrast %.2f, want at least %.1f", test.name, paper, got, test.least)
			}
		}
	}
}

func TestScaleFollowsTheHeight(t *testing.T) {
	tests := []struct {
		w, h int
		want float32
	}{
		{1920, 1080, 1}, {3840, 2160, 2}, {800, 600, 2.0 / 3}, {1024, 768, 0.783}, {1366, 768, 0.783},
		{640, 480, 0.533}, {1080, 1920, 0.9}, {1, 1, 0.1},
	}
	for _, test := range tests {
		if got := Scale(image.Pt(test.w, test.h)); math.Abs(float64(got-test.want)) > 0.001 {
			t.Errorf("Scale(%d×%d) = %.3f, want %.3f", test.w, test.h, got, test.want)
		}
	}
}

func TestTheFontsHaveTheSignsThatTextsUse(t *testing.T) {
	for name, ttf := range map[string][]byte{
		"regular": goregular.TTF, "medium": gomedium.TTF, "mono": gomono.TTF,
	} {
		f, err := sfnt.Parse(ttf)
		if err != nil {
			t.Fatal(err)
		}
		var buf sfnt.Buffer
		for _, r := range "AZaz09 -.,:;'?!()=/·•…–—×→←↑↓‘’“”éèüöäßçñøåłžČ№" {
			if i, err := f.GlyphIndex(&buf, r); err != nil || i == 0 {
				t.Errorf("Go %s has no %q", name, r)
			}
		}
	}
}

func context(w, h int) layout.Context {
	return layout.Context{Ops: new(op.Ops), Constraints: layout.Exact(image.Pt(w, h))}
}

func TestNoTextIsSmallerThanTheSmallest(t *testing.T) {
	th := NewTheme()
	gtx := th.Fit(context(800, 600))
	for _, gtx := range []layout.Context{gtx, th.Shrink(gtx)} {
		if got := th.px(gtx, SizeSmall); got != 12 {
			t.Errorf("the smallest text has %d pixels, want 12", got)
		}
	}
	if got := th.px(th.Shrink(gtx), SizeText); got >= th.px(gtx, SizeText) {
		t.Errorf("shrunk text has %d pixels, no less than before", got)
	}
}

func TestTextIsWrappedNotCut(t *testing.T) {
	th := NewTheme()
	gtx := th.Fit(context(1920, 1080))
	st := Style{Size: SizeText, Face: Mono}
	const hash = "9f3c71aa04d2be5510c8e4f7a6b3928190ffeeddccbbaa998877665544332211"
	one := th.Measure(gtx, st, hash, 4000)
	for _, width := range []int{one.X - 1, one.X / 2, one.X / 5} {
		got := th.Measure(gtx, st, hash, width)
		if got.X > width {
			t.Errorf("a hash wrapped at %d pixels is %d wide", width, got.X)
		}
		if lines := (one.X + width - 1) / width; got.Y < lines*one.Y*9/10 {
			t.Errorf("a hash wrapped at %d pixels is %d high, less than %d lines of %d", width, got.Y, lines, one.Y)
		}
	}
}

func TestASecretWordIsAsWideAsItsLetters(t *testing.T) {
	th := NewTheme()
	gtx := th.Fit(context(1920, 1080))
	st := Style{Size: SizeText, Face: Mono}
	whole, letters := th.Width(gtx, st, "aircraft"), th.Secret(gtx, st, "aircraft", "").Size.X
	if d := letters - whole; d < 0 || d > len("aircraft") {
		t.Errorf("letter by letter a word has %d pixels, in one piece %d", letters, whole)
	}
}

func TestGroups(t *testing.T) {
	for in, want := range map[string]int{"": 0, "A": 1, "ABCD": 1, "ABCDE": 2, "0123456789ABCDEF": 4} {
		got := Groups(in)
		joined := ""
		for _, g := range got {
			joined += g
		}
		if len(got) != want || joined != in {
			t.Errorf("Groups(%q) = %q", in, got)
		}
	}
}

func TestQRIsNeverTooSmallToScan(t *testing.T) {
	th := NewTheme()
	gtx := th.Fit(context(800, 600))
	const text = "A1B2C3D4E5F60718293A4B5C6D7E8F90112233445566778899AABBCCDDEEFF01"
	if got := th.QR(gtx, text, 10).Size.X; got != th.QRLeast(text) || got != 37*LeastModule {
		t.Errorf("a code squeezed into 10 pixels has %d, want 37 modules of %d", got, LeastModule)
	}
	if got := th.QR(gtx, text, 450).Size.X; got != 37*12 {
		t.Errorf("a code in 450 pixels has %d, want 37 modules of 12", got)
	}
	if got := th.QRLeast(string(make([]byte, 5000))); got != 0 {
		t.Errorf("a text that is no QR code asks for %d pixels", got)
	}
}
