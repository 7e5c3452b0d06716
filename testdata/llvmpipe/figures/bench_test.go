package main

import (
	"slices"
	"testing"
)

const output = `goos: linux
pkg: anodize/core/disc
BenchmarkStreamSession-2   	      30	  38335000 ns/op	28030.00 MB/s	   63210 B/op	     194 allocs/op
BenchmarkStreamSession-2   	      30	  40000000 ns/op	26000.00 MB/s	   63210 B/op	     194 allocs/op
BenchmarkSign   	    1650	    723649 ns/op	    531249 own-ns/op
PASS
ok  	anodize/core/disc	14.446s
`

func TestFiguresAreReadFromWhatGoTestWrites(t *testing.T) {
	f := new(figures)
	if err := f.add([]byte(output)); err != nil {
		t.Fatal(err)
	}
	var rows [][3]string
	for _, k := range f.order {
		rows = append(rows, [3]string{k.what(), k.shown(f.median(k)), k.shown(f.best(k))})
	}
	want := [][3]string{
		{"StreamSession-2", "40ms", "38.335ms"},
		{"StreamSession-2", "28030 MB/s", "28030 MB/s"},
		{"Sign", "723.649µs", "723.649µs"},
		{"Sign, own", "531.249µs", "531.249µs"},
	}
	if !slices.Equal(rows, want) {
		t.Errorf("read %q\nnot  %q", rows, want)
	}
}

func TestAFigureThatIsNoNumberIsAnError(t *testing.T) {
	if err := new(figures).add([]byte("BenchmarkSign 100 fast ns/op\n")); err == nil {
		t.Error("“fast” was taken for a number")
	}
}
