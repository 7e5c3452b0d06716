package ui_test

import (
	"reflect"
	"testing"

	"anodize/core/ceremony"
	"anodize/ui"
	"anodize/ui/html"
)

func TestLettersWithAccentsAreTypedByTouchAlone(t *testing.T) {
	for _, size := range sizes {
		v := byName(t, "text")
		h := show(t, size, v)
		touch(t, h, v)
		accent := func(script string) []ceremony.Event {
			if h.HasText("Digits, signs and accents") { // where four rows have no room
				play(t, h, v, "tap Digits, signs and accents")
			}
			return play(t, h, v, "tap Letters with accents; "+script)
		}
		for _, test := range []struct {
			script string
			want   []ceremony.Event
		}{
			{"tap e; tap é", []ceremony.Event{input("é")}},
			{"tap Shift; tap A; tap Å; tap Shift", []ceremony.Event{input("Å")}},
			{"tap s; tap ß", []ceremony.Event{input("ß")}},
			{"tap o; tap Back to letters; tap o", []ceremony.Event{input("o")}},
			{"tap Shift; tap I; tap İ; tap Shift; tap i", []ceremony.Event{input("İ"), input("i")}},
		} {
			if got := accent(test.script); !reflect.DeepEqual(got, test.want) {
				t.Errorf("%v, %s: got %v, want %v", size, test.script, got, test.want)
			}
		}
		checkLabels(t, h, size)
		accent("tap a")
		checkLabels(t, h, size)
	}
}

// What cannot be drawn would be a key without a face.
func TestEveryAccentHasAGlyph(t *testing.T) {
	page, err := html.Parse([]byte(`<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>x</title></head><body><p><code>` +
		ui.Accents() + `</code></p></body></html>`))
	if err != nil {
		t.Fatal(err)
	}
	if missing := page.Missing(); missing != "" {
		t.Errorf("keys without a glyph: %s", missing)
	}
}
