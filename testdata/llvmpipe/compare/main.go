// Command compare paints the same lists of Gio's operations with ui/raster and with
// Gio's own GPU renderer, and prints what both take and how far their pictures are
// from each other. Which driver Gio's renderer gets is the environment's choice: for
// Mesa's llvmpipe, EGL_PLATFORM=surfaceless LIBGL_ALWAYS_SOFTWARE=1. Build it with
// -tags novulkan.
//
// Usage: compare [-rounds N] [-pictures DIR]
package main

import (
	"errors"
	"flag"
	"fmt"
	"image"
	"image/png"
	"log"
	"os"
	"path/filepath"
	"strings"
	"time"

	"anodize/llvmpipe/screen"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("compare: ")
	rounds := flag.Int("rounds", 10, "rounds of frames to measure")
	pictures := flag.String("pictures", "", "directory for both pictures of every screen, and where they differ")
	flag.Parse()
	if err := run(max(1, *rounds), *pictures); err != nil {
		log.Fatal(err)
	}
}

// trial is a page, and whether to find out what its pixels should be.
type trial struct {
	name  string
	page  *screen.Page
	finer bool
}

func run(rounds int, pictures string) error {
	for _, t := range []trial{
		{"fingerprint", screen.Fingerprint(image.Pt(1920, 1080)), true},
		{"findings", screen.Findings(image.Pt(1920, 1080)), true},
		{"fingerprint", screen.Fingerprint(image.Pt(3840, 2160)), false},
	} {
		if err := t.run(rounds, pictures); err != nil {
			return fmt.Errorf("screen %s at %v: %w", t.name, t.page.Size(), err)
		}
	}
	return nil
}

func (t *trial) run(rounds int, pictures string) error {
	size := t.page.Size()
	us := newOurs(size)
	them, err := newGios(size)
	if err != nil {
		return err
	}
	defer them.close()
	rows, err := measure(t.page, us, them, rounds)
	if err != nil {
		return err
	}
	fmt.Printf("### Screen “%s”, %d × %d\n\n", t.name, size.X, size.Y)
	report(rows, layoutTime(t.page, 20*rounds))
	return t.judge(us, them, pictures)
}

// judge compares the pictures, with each other and with a finer one.
func (t *trial) judge(us, them renderer, pictures string) error {
	a, b, err := both(t.page, us, them)
	if err != nil {
		return err
	}
	fmt.Printf("| pictures | largest difference | mean |")
	for _, s := range steps {
		fmt.Printf(" over %d |", s)
	}
	fmt.Printf("\n| --- | --- | --- |%s\n", strings.Repeat(" --- |", len(steps)))
	saved := map[string]image.Image{"ours": a, "gios": b, "difference": show(a, b)}
	if err := reportDifference("ours and Gio's", a, b); err != nil {
		return err
	}
	if t.finer {
		f, err := oversample(t.page)
		if err != nil {
			return err
		}
		saved["finer"], saved["finer-difference"] = f, show(a, f)
		if err := errors.Join(reportDifference("ours and the finer one", a, f), reportDifference("Gio's and the finer one", b, f)); err != nil {
			return err
		}
	}
	fmt.Println()
	return t.save(pictures, saved)
}

func (t *trial) save(dir string, pictures map[string]image.Image) error {
	if dir == "" {
		return nil
	}
	var errs []error
	for what, img := range pictures {
		errs = append(errs, save(filepath.Join(dir, fmt.Sprintf("%s-%d-%s.png", t.name, t.page.Size().Y, what)), img))
	}
	return errors.Join(errs...)
}

func report(rows []row, laidOut sample) {
	fmt.Println("Milliseconds: median (least). The factor is that of the medians, all cores.")
	fmt.Println()
	fmt.Println("| | ours, 1 core | ours, all cores | Gio's | factor | processor time, ours, 1 core | Gio's |")
	fmt.Println("| --- | --- | --- | --- | --- | --- | --- |")
	for i := range rows {
		r := &rows[i]
		fmt.Printf("| %s | %s | %s | %s | %.0f | %s | %s |\n", r.kind, times(r.one), times(r.all), times(r.theirs),
			float64(r.theirs.median())/float64(r.all.median()), ms(r.one.perFrame()), ms(r.theirs.perFrame()))
	}
	fmt.Printf("| laying the screen out | | %s | the same | | %s | |\n\n", times(laidOut), ms(laidOut.perFrame()))
}

// reportDifference prints a row: levels of 255, and pixels in per cent.
func reportDifference(what string, a, b *image.RGBA) error {
	d, err := compare(a, b)
	if err != nil {
		return err
	}
	fmt.Printf("| %s | %d, at %d,%d | %.4f |", what, d.largest, d.at.X, d.at.Y, d.mean)
	for _, n := range d.over {
		fmt.Printf(" %.3f %% |", 100*float64(n)/float64(d.pixels))
	}
	fmt.Println()
	return nil
}

func times(s sample) string { return fmt.Sprintf("%s (%s)", ms(s.median()), ms(s.least())) }

// ms writes d in milliseconds to three figures.
func ms(d time.Duration) string {
	v := float64(d) / float64(time.Millisecond)
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	case v >= 1:
		return fmt.Sprintf("%.2f", v)
	default:
		return fmt.Sprintf("%.3f", v)
	}
}

func save(path string, img image.Image) error {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("saving a picture: %w", err)
	}
	if err := errors.Join(png.Encode(f, img), f.Close()); err != nil {
		return fmt.Errorf("saving a picture to %s: %w", path, err)
	}
	return nil
}
