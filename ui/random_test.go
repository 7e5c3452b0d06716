package ui_test

import (
	"image"
	"testing"
	"time"

	"anodize/core/ceremony"
	"anodize/ui"
	"anodize/ui/host"
	"anodize/ui/kit"

	"pgregory.net/rapid"
)

// words draws a text: mostly short, sometimes long, sometimes of strange runes.
func words(t *rapid.T, label string) string {
	return rapid.OneOf(
		rapid.Just(""),
		rapid.StringMatching(`[A-Za-z0-9 .,'-]{0,40}`),
		rapid.StringOfN(rapid.Rune(), 0, 30, -1),
	).Draw(t, label)
}

func some[T any](t *rapid.T, label string, one func() T) []T {
	var all []T
	for range rapid.IntRange(0, 12).Draw(t, label) {
		all = append(all, one())
	}
	return all
}

func anyChoice(t *rapid.T) func() ceremony.Choice {
	return func() ceremony.Choice {
		return ceremony.Choice{Label: words(t, "label"), Detail: words(t, "detail"), Why: words(t, "why")}
	}
}

func anyFact(t *rapid.T) func() ceremony.Fact {
	return func() ceremony.Fact {
		return ceremony.Fact{Name: words(t, "name"), Value: words(t, "value"), Mono: rapid.Bool().Draw(t, "mono")}
	}
}

func anyBody(t *rapid.T) ceremony.Body {
	text := func() string { return words(t, "text") }
	number := func(label string) int { return rapid.IntRange(-2, 40).Draw(t, label) }
	flag := func() bool { return rapid.Bool().Draw(t, "flag") }
	state := func() ceremony.PhaseState { return ceremony.PhaseState(rapid.IntRange(0, 4).Draw(t, "state")) }
	switch rapid.IntRange(0, 13).Draw(t, "body") {
	case 0:
		return ceremony.ClockBody{Time: time.Unix(rapid.Int64().Draw(t, "time"), 0)}
	case 1:
		return ceremony.TextBody{Label: text(), Value: text(), Hint: text(), Wrong: flag(), Mono: flag(), Numeric: flag(), Listed: some(t, "listed", text)}
	case 2:
		return ceremony.FactsBody{Groups: some(t, "groups", func() ceremony.FactGroup {
			return ceremony.FactGroup{Title: text(), Facts: some(t, "facts", anyFact(t))}
		})}
	case 3:
		return ceremony.ChoicesBody{Choices: some(t, "choices", anyChoice(t)), First: number("first")}
	case 4:
		return ceremony.MenuBody{Cards: some(t, "cards", anyChoice(t))}
	case 5:
		return ceremony.StepsBody{Steps: some(t, "steps", func() ceremony.WorkStep {
			return ceremony.WorkStep{Label: text(), State: state(), Detail: text(), Fraction: rapid.Float64().Draw(t, "fraction")}
		})}
	case 6:
		return ceremony.ShareHiddenBody{Custodian: text(), Index: number("index"), Total: number("total"), Seen: some(t, "seen", flag)}
	case 7:
		return ceremony.ShareBody{Words: ceremony.NewWords(some(t, "words", text))}
	case 8:
		return ceremony.EntryBody{Total: number("total"), Accepted: number("accepted"), Position: number("position"), Current: text(),
			Next: text(), Candidates: some(t, "candidates", text), Suspect: number("suspect"), Wrong: text(),
			Revealed: ceremony.NewWords(some(t, "words", text))}
	case 9:
		return ceremony.FingerprintBody{Of: text(), Hex: text(), QR: text(), Facts: some(t, "facts", anyFact(t))}
	case 10:
		return ceremony.FindingsBody{Findings: some(t, "findings", func() ceremony.Finding {
			return ceremony.Finding{Level: text(), Check: text(), What: text()}
		})}
	case 11:
		return ceremony.MessageBody{Happened: text(), Certain: some(t, "certain", text), Do: text()}
	case 12:
		return ceremony.PageBody{HTML: rapid.SampledFrom([][]byte{nil, []byte("no page"), exampleRecord()}).Draw(t, "page")}
	}
	return nil
}

