package ui_test

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"reflect"
	"strings"
	"testing"

	"anodize/core/ceremony"
	"anodize/ui"
	"anodize/ui/host"
	"anodize/ui/kit"
)

// byName returns the view of a fixture.
func byName(t testing.TB, name string) *ceremony.View {
	t.Helper()
	for _, f := range fixtures() {
		if f.name == name {
			return &f.view
		}
	}
	t.Fatalf("there is no fixture %q", name)
	return nil
}

// play does what a script says, a verb a line, and returns the events.
func play(t testing.TB, h *host.Headless, v *ceremony.View, script string) []ceremony.Event {
	t.Helper()
	var got []ceremony.Event
	for _, l := range strings.Split(script, ";") {
		verb, arg, _ := strings.Cut(strings.TrimSpace(l), " ")
		var err error
		switch verb {
		case "tap":
			err = h.Tap(arg)
		case "press":
			err = h.Press(arg)
		case "release":
			h.Release()
		case "key":
			err = h.Key(arg, 0)
		case "down":
			err = h.KeyDown(arg, 0)
		case "up":
			err = h.KeyUp(arg, 0)
		case "type":
			err = h.Type(arg)
		default:
			t.Fatalf("no verb %q", verb)
		}
		if err != nil {
			t.Fatal(err)
		}
		events, err := h.Frame(v)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			if e.Screen != v.Screen {
				t.Errorf("%s: an event of screen %d, shown is %d", l, e.Screen, v.Screen)
			}
			got = append(got, e.Event)
		}
	}
	return got
}

func press(id string) ceremony.Event   { return ceremony.Press{Action: id} }
func pick(i int) ceremony.Event        { return ceremony.Pick{Index: i} }
func input(text string) ceremony.Event { return ceremony.Input{Text: text} }

