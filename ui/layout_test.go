package ui_test

import (
	"fmt"
	"image"
	"slices"
	"strings"
	"testing"

	"anodize/core/ceremony"
	"anodize/ui"
	"anodize/ui/host"
	"anodize/ui/kit"
)

// grown is r with slack pixels at each side: the advance of a glyph is not its
// ink.
const slack = 2

func near(a, b image.Rectangle) bool { return a.In(b.Inset(-slack)) }

func TestNothingIsCutOrOverlapsOnAnyScreen(t *testing.T) {
	for _, size := range sizes {
		for _, f := range fixtures() {
			t.Run(fmt.Sprintf("%dx%d/%s", size.X, size.Y, f.name), func(t *testing.T) {
				t.Parallel()
				s := ui.New(kit.NewTheme())
				s.SetKeyboards([]string{"English (US)", "English (UK)"}, nil)
				h := host.NewHeadless(size.X, size.Y, s)
				if _, err := h.Frame(&f.view); err != nil {
					t.Fatal(err)
				}
				checkLabels(t, h, size)
				switch f.view.Body.(type) {
				case ceremony.TextBody:
					touch(t, h, &f.view)
					checkLabels(t, h, size)
				case ceremony.EntryBody:
					play(t, h, &f.view, "type a")
					checkLabels(t, h, size)
				}
				if err := h.Key("PageDown", 0); err != nil {
					t.Fatal(err)
				}
				if _, err := h.Frame(&f.view); err != nil {
					t.Fatal(err)
				}
				checkLabels(t, h, size)
			})
		}
	}
}

// checkLabels fails for a text outside the window or the button that it is on,
// for texts or buttons that overlap, and for buttons too small to touch.
func checkLabels(t *testing.T, h *host.Headless, size image.Point) {
	t.Helper()
	window := image.Rectangle{Max: size}
	labels := h.Labels()
	if len(labels) < 10 {
		t.Fatalf("only %d labels are on the screen", len(labels))
	}
	least := max(64, int(64*kit.Scale(size)))
	for i, a := range labels {
		if a.Seen.Empty() {
			continue // scrolled away
		}
		if a.Bounds.Empty() {
			t.Errorf("%q has no extent", a.Text)
		}
		if !near(a.Bounds, image.Rect(window.Min.X, a.Bounds.Min.Y, window.Max.X, a.Bounds.Max.Y)) {
			t.Errorf("%q at %v leaves the window sideways", a.Text, a.Bounds)
		}
		if a.Seen.Dx() < a.Bounds.Dx() {
			t.Errorf("%q is cut sideways: %v of %v are seen", a.Text, a.Seen, a.Bounds)
		}
		if a.Button && !link(labels, a) && (a.Bounds.Dy() < least || a.Bounds.Dx() < least) {
			t.Errorf("button %q at %v is smaller than %d pixels", a.Text, a.Bounds, least)
		}
		for _, b := range labels[i+1:] {
			checkPair(t, a, b)
		}
	}
}

// link tells whether a button is a text of a page that leads somewhere. Such a text
// answers to a finger near it, too.
func link(labels []host.Label, b host.Label) bool {
	return slices.ContainsFunc(labels, func(l host.Label) bool { return on(b, l) })
}

// on tells whether b is a link within the line l.
func on(b, l host.Label) bool {
	return b.Button && !l.Button && b.Bounds.In(l.Bounds) && strings.Contains(l.Text, b.Text)
}

func checkPair(t *testing.T, a, b host.Label) {
	t.Helper()
	over := a.Seen.Intersect(b.Seen)
	if over.Dx() <= slack || over.Dy() <= slack {
		return
	}
	switch {
	case on(a, b) || on(b, a):
	case a.Button && !b.Button:
		if !near(b.Bounds, a.Bounds) {
			t.Errorf("%q at %v stands out of the button %q at %v", b.Text, b.Bounds, a.Text, a.Bounds)
		}
	case a.Button != b.Button:
		t.Errorf("button %q at %v lies over %q at %v", b.Text, b.Bounds, a.Text, a.Bounds)
	default:
		t.Errorf("%q at %v overlaps %q at %v", a.Text, a.Bounds, b.Text, b.Bounds)
	}
}

