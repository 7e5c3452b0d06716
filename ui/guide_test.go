package ui_test

import (
	"bytes"
	"fmt"
	"image"
	"reflect"
	"slices"
	"strings"
	"testing"

	"anodize/core/ceremony"
	"anodize/ui"
	"anodize/ui/host"
	"anodize/ui/kit"
)

const anyKeys = "key Enter; key 1; key 3; key 9; type sxm; key Backspace; key Tab; key Enter; key Up; key Left; key F10; key F2; key F3; type al; key Enter; key Esc"

func TestKeysInTheHelpNeverReachTheCeremony(t *testing.T) {
	t.Parallel()
	for i, f := range append(ordinary()[:6], typed()...) {
		for _, size := range sizes[i%3:][:1] {
			h := show(t, size, &f.view)
			if got := play(t, h, &f.view, "key F1; "+anyKeys); len(got) > 0 {
				t.Errorf("%s at %v: keys in the help sent %v", f.name, size, got)
			}
			if !h.HasText("Keys act in the help alone") {
				t.Fatalf("%s at %v: the help is closed by a key that is not for that", f.name, size)
			}
			if got := play(t, h, &f.view, "key Esc"); len(got) > 0 || h.HasText("Keys act in the help alone") {
				t.Errorf("%s at %v: closing the help sent %v", f.name, size, got)
			}
		}
	}
}

// A key that is held down closes the help once, and does nothing more.
func TestAKeyThatClosedTheHelpIsNotHeardUntilItIsPressedAgain(t *testing.T) {
	v := byName(t, "text")
	for _, closing := range []string{"Esc", "F1"} {
		h := show(t, sizes[0], v)
		if got := play(t, h, v, "key F1; down "+closing+"; down "+closing+"; down "+closing+"; type a; up "+closing); len(got) > 0 {
			t.Errorf("%s: what was held sent %v", closing, got)
		}
		if h.HasText("Keys act in the help alone") {
			t.Errorf("%s: the help is open", closing)
		}
		if got, want := play(t, h, v, "key Esc; type a"), []ceremony.Event{press("stop"), input("a")}; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: afterwards keys send %v, not %v", closing, got, want)
		}
	}
}

func TestTheHelpIsThePageOfTheStepAndTheRunbookAtIt(t *testing.T) {
	v := byName(t, "fingerprint")
	for _, size := range sizes {
		h := show(t, size, v)
		play(t, h, v, "tap Help")
		if !h.HasText("The fingerprint is the SHA-256") {
			t.Errorf("%v: the page is not shown: %q", size, h.Texts())
		}
		play(t, h, v, "tap Whole runbook")
		if !h.HasText("The fingerprint of the root certificate") {
			t.Errorf("%v: the runbook is not at the step: %q", size, h.Texts())
		}
		play(t, h, v, "key F2")
		if !h.HasText("The fingerprint is the SHA-256") {
			t.Errorf("%v: the page does not come back", size)
		}
		play(t, h, v, "tap Close")
		if h.HasText("The fingerprint is the SHA-256") || !h.HasText("Compare the fingerprint") {
			t.Errorf("%v: the help does not close", size)
		}
	}
}

// A runbook that belongs to no screen is opened from the menu's page, by a finger
// or by keys.
func TestLinksInTheHelpLeadToOtherPages(t *testing.T) {
	v := byName(t, "menu")
	for _, size := range sizes {
		for _, open := range []string{"key End; tap A certificate must not be trusted any more", "key Tab; key Tab; key Tab; key Tab; key Tab; key Tab; key Enter"} {
			h := show(t, size, v)
			if got := play(t, h, v, "key F1; "+open); len(got) > 0 {
				t.Errorf("%v: a link sent %v", size, got)
			}
			if !h.HasText("“Issue CRL” signs an empty list.") {
				t.Errorf("%v: %s: the runbook is not shown: %q", size, open, h.Texts())
			}
			play(t, h, v, "tap This step")
			if !h.HasText("What the ceremony is for") {
				t.Errorf("%v: the page of the step does not come back: %q", size, h.Texts())
			}
		}
	}
}

