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
