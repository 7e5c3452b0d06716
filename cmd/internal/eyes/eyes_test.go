package eyes

import (
	"image"
	"os"
	"slices"
	"strings"
	"testing"

	"anodize/core/ceremony"
	"anodize/ui"
	"anodize/ui/host"
	"anodize/ui/kit"
)

// picture is a view as a kiosk of that size shows it.
func picture(t *testing.T, size image.Point, v ceremony.View) image.Image {
	t.Helper()
	w := host.NewHeadless(size.X, size.Y, ui.New(kit.NewTheme()))
	for range 2 {
		if _, err := w.Frame(&v); err != nil {
			t.Fatal(err)
		}
	}
	return w.Image()
}

func list(t testing.TB) []string {
	t.Helper()
	all, err := os.ReadFile("../../../core/quorum/words-slip39.txt")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(all))
}

var sizes = []image.Point{{X: 800, Y: 600}, {X: 1920, Y: 1080}}

func TestATitleIsTheOneOnThePicture(t *testing.T) {
	const title = "Share 1 of 3, for Alice Bakery"
	for _, size := range sizes {
		r := New(size, list(t))
		shown := map[string]image.Image{
			"alone":    picture(t, size, ceremony.View{Title: title}),
			"bar":      picture(t, size, ceremony.View{Title: title, CA: "Example", Banner: "DEV", Operation: "Init root", Sentence: "A sentence."}),
			"keyboard": picture(t, size, ceremony.View{Title: title, Body: ceremony.TextBody{Label: "Name"}}),
		}
		for name, p := range shown {
			for other, want := range map[string]bool{title: true, "Share 1 of 3, for Alice": false, "Share 2 of 3, for Alice Bakery": false, "share": false} {
				got, err := r.Title(p, other)
				if err != nil || got != want {
					t.Errorf("%v %s: %q is the title: %t, %v", size, name, other, got, err)
				}
			}
		}
	}
}

func TestWordsAreReadFromTheirCells(t *testing.T) {
	words := list(t)
	for _, size := range sizes {
		v := ceremony.View{Title: "Share 1 of 3", Sentence: "Only Alice looks at this screen.", Note: "Write on the card too.",
			Actions: []ceremony.Action{{ID: "written", Label: "Written down", Key: "Enter", Kind: ceremony.Primary}}}
		want := make([]string, 33)
		for i := range want {
			want[i] = words[(i*31+7)%len(words)]
		}
		shown := v
		shown.CA, shown.Title, shown.Body = "Example Root CA", "Share 2 of 3", ceremony.ShareBody{Words: ceremony.NewWords(slices.Clone(want))}
		r := New(size, words)
		got, err := r.Words(picture(t, size, shown), v, len(want))
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%v: read %q, %v", size, got, err)
		}
		if got, err := r.Words(picture(t, size, v), v, len(want)); err == nil {
			t.Errorf("%v: read %q where there are no words", size, got)
		}
	}
}

func TestAQRCodeIsReadByZbar(t *testing.T) {
	const hex = "A1B2C3D4E5F60718293A4B5C6D7E8F90112233445566778899AABBCCDDEEFF01"
	for _, size := range sizes {
		got, err := QR(picture(t, size, ceremony.View{Title: "Compare", Body: ceremony.FingerprintBody{Of: "SHA-256", Hex: hex, QR: hex}}))
		if err != nil || got != hex {
			t.Errorf("%v: read %q, %v", size, got, err)
		}
		if got, err := QR(picture(t, size, ceremony.View{Title: "Compare"})); err == nil {
			t.Errorf("%v: read %q where there is no code", size, got)
		}
	}
}

func TestANoticeIsTheOneOnThePicture(t *testing.T) {
	n := ceremony.Notice{Kind: ceremony.Danger, Text: "2 sticks are plugged in, SanDisk Ultra 16 GB and sdb: leave one in."}
	for _, size := range sizes {
		r := New(size, list(t))
		p := picture(t, size, ceremony.View{Title: "Put the USB stick in", Sentence: "It carries profile.toml.", CA: "Example", Banner: "DEV", Notice: n,
			Actions: []ceremony.Action{{ID: "again", Label: "Look again", Key: "Enter", Kind: ceremony.Primary}}})
		for other, want := range map[ceremony.Notice]bool{
			n: true, {Kind: ceremony.Caution, Text: n.Text}: false, {Kind: ceremony.Danger, Text: "2 sticks are plugged in, SanDisk Ultra 16 GB and sdc: leave one in."}: false,
		} {
			if got, err := r.Notice(p, other); err != nil || got != want {
				t.Errorf("%v: %+v is on the picture: %t, %v", size, other, got, err)
			}
		}
	}
}