func TestTheCeremonyStaysBesideTheHelpWhereThereIsRoom(t *testing.T) {
	v := byName(t, "fingerprint")
	for _, size := range sizes {
		h := show(t, size, v)
		play(t, h, v, "key F1")
		beside := slices.Contains(h.Texts(), "Compare the fingerprint")
		if want := size.X >= 1366; beside != want {
			t.Errorf("%v: the screen is drawn beside the help: %v", size, beside)
		}
		if !h.HasText("14:31:22 UTC") || !h.HasText("REHEARSAL") {
			t.Errorf("%v: the top bar is covered", size)
		}
		if !beside {
			continue
		}
		if got, want := play(t, h, v, "tap The same"), []ceremony.Event{press("same")}; !reflect.DeepEqual(got, want) {
			t.Errorf("%v: a finger on the ceremony's side sent %v, not %v", size, got, want)
		}
	}
}

func TestTheHelpSaysThatTheCeremonyHasMovedOn(t *testing.T) {
	for _, size := range []image.Point{sizes[0], sizes[3]} {
		v := *byName(t, "fingerprint")
		h := show(t, size, &v)
		play(t, h, &v, "key F1")
		next := *byName(t, "message")
		next.Screen = v.Screen + 1
		if got := play(t, h, &next, "key F12; key Enter"); len(got) > 0 {
			t.Errorf("%v: a key sent %v", size, got)
		}
		if !h.HasText("The ceremony has moved on. It shows: The burn failed") || !h.HasText("The fingerprint is the SHA-256") {
			t.Errorf("%v: it does not tell, or the page has changed: %q", size, h.Texts())
		}
		play(t, h, &next, "tap Its page")
		if h.HasText("has moved on") || h.HasText("The fingerprint is the SHA-256") {
			t.Errorf("%v: the page of the new screen is not shown: %q", size, h.Texts())
		}
	}
}

// However the help is opened, what it is drawn with holds nothing of a share.
func TestNoWordOfAShareIsSeenWithTheHelp(t *testing.T) {
	for _, size := range sizes {
		picture := func(words []string, name string) *image.RGBA {
			v := *byName(t, name)
			switch b := v.Body.(type) {
			case ceremony.ShareBody:
				b.Words = ceremony.NewWords(slices.Clone(words))
				v.Body = b
			case ceremony.EntryBody:
				b.Revealed, b.Suspect = ceremony.NewWords(slices.Clone(words)), 0
				v.Body = b
			}
			h := show(t, size, &v)
			play(t, h, &v, "key F1; key F2")
			for _, l := range h.Labels() {
				if strings.HasSuffix(l.Text, ", shown") {
					t.Errorf("%s at %v: %q is on the screen", name, size, l.Text)
				}
			}
			return h.Image()
		}
		other := slices.Clone(exampleWords)
		slices.Reverse(other)
		for _, name := range []string{"share", "entryrevealed"} {
			if !bytes.Equal(picture(exampleWords, name).Pix, picture(other, name).Pix) {
				t.Errorf("%s at %v: the picture with the help depends on the words", name, size)
			}
		}
	}
}