func TestWhatPeopleDoBecomesEvents(t *testing.T) {
	erase := ceremony.Erase{}
	tests := []struct {
		view, script string
		want         []ceremony.Event
	}{
		{"clock", "tap It is right", []ceremony.Event{press("right")}},
		{"clock", "key Enter", []ceremony.Event{press("right")}},
		{"clock", "key s", []ceremony.Event{press("set")}},
		{"clock", "key S", []ceremony.Event{press("set")}},
		{"clock", "key x; key 1; key Backspace; type zz", nil},
		{"facts", "tap Stop here", []ceremony.Event{press("stop")}},
		{"facts", "key Esc", []ceremony.Event{press("stop")}},
		{"choices", "tap INTCA2.CSR", []ceremony.Event{pick(1)}},
		{"choices", "key 1", []ceremony.Event{pick(0)}},
		{"choices", "key 3", nil}, // a weak key cannot be picked
		{"choices", "key 4; key 0", nil},
		{"choices", "key Down; key Enter", []ceremony.Event{pick(0)}},
		{"choices", "key Down; key Down; key Enter", []ceremony.Event{pick(1)}},
		{"choices", "key Down; key Down; key Down; key Enter", []ceremony.Event{press("back")}},
		{"choices", "key Enter", nil}, // nothing was focused and nothing is to do
		{"longchoices", "key 1", nil}, // more than nine: numbers are no keys
		{"longchoices", "key End; key Up; key Up; key Up; key Enter", []ceremony.Event{pick(13)}},
		{"menu", "tap Issue CRL", []ceremony.Event{pick(1)}},
		{"menu", "key 8", []ceremony.Event{pick(7)}},
		{"menu", "key 9", nil},
		{"menu", "key F10", []ceremony.Event{press("off")}},
		{"menu", "key Down; key Right; key Down; key Enter", []ceremony.Event{pick(4)}},
		{"menu", "key Tab; key Tab; key Enter", []ceremony.Event{pick(1)}},
		{"steps", "key Enter; key Esc", nil},
		{"sharehidden", "tap Show my share", []ceremony.Event{press("show")}},
		{"share", "key Enter", []ceremony.Event{press("written")}},
		{"fingerprint", "key Enter", []ceremony.Event{press("same")}},
		{"fingerprint", "key Tab; key Enter", []ceremony.Event{press("differs")}},
		{"fingerprint", "tap It differs", []ceremony.Event{press("differs")}},
		{"findings", "tap Back to the menu", []ceremony.Event{press("menu")}},
		{"message", "key m", []ceremony.Event{press("migrate")}},
		{"text", "type Al S", []ceremony.Event{input("A"), input("l"), input(" "), input("S")}},
		{"text", "key Backspace", []ceremony.Event{erase}},
		{"text", "key F2; key Esc; key Enter", []ceremony.Event{press("enough"), press("stop"), press("add")}},
		{"text", "tap Who is custodian 3?; tap a; tap Shift; tap B; tap space; tap Backspace",
			[]ceremony.Event{input("a"), input("B"), input(" "), erase}},
		{"textwrong", "tap What time is it?; tap 7; tap :; tap -", []ceremony.Event{input("7"), input(":"), input("-")}},
		{"textwrong", "key Enter", nil},
		{"entry", "type q", []ceremony.Event{input("q")}},
		{"entry", "tap q", []ceremony.Event{input("q")}},
		{"entry", "tap acrobat", []ceremony.Event{ceremony.PickWord{Word: "acrobat"}}},
		{"entry", "tap Backspace; key Backspace", []ceremony.Event{erase, erase}},
		{"entry", "key Enter", nil},
		{"entry", "key Down; key Enter", []ceremony.Event{ceremony.PickWord{Word: "academic"}}},
		{"entry", "down F2; up F2", []ceremony.Event{
			ceremony.Hold{Action: "reveal", Down: true}, ceremony.Hold{Action: "reveal", Down: false}}},
		{"entry", "press Show while held; release", []ceremony.Event{
			ceremony.Hold{Action: "reveal", Down: true}, ceremony.Hold{Action: "reveal", Down: false}}},
		{"entry", "down F2; down F2; down F2", []ceremony.Event{ceremony.Hold{Action: "reveal", Down: true}}},
		{"entryrevealed", "key F3", []ceremony.Event{press("redo")}},
	}
	for _, test := range tests {
		t.Run(test.view+"/"+test.script, func(t *testing.T) {
			for _, size := range []image.Point{sizes[3], sizes[0]} {
				v := byName(t, test.view)
				got := play(t, show(t, size, v), v, test.script)
				if !reflect.DeepEqual(got, test.want) {
					t.Errorf("%v: got %v, want %v", size, got, test.want)
				}
			}
		})
	}
}

func TestAKeyThatIsHeldPressesOnce(t *testing.T) {
	v := byName(t, "fingerprint")
	got := play(t, show(t, sizes[3], v), v, "down Enter; down Enter; down Enter; up Enter; down Enter")
	if want := []ceremony.Event{press("same"), press("same")}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestAnEventBelongsToTheScreenThatWasSeen(t *testing.T) {
	first, second := *byName(t, "clock"), *byName(t, "fingerprint")
	second.Screen = first.Screen + 1
	for _, do := range []func(*host.Headless) error{
		func(h *host.Headless) error { return h.Tap("It is right") },
		func(h *host.Headless) error { return h.Key("Enter", 0) },
	} {
		h := show(t, sizes[3], &first)
		if err := do(h); err != nil {
			t.Fatal(err)
		}
		got, err := h.Frame(&second)
		if err != nil {
			t.Fatal(err)
		}
		want := []ui.Event{{Screen: first.Screen, Event: press("right")}}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	}
}

func TestAFingerDownOnOneScreenPressesNothingOnTheNext(t *testing.T) {
	first, second := *byName(t, "fingerprint"), *byName(t, "fingerprint")
	second.Screen++
	h := show(t, sizes[3], &first)
	if err := h.Press("The same"); err != nil {
		t.Fatal(err)
	}
	for _, v := range []*ceremony.View{&first, &second} {
		if _, err := h.Frame(v); err != nil {
			t.Fatal(err)
		}
	}
	if got := play(t, h, &second, "release"); len(got) != 0 {
		t.Errorf("got %v, want nothing", got)
	}
}

func TestWhatIsHeldIsLetGoWhenTheScreenChanges(t *testing.T) {
	first, second := *byName(t, "entry"), *byName(t, "clock")
	second.Screen++
	for _, do := range []string{"down F2", "press Show while held"} {
		h := show(t, sizes[3], &first)
		play(t, h, &first, do)
		got, err := h.Frame(&second)
		if err != nil {
			t.Fatal(err)
		}
		want := []ui.Event{{Screen: first.Screen, Event: ceremony.Hold{Action: "reveal", Down: false}}}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %v, want %v", do, got, want)
		}
	}
}