func TestEverythingThatAViewSaysIsSomewhereOnTheScreen(t *testing.T) {
	v := with(base("Sign CSR", 2), "A title", "A sentence.", factsBody(), stop("stop", "Stop here"),
		notYet(primary("go", "Go on"), "Because of this"))
	v.Note = "A note"
	v = noticed(v, ceremony.Good, "A notice")
	for _, size := range sizes {
		h := show(t, size, &v)
		said := map[string]bool{}
		for _, l := range h.Labels() {
			said[l.Text] = true
		}
		for _, want := range []string{"Anodize", v.CA, v.Banner, v.HSM.Word, v.Disc.Word, v.Stick.Word, "14:31:22 UTC",
			v.Operation, "Preflight", "Export", "Log head, 14 records", "9f3c 71aa 04d2", "Tree head", "c41b 5e90 77f6",
			v.Title, v.Sentence, v.Note, v.Notice.Text, "Stop here", "Esc", "Go on", "Enter", "Because of this",
			"Certificate", "Serial", "5d11 8c02 77e0 9b41 c6aa 301f"} {
			if !said[want] {
				t.Errorf("%v: %q is missing", size, want)
			}
		}
	}
}

func TestAnUnconfirmedClockSaysSo(t *testing.T) {
	v := ordinary()[0].view
	if h := show(t, sizes[3], &v); h.HasText("unconfirmed") {
		t.Error("a confirmed clock is called unconfirmed")
	}
	v.ClockConfirmed = false
	if h := show(t, sizes[3], &v); !h.HasText("unconfirmed") {
		t.Error("an unconfirmed clock is not called so")
	}
}

func TestTroubleIsToldOnEveryScreenAndCoversNothing(t *testing.T) {
	const trouble = "A keyboard, mouse or touchscreen cannot be used (taking /dev/input/event7 for this program alone: device or resource busy, and 2 more). Take another one."
	for _, size := range []image.Point{sizes[0], sizes[3]} {
		for _, f := range append(ordinary()[5:8], typed()...) {
			s := ui.New(kit.NewTheme())
			s.SetTrouble(trouble)
			h := host.NewHeadless(size.X, size.Y, s)
			for _, script := range []string{"key F12", "key F1"} {
				play(t, h, &f.view, script)
				if !h.HasText(trouble) {
					t.Errorf("%s at %v, %s: the trouble is not told", f.name, size, script)
				}
				checkLabels(t, h, size)
			}
		}
	}
}

func TestHeadsAreGoneWhileAShareIsInTheOpen(t *testing.T) {
	for _, f := range ordinary() {
		h := show(t, sizes[3], &f.view)
		if got, want := h.HasText("9f3c 71aa 04d2"), f.name != "share"; got != want {
			t.Errorf("%s: the log's head is on the screen: %v, want %v", f.name, got, want)
		}
	}
}

// A finger needs twelve millimetres, where it is known how many pixels they are.
func TestWhatCanBeTouchedHasTwelveMillimetres(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		size, mm image.Point
		least    int // pixels
	}{
		{"14 inches, 1920×1080", image.Pt(1920, 1080), image.Pt(310, 174), 75},
		{"13.3 inches, 3840×2160", image.Pt(3840, 2160), image.Pt(294, 165), 158},
		{"8.4 inches, 800×600", image.Pt(800, 600), image.Pt(171, 128), 57},
		{"10.1 inches, 1280×800", image.Pt(1280, 800), image.Pt(217, 136), 71},
		{"a projector that has no size", image.Pt(1366, 768), image.Pt(16, 9), 64},
	} {
		s := ui.New(kit.NewTheme())
		s.SetPanel(test.mm)
		for _, f := range fixtures() {
			h := host.NewHeadless(test.size.X, test.size.Y, s)
			if _, err := h.Frame(&f.view); err != nil {
				t.Fatal(err)
			}
			labels := h.Labels()
			for _, l := range labels {
				if l.Button && !link(labels, l) && !l.Seen.Empty() && l.Bounds.Dy() < test.least {
					t.Errorf("%s, %s: %q is %d pixels high, not %d", test.name, f.name, l.Text, l.Bounds.Dy(), test.least)
				}
			}
		}
	}
}