func TestWhatIsHeldIsLetGoWhenTheHelpOpens(t *testing.T) {
	v := byName(t, "entry")
	h := show(t, sizes[3], v)
	want := []ceremony.Event{ceremony.Hold{Action: "reveal", Down: true}, ceremony.Hold{Action: "reveal"}}
	if got := play(t, h, v, "down F2; key F1; up F2"); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestTheFocusIsWhereItWasWhenTheHelpCloses(t *testing.T) {
	v := byName(t, "choices")
	for _, size := range []image.Point{sizes[0], sizes[3]} {
		h := show(t, size, v)
		if got, want := play(t, h, v, "key Down; key Down; key F1; key Down; key Esc; key Enter"), []ceremony.Event{pick(1)}; !reflect.DeepEqual(got, want) {
			t.Errorf("%v: got %v, want %v", size, got, want)
		}
	}
}

func TestAPageIsSearchedByTouchAlone(t *testing.T) {
	v := byName(t, "entry")
	for _, size := range sizes {
		h := show(t, size, v)
		got := play(t, h, v, "tap Help; tap Whole runbook; tap Find; tap q; tap Backspace; tap s; tap e; tap a; tap l")
		if len(got) > 0 {
			t.Fatalf("%v: letters of a search sent %v", size, got)
		}
		if !h.HasText("Find: seal_") {
			t.Errorf("%v: the letters are not looked for: %q", size, h.Texts())
		}
		play(t, h, v, "tap Next place; tap Next place")
		if !h.HasText("Find: seal") || h.HasText("Backspace") && !h.HasText("Enter share 1 of 2") {
			t.Errorf("%v: the keys do not make way for what was found: %q", size, h.Texts())
		}
		play(t, h, v, "tap End the search; tap Close")
		if h.HasText("Find") {
			t.Errorf("%v: the search does not end", size)
		}
	}
}

func TestARecordIsSearchedByTouchAlone(t *testing.T) {
	v := byName(t, "page")
	for _, size := range sizes {
		h := show(t, size, v)
		if got := play(t, h, v, "tap Find; tap q; tap Backspace; tap s; tap e; tap r; tap i"); len(got) > 0 {
			t.Fatalf("%v: letters of a search sent %v", size, got)
		}
		if !h.HasText("Find: seri_") || h.HasText("Go back") {
			t.Errorf("%v: the letters are not looked for: %q", size, h.Texts())
		}
		checkLabels(t, h, size)
		if got := play(t, h, v, "tap Next place; tap Next place"); len(got) > 0 || !h.HasText("Find: seri") || h.HasText("Backspace") {
			t.Errorf("%v: the keys do not make way for what was found, or sent %v: %q", size, got, h.Texts())
		}
		if got := play(t, h, v, "tap End the search"); len(got) > 0 || h.HasText("Find: ") || !h.HasText("Go back") {
			t.Errorf("%v: the search does not end, or sent %v: %q", size, got, h.Texts())
		}
		if got, want := play(t, h, v, "tap Go back"), []ceremony.Event{press("back")}; !reflect.DeepEqual(got, want) {
			t.Errorf("%v: got %v, want %v", size, got, want)
		}
	}
}

func TestNothingIsCutOrOverlapsInTheHelp(t *testing.T) {
	for _, size := range sizes {
		for _, f := range append(ordinary()[6:], long()[0]) {
			t.Run(fmt.Sprintf("%dx%d/%s", size.X, size.Y, f.name), func(t *testing.T) {
				t.Parallel()
				h := host.NewHeadless(size.X, size.Y, ui.New(kit.NewTheme()))
				if _, err := h.Frame(&f.view); err != nil {
					t.Fatal(err)
				}
				for _, script := range []string{"key F1", "key F2", "tap Find"} {
					play(t, h, &f.view, script)
					checkLabels(t, h, size)
				}
			})
		}
	}
}

func TestARecordIsReadByTouchAndKeys(t *testing.T) {
	v := byName(t, "page")
	for _, size := range []image.Point{sizes[0], sizes[3]} {
		h := show(t, size, v)
		if !h.HasText("Record of a ceremony") {
			t.Errorf("%v: the record is not shown: %q", size, h.Texts())
		}
		if got := play(t, h, v, "key PageDown; key Down; key Space"); len(got) > 0 || h.HasText("Record of a ceremony") {
			t.Errorf("%v: keys do not scroll, or sent %v", size, got)
		}
		if got := play(t, h, v, "key F3; type witness; key Enter; key Esc"); len(got) > 0 {
			t.Errorf("%v: a search sent %v", size, got)
		}
		play(t, h, v, "key Home")
		h.Drag(image.Pt(size.X/2, size.Y*3/4), image.Pt(size.X/2, size.Y/3))
		play(t, h, v, "key F12")
		if h.HasText("Record of a ceremony") {
			t.Errorf("%v: a finger does not scroll", size)
		}
		if got, want := play(t, h, v, "key Esc; key Enter; tap Go back"), []ceremony.Event{press("back"), press("back"), press("back")}; !reflect.DeepEqual(got, want) {
			t.Errorf("%v: got %v, want %v", size, got, want)
		}
	}
}

func TestAPageThatCannotBeDrawnSaysWhy(t *testing.T) {
	v := *byName(t, "page")
	v.Body = ceremony.PageBody{HTML: []byte("<script>")}
	if h := show(t, sizes[0], &v); !h.HasText("This page cannot be drawn: line 1: ") {
		t.Errorf("it says %q", h.Texts())
	}
}