func anyView(t *rapid.T) *ceremony.View {
	text := func() string { return words(t, "text") }
	v := &ceremony.View{
		Screen: rapid.Uint64Range(0, 2).Draw(t, "screen"),
		CA:     text(), Banner: text(), Operation: text(), Title: text(), Sentence: text(), Note: text(),
		LogHead: text(), TreeHead: text(), Body: anyBody(t),
		Notice: ceremony.Notice{Kind: ceremony.NoticeKind(rapid.IntRange(0, 3).Draw(t, "kind")), Text: text()},
		HSM:    ceremony.Lamp{State: ceremony.LampState(rapid.IntRange(0, 3).Draw(t, "lamp")), Word: text()},
	}
	for range rapid.IntRange(0, 3).Draw(t, "actions") {
		v.Actions = append(v.Actions, ceremony.Action{ID: text(), Label: text(), Key: text(), Why: text(),
			Kind: ceremony.ActionKind(rapid.IntRange(0, 3).Draw(t, "kind")), Held: rapid.Bool().Draw(t, "held")})
	}
	return v
}

// TestNoViewAndNoInputPanics draws what no ceremony would show, on screens that
// no machine has, while somebody hammers on it.
func TestNoViewAndNoInputPanics(t *testing.T) {
	th := kit.NewTheme()
	rapid.Check(t, func(t *rapid.T) {
		w, h := rapid.IntRange(1, 900).Draw(t, "width"), rapid.IntRange(1, 700).Draw(t, "height")
		win := host.NewHeadless(w, h, ui.New(th))
		for range rapid.IntRange(1, 3).Draw(t, "frames") {
			v := anyView(t)
			if _, err := win.Frame(v); err != nil {
				t.Fatal(err)
			}
			for range rapid.IntRange(0, 5).Draw(t, "inputs") {
				hammer(t, win, image.Pt(w, h))
			}
			events, err := win.Frame(v)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range events {
				if e.Screen != v.Screen || e.Event == nil {
					t.Fatalf("event %+v on screen %d", e, v.Screen)
				}
				allowed(t, v, e.Event)
			}
		}
	})
}

// hammer queues one random input.
func hammer(t *rapid.T, win *host.Headless, size image.Point) {
	at := func(label string) image.Point {
		return image.Pt(rapid.IntRange(0, size.X).Draw(t, label+" x"), rapid.IntRange(0, size.Y).Draw(t, label+" y"))
	}
	switch rapid.IntRange(0, 3).Draw(t, "input") {
	case 0:
		p := at("tap")
		win.Drag(p, p)
	case 1:
		win.Drag(at("from"), at("to"))
	case 2:
		win.Wheel(at("wheel"), rapid.IntRange(-500, 500).Draw(t, "turn"))
	default:
		name := rapid.SampledFrom([]string{"Enter", "Esc", "Tab", "Up", "Down", "Left", "Right", "PageUp", "PageDown",
			"Home", "End", "Backspace", "Space", "F1", "F2", "F3", "1", "9", "a", "é"}).Draw(t, "key")
		if err := win.Key(name, 0); err != nil {
			t.Fatal(err)
		}
	}
}

// allowed fails for an event that the view does not allow.
func allowed(t *rapid.T, v *ceremony.View, e ceremony.Event) {
	switch e := e.(type) {
	case ceremony.Press:
		for _, a := range v.Actions {
			if a.ID == e.Action && a.Why == "" && !a.Held {
				return
			}
		}
	case ceremony.Hold:
		for _, a := range v.Actions {
			if a.ID == e.Action && a.Held {
				return
			}
		}
	case ceremony.Pick:
		var c []ceremony.Choice
		switch b := v.Body.(type) {
		case ceremony.ChoicesBody:
			c = b.Choices
		case ceremony.MenuBody:
			c = b.Cards
		}
		if e.Index >= 0 && e.Index < len(c) && c[e.Index].Why == "" {
			return
		}
	case ceremony.PickWord, ceremony.Input, ceremony.Erase:
		switch v.Body.(type) {
		case ceremony.TextBody, ceremony.EntryBody:
			return
		}
	}
	t.Fatalf("%T %+v is not allowed on %+v", e, e, v)
}