func TestListsScrollByFingerWheelAndKeys(t *testing.T) {
	const lastChecked = "More above"
	for _, name := range []string{"longfacts", "longchoices", "longmenu", "longfindings", "longmessage"} {
		v := byName(t, name)
		middle := image.Pt(400, 300)
		for how, do := range map[string]func(*host.Headless) error{
			"finger":   func(h *host.Headless) error { h.Drag(middle, middle.Sub(image.Pt(0, 150))); return nil },
			"wheel":    func(h *host.Headless) error { h.Wheel(middle, 120); return nil },
			"PageDown": func(h *host.Headless) error { return h.Key("PageDown", 0) },
			"End":      func(h *host.Headless) error { return h.Key("End", 0) },
		} {
			h := show(t, sizes[0], v)
			if h.HasText(lastChecked) || !h.HasText("More below") {
				t.Errorf("%s: it does not begin at the top of something longer", name)
			}
			if err := do(h); err != nil {
				t.Fatal(err)
			}
			got, err := h.Frame(v)
			if err != nil {
				t.Fatal(err)
			}
			if len(got) != 0 {
				t.Errorf("%s: %s sent %v", name, how, got)
			}
			if !h.HasText(lastChecked) {
				t.Errorf("%s: %s does not scroll", name, how)
			}
			if how == "End" && h.HasText("More below") {
				t.Errorf("%s: End does not go to the end", name)
			}
		}
	}
}

func TestTheFocusDoesNotHoldTheScrollBar(t *testing.T) {
	v := byName(t, "longchoices")
	h := show(t, sizes[0], v)
	play(t, h, v, "key Down; key Down")
	h.Wheel(image.Pt(400, 300), 2000)
	play(t, h, v, "key F12")
	if h.HasText("More below") {
		t.Error("the list goes back to what is focused")
	}
	play(t, h, v, "key Down")
	if !h.HasText("EXAMPLE-ISSUING-CA-REQUEST-2026-04-25-TRY-3.CSR") {
		t.Error("the focus moves out of sight")
	}
}

func TestABodyIsMadeSmallerBeforeItScrolls(t *testing.T) {
	for _, name := range []string{"facts", "fingerprint", "steps", "entry", "entryrevealed", "longentry", "longshare", "longsharehidden", "message"} {
		for _, size := range sizes[1:] {
			if show(t, size, byName(t, name)).HasText("More below") {
				t.Errorf("%s scrolls at %v", name, size)
			}
		}
	}
	for _, name := range []string{"fingerprint", "steps", "entry", "entryrevealed", "longentry", "share", "longshare", "longsharehidden", "menu", "message"} {
		if show(t, sizes[0], byName(t, name)).HasText("More below") {
			t.Errorf("%s scrolls at %v", name, sizes[0])
		}
	}
}

