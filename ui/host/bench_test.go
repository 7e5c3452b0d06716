package host_test

import (
	"testing"

	"anodize/core/ceremony"
	"anodize/devices/evdev"
	"anodize/ui/host"
)

// BenchmarkKeyToPixels types a letter on a text screen: from the key event, through
// the ceremony's answer, to pixels in memory of a dumb buffer's layout, 1920×1080.
func BenchmarkKeyToPixels(b *testing.B) {
	s, h, p := newScreen(1920, 1080), newHands(), &typist{newPlay(textView())}
	done := make(chan error, 1)
	go func() { done <- host.Run(b.Context(), host.Options{Display: s, Input: h}, p) }()
	<-s.frames
	wait := func() {
		for len(<-s.frames) == 0 {
		}
	}
	for b.Loop() {
		h.events <- evdev.Key{Action: evdev.Press, Code: 30, Name: "A", Text: "a"}
		wait() // the letter
		h.events <- evdev.Key{Action: evdev.Release, Code: 30}
	}
	b.StopTimer()
}

// typist is a ceremony that shows what is typed.
type typist struct{ *play }

func (p *typist) Send(_ uint64, e ceremony.Event) bool {
	in, ok := e.(ceremony.Input)
	if !ok {
		return true
	}
	p.mu.Lock()
	v := *p.view
	text := v.Body.(ceremony.TextBody)
	if text.Value += in.Text; len(text.Value) > 40 {
		text.Value = ""
	}
	v.Body = text
	p.view = &v
	p.mu.Unlock()
	select {
	case p.updated <- struct{}{}:
	default:
	}
	return true
}