func TestAMessageSaysWhatHappened(t *testing.T) {
	for _, size := range sizes {
		r := New(size, list(t))
		p := picture(t, size, ceremony.View{Title: "The stick did not take the files", Sentence: "Nothing is lost.", CA: "Example",
			Body: ceremony.MessageBody{Happened: "The stick is full.", Certain: []string{"The record is on the disc."}, Do: "Try again."}})
		for what, want := range map[string]bool{"The stick is full.": true, "The stick is not there.": false, "The stick is": false} {
			if got, err := r.Happened(p, what); err != nil || got != want {
				t.Errorf("%v: %q is on the picture: %t, %v", size, what, got, err)
			}
		}
	}
}

func TestAButtonIsFoundWhereItStands(t *testing.T) {
	right := ceremony.Action{ID: "right", Label: "It is right", Key: "Enter", Kind: ceremony.Primary}
	set := ceremony.Action{ID: "set", Label: "Set the clock", Key: "S"}
	for _, size := range sizes {
		r := New(size, list(t))
		p := picture(t, size, ceremony.View{Title: "Is this the time?", Actions: []ceremony.Action{{ID: "shutdown", Label: "Shut down", Key: "F10", Kind: ceremony.Other}, set, right}})
		first, seen, err := r.Button(p, set)
		second, seenToo, errToo := r.Button(p, right)
		if err != nil || errToo != nil || !seen || !seenToo || first.X >= second.X || second.X <= size.X/2 || second.Y < size.Y*3/4 {
			t.Errorf("%v: the buttons are at %v and %v: %v, %v", size, first, second, err, errToo)
		}
		if at, seen, err := r.Button(p, ceremony.Action{ID: "no", Label: "It is wrong", Key: "Esc", Kind: ceremony.Stop}); seen || err != nil {
			t.Errorf("%v: a button that is not there is at %v, %v", size, at, err)
		}
	}
}

func TestAFactIsReadBesideItsName(t *testing.T) {
	health := ceremony.FactGroup{Title: "Health", Facts: []ceremony.Fact{{Name: "Running for", Value: "1m3s"}, {Name: "Memory", Value: "425 of 480 MiB free"}, {Name: "A name that is a long one", Value: "25 of 48"}}}
	few, many := []ceremony.FactGroup{health}, []ceremony.FactGroup{health, {Title: "Drives", Facts: slices.Repeat([]ceremony.Fact{{Name: "Drive", Value: "sr0"}}, 60)}}
	for _, c := range []struct {
		size   image.Point
		groups []ceremony.FactGroup
	}{{sizes[0], few}, {sizes[1], few}, {sizes[0], many}, {sizes[1], many}, {image.Pt(1280, 800), many}} {
		size := c.size
		r := New(size, list(t))
		p := picture(t, size, ceremony.View{Title: "The machine", Body: ceremony.FactsBody{Groups: c.groups}})
		for _, c := range []struct {
			name, want string
			beginnings []string
		}{
			{"Memory", "425 of", []string{"42 of", "25 of", "425 of", "425 of 480"}},
			{"Memory", "425 of 480 MiB free", []string{"425 of 48 MiB", "425 of 480 MiB free"}},
			{"Running for", "1m3s", []string{"2m", "m3s", "1m3s"}},
			{"Memory", "", []string{"1m3s", "25 of 48", "426 of"}},
			{"Power", "", []string{"425 of"}},
		} {
			got, seen, err := r.Fact(p, c.name, slices.Values(c.beginnings))
			if err != nil || got != c.want || seen != (c.want != "") {
				t.Errorf("%v: of %q beside %q it reads %q, %t, %v", size, c.beginnings, c.name, got, seen, err)
			}
		}
	}
}

func TestTheFootSaysWhichWordIsTyped(t *testing.T) {
	for _, size := range []image.Point{{X: 800, Y: 600}, {X: 1024, Y: 768}, {X: 1280, Y: 800}, {X: 1920, Y: 1080}} {
		r := New(size, list(t))
		actions := []ceremony.Action{
			{ID: "clear", Label: "Clear this share", Key: "Esc", Kind: ceremony.Stop}, {ID: "reveal", Label: "Show while held", Key: "F2", Held: true},
			{ID: "next", Label: "Next", Key: "Enter", Kind: ceremony.Primary, Why: "Word 3 of 33"},
		}
		p := picture(t, size, ceremony.View{
			Title: "Enter share 1 of 3: Alice", CA: "Example Root CA", Sentence: "Type the words from the card.",
			Body: ceremony.EntryBody{Total: 33, Accepted: 2, Position: 3, Current: "a", Next: "bcd"}, Actions: actions,
		})
		for word, want := range map[string]bool{"Word 3 of 33": true, "Word 2 of 33": false, "Word 33 of 33": false, "Word 13 of 33": false} {
			asked := slices.Clone(actions)
			asked[2].Why = word
			if got, err := r.Why(p, asked, word); err != nil || got != want {
				t.Errorf("%v: %q is asked for: %t, %v", size, word, got, err)
			}
		}
	}
}