func TestAnActionThatGoesAwayWhileHeldIsLetGo(t *testing.T) {
	v := *byName(t, "entry")
	h := show(t, sizes[3], &v)
	play(t, h, &v, "down F2")
	v.Actions = v.Actions[:1]
	if got, want := play(t, h, &v, "key F12"), []ceremony.Event{ceremony.Hold{Action: "reveal"}}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestTappingSaysWhyItCannot(t *testing.T) {
	v := byName(t, "textwrong")
	h := show(t, sizes[0], v)
	var disabled *host.DisabledError
	if err := h.Tap("Set the clock"); !errors.As(err, &disabled) || disabled.Why != "The time is not complete" {
		t.Errorf("tapping a disabled button: %v", err)
	}
	var missing *host.NotFoundError
	if err := h.Tap("Nothing"); !errors.As(err, &missing) || !strings.Contains(fmt.Sprint(err), `"Leave it"`) {
		t.Errorf("tapping what is not there: %v", err)
	}
	h = show(t, sizes[0], byName(t, "longchoices"))
	var hidden *host.HiddenError
	if err := h.Tap("EXAMPLE-ISSUING-CA-REQUEST-2026-04-25-TRY-14.CSR"); !errors.As(err, &hidden) {
		t.Errorf("tapping what is scrolled away: %v", err)
	}
	if err := h.Key("Hyper", 0); err == nil {
		t.Error("there is no key Hyper")
	}
	if got, err := h.Frame(v); err != nil || len(got) != 0 {
		t.Errorf("what could not be done sent %v, %v", got, err)
	}
}

func TestDigitsAndSignsAreTypedByTouchAlone(t *testing.T) {
	for _, size := range sizes {
		v := byName(t, "text")
		h := show(t, size, v)
		touch(t, h, v)
		if h.HasText("Digits, signs and accents") { // where four rows have no room
			play(t, h, v, "tap Digits, signs and accents")
		}
		got := play(t, h, v, "tap '; tap -; tap 7; tap .; tap space; tap Backspace")
		if want := []ceremony.Event{input("'"), input("-"), input("7"), input("."), input(" "), ceremony.Erase{}}; !reflect.DeepEqual(got, want) {
			t.Errorf("%v: got %v, want %v", size, got, want)
		}
		if h.HasText("Back to letters") {
			play(t, h, v, "tap Back to letters")
		}
		if got := play(t, h, v, "tap z"); !reflect.DeepEqual(got, []ceremony.Event{input("z")}) {
			t.Errorf("%v: the letters do not come back: %v", size, got)
		}
	}
}

func TestTheKeyboardForWordsGoesForARealOneAndComesBackForAFinger(t *testing.T) {
	for _, size := range []image.Point{sizes[0], sizes[3]} {
		v := byName(t, "entry")
		h := show(t, size, v)
		if !h.HasText("Backspace") {
			t.Errorf("%v: no keyboard shows at first", size)
		}
		play(t, h, v, "type a")
		if h.HasText("Backspace") {
			t.Errorf("%v: a keyboard shows though there is one", size)
		}
		touch(t, h, v)
		if !h.HasText("Backspace") {
			t.Errorf("%v: no keyboard shows for a finger", size)
		}
	}
}

func TestNothingMovesUnderAFinger(t *testing.T) {
	for _, size := range sizes {
		v := byName(t, "entry")
		h := show(t, size, v)
		play(t, h, v, "type a")
		if got := play(t, h, v, "press acrobat; release"); !reflect.DeepEqual(got, []ceremony.Event{ceremony.PickWord{Word: "acrobat"}}) {
			t.Errorf("%v: a word touched where no keyboard was gave %v", size, got)
		}
	}
}

func TestAKeyboardLayoutIsOfferedWhereTextIsTyped(t *testing.T) {
	for _, f := range fixtures() {
		var chosen []int
		s := ui.New(kit.NewTheme())
		s.SetKeyboards([]string{"One", "Two", "Three"}, func(i int) { chosen = append(chosen, i) })
		h := host.NewHeadless(sizes[0].X, sizes[0].Y, s)
		if _, err := h.Frame(&f.view); err != nil {
			t.Fatal(err)
		}
		before := len(play(t, h, &f.view, "key F9; key F9"))
		typed := false
		switch f.view.Body.(type) {
		case ceremony.TextBody, ceremony.EntryBody:
			typed = true
			play(t, h, &f.view, "type a; press Keyboard: Three; release; key Tab; key Enter")
		}
		switch {
		case before != 0:
			t.Errorf("%s: choosing a layout sent an event", f.name)
		case typed && !reflect.DeepEqual(chosen, []int{1, 2, 0, 1}):
			t.Errorf("%s: chosen were %v", f.name, chosen)
		case !typed && (chosen != nil || h.HasText("Keyboard: One")):
			t.Errorf("%s: a layout is offered where nothing is typed", f.name)
		}
	}
}

func TestAKeyboardShowsForATextOnlyOnceAFingerWasUsed(t *testing.T) {
	v := byName(t, "text")
	h := show(t, sizes[3], v)
	play(t, h, v, "type a")
	if h.HasText("Shift") {
		t.Error("a keyboard shows though there is one")
	}
	touch(t, h, v)
	if !h.HasText("Shift") {
		t.Error("no keyboard shows after a touch")
	}
	play(t, h, v, "type a")
	if h.HasText("Shift") {
		t.Error("the keyboard stays although there is a real one")
	}
}

func TestTheKeyOfAChoiceIsTheNumberBesideIt(t *testing.T) {
	pick := func(i int) ceremony.Event { return ceremony.Pick{Index: i} }
	for name, c := range map[string]struct {
		first, choices int
		key            string
		want           []ceremony.Event
	}{
		"numbered from one":                   {0, 3, "1", []ceremony.Event{pick(0)}},
		"numbered from two, so there is no 1": {2, 3, "1", nil},
		"the choice that is called two":       {2, 3, "2", []ceremony.Event{pick(0)}},
		"the last one":                        {2, 3, "4", []ceremony.Event{pick(2)}},
		"beyond the last one":                 {2, 3, "5", nil},
		"eight choices up to 9":               {2, 8, "9", []ceremony.Event{pick(7)}},
		"up to 10, which is no key":           {2, 9, "2", nil},
	} {
		b := ceremony.ChoicesBody{First: c.first}
		for i := range c.choices {
			b.Choices = append(b.Choices, ceremony.Choice{Label: fmt.Sprint("Any ", i+2)})
		}
		v := with(base("Init root", 1), "How many?", "", b)
		h := show(t, sizes[0], &v)
		if got := play(t, h, &v, "key "+c.key); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
		if last := fmt.Sprint(b.Number(c.choices - 1)); h.HasText("Any "+fmt.Sprint(c.choices+1)) && !h.HasText(last) {
			t.Errorf("%s: the last choice does not show its number, %s", name, last)
		}
	}
}

// Of a long list only what is in sight is laid out; nothing of it is missing for that.
func TestEveryFindingIsSeenWhileAListIsScrolled(t *testing.T) {
	for _, size := range sizes {
		v := with(base("Validate disc", 0), "The disc is sound", "", nil, primary("menu", "Back to the menu"))
		var b ceremony.FindingsBody
		for i := range 200 {
			b.Findings = append(b.Findings, ceremony.Finding{Level: "PASS", Check: "check", What: fmt.Sprintf("finding %d", i)})
		}
		v.Body = b
		h := show(t, size, &v)
		before := h.Image()
		play(t, h, &v, "key F12")
		if !bytes.Equal(h.Image().Pix, before.Pix) {
			t.Errorf("%v: the second frame differs from the first", size)
		}
		seen, laid := map[string]bool{}, 0
		for range 200 {
			n := 0
			for _, l := range h.Labels() {
				if strings.HasPrefix(l.Text, "finding ") {
					n++
					seen[l.Text] = seen[l.Text] || l.Whole()
				}
			}
			laid = max(laid, n)
			if !h.HasText("More below") {
				break
			}
			play(t, h, &v, "key Down")
		}
		missing := 0
		for _, f := range b.Findings {
			if !seen[f.What] {
				missing++
			}
		}
		if missing > 0 || laid > 100 {
			t.Errorf("%v: %d findings are never seen, %d are laid out at once", size, missing, laid)
		}
	}
}
