package main

import (
	"testing"
	"time"
)

func TestTheImagesTimeIsTheOneItWasBuiltWith(t *testing.T) {
	defer func(was string) { built = was }(built)
	want := time.Date(2026, 11, 22, 11, 17, 22, 0, time.UTC)
	for _, c := range []struct {
		why, built string
		want       time.Time
		ok         bool
	}{
		{"a program in no image", "", time.Time{}, true},
		{"as the image's builder writes it", want.Format(time.RFC3339), want, true},
		{"what is no time", "yesterday", time.Time{}, false},
	} {
		built = c.built
		if got, err := builtAt(); (err == nil) != c.ok || err == nil && !got.Equal(c.want) {
			t.Errorf("%s: %v, %v", c.why, got, err)
		}
	}
}
