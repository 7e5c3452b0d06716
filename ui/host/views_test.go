package host_test

import (
	"bytes"
	"fmt"
	"image"
	"testing"
	"time"

	"anodize/core/ceremony"
	"anodize/devices/evdev"
	"anodize/ui"
	"anodize/ui/host"
	"anodize/ui/kit"
)

func base(body ceremony.Body, actions ...ceremony.Action) ceremony.View {
	v := ceremony.View{
		Screen: 3, CA: "Example Root CA", Banner: "REHEARSAL", ClockConfirmed: true,
		HSM:  ceremony.Lamp{State: ceremony.There, Word: "HSM 0034332673"},
		Now:  time.Date(2026, 4, 25, 14, 31, 22, 0, time.UTC),
		Body: body, Title: "A question", Sentence: "A sentence.", Actions: actions,
	}
	for i, n := range []string{"Preflight", "Plan", "Commit", "Quorum", "Execute", "Record", "Export"} {
		v.Phases[i].Name = n
	}
	return v
}

func textView() ceremony.View {
	return base(ceremony.TextBody{Label: "Name", Value: "Ann"},
		ceremony.Action{ID: "stop", Label: "Stop here", Key: "Esc", Kind: ceremony.Stop},
		ceremony.Action{ID: "go", Label: "Go on", Key: "Enter", Kind: ceremony.Primary})
}

func heldView() ceremony.View {
	return base(ceremony.MessageBody{Happened: "Something."},
		ceremony.Action{ID: "show", Label: "Show while held", Key: "F2", Held: true})
}

// listView is longer than any screen.
func listView() ceremony.View {
	var b ceremony.ChoicesBody
	for i := range 60 {
		b.Choices = append(b.Choices, ceremony.Choice{Label: fmt.Sprintf("Choice %d", i+1)})
	}
	return base(b, ceremony.Action{ID: "back", Label: "Back", Key: "Esc", Kind: ceremony.Stop})
}

// titles are the keyboard layouts for people, in order.
func titles(t *testing.T) []string {
	t.Helper()
	var ts []string
	for _, name := range evdev.LayoutNames() {
		l, err := evdev.LayoutNamed(name)
		if err != nil {
			t.Fatal(err)
		}
		ts = append(ts, l.Title())
	}
	return ts
}

// beside is a window that nobody sees, of the same size and with the same choices as a
// kiosk's: what it draws is what the kiosk should show.
func beside(t *testing.T, w, h int, v ceremony.View) *host.Headless {
	t.Helper()
	s := ui.New(kit.NewTheme())
	s.SetKeyboards(titles(t), nil)
	b := host.NewHeadless(w, h, s)
	if _, err := b.Frame(&v); err != nil {
		t.Fatal(err)
	}
	return b
}

// middle is where a label is, in fractions of the screen.
func middle(t *testing.T, b *host.Headless, label string) (x, y float32) {
	t.Helper()
	size := b.Image().Bounds().Size()
	for _, l := range b.Labels() {
		if l.Text == label {
			mid := l.Bounds.Min.Add(l.Bounds.Max).Div(2)
			return float32(mid.X) / float32(size.X), float32(mid.Y) / float32(size.Y)
		}
	}
	t.Fatalf("%q is not on the screen: %q", label, b.Texts())
	return 0, 0
}

func mustEqual(t *testing.T, got, want *image.RGBA) {
	t.Helper()
	if got.Bounds() != want.Bounds() {
		t.Fatalf("the picture has %v, not %v", got.Bounds(), want.Bounds())
	}
	if bytes.Equal(got.Pix, want.Pix) {
		return
	}
	var all image.Rectangle
	for i := 0; i < len(got.Pix); i += 4 {
		if !bytes.Equal(got.Pix[i:i+4], want.Pix[i:i+4]) {
			x, y := i%got.Stride/4, i/got.Stride
			all = all.Union(image.Rect(x, y, x+1, y+1))
		}
	}
	t.Fatalf("the picture differs within %v", all)
}
