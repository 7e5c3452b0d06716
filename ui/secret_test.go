package ui_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"anodize/core/ceremony"
)

// TestNoWordOfAShareIsInTheSemanticTree holds also while the words are drawn: a
// list of what is on a screen may be printed.
func TestNoWordOfAShareIsInTheSemanticTree(t *testing.T) {
	for _, name := range []string{"share", "entryrevealed"} {
		v := byName(t, name)
		h := show(t, sizes[3], v)
		shown := 0
		for _, text := range h.Texts() {
			if slices.Contains(exampleWords, text) {
				t.Errorf("%s: the semantic tree tells %q", name, text)
			}
			if strings.HasSuffix(text, ", shown") {
				shown++
			}
		}
		if shown != len(exampleWords) {
			t.Errorf("%s: %d words are shown, want %d", name, shown, len(exampleWords))
		}
	}
}

func TestWordsThatWereWipedAreGoneFromTheNextFrame(t *testing.T) {
	words := ceremony.NewWords(slices.Clone(exampleWords))
	v := with(base("Init root", 3), "Share 1 of 3", "", ceremony.ShareBody{Words: words}, primary("written", "Written down"))
	h := show(t, sizes[3], &v)
	before := h.Image()
	words.Wipe()
	if _, err := h.Frame(&v); err != nil {
		t.Fatal(err)
	}
	blank := with(base("Init root", 3), "Share 1 of 3", "", ceremony.ShareBody{}, primary("written", "Written down"))
	if bytes.Equal(h.Image().Pix, before.Pix) {
		t.Error("the words are still on the screen")
	}
	if !bytes.Equal(h.Image().Pix, show(t, sizes[3], &blank).Image().Pix) {
		t.Error("something of the words is still on the screen")
	}
}

func TestDotsDoNotTellHowLongAWordIs(t *testing.T) {
	h := show(t, sizes[3], byName(t, "entry"))
	var widths []int
	for _, l := range h.Labels() {
		if strings.HasSuffix(l.Text, ", hidden") {
			widths = append(widths, l.Bounds.Dx())
		}
	}
	if len(widths) != 16 || slices.Min(widths) != slices.Max(widths) {
		t.Errorf("the dots of 16 words are %d pixels wide, want one width", widths)
	}
}
