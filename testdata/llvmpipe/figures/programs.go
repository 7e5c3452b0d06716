package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// used is what a run of a program took.
type used struct{ processor, elapsed time.Duration }

// workshop builds and runs the project's programs in a folder of its own.
type workshop struct{ root, folder string }

// build builds a package of the module in the folder from; the program is named after
// its package.
func (w workshop) build(from, pkg string, args ...string) error {
	args = append([]string{"build", "-o", w.folder + "/"}, args...)
	cmd := exec.Command("go", append(args, pkg)...)
	cmd.Dir = filepath.Join(w.root, from)
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building %s: %w\n%s", pkg, err, output)
	}
	return nil
}

// run runs a program that was built, and returns what it wrote.
func (w workshop) run(program string, args ...string) (string, used, error) {
	cmd := exec.Command(filepath.Join(w.folder, program), args...)
	cmd.Dir = w.root
	cmd.Stderr = os.Stderr
	start := time.Now()
	output, err := cmd.Output()
	if err != nil {
		return "", used{}, fmt.Errorf("running %v: %w\n%s", cmd.Args, err, output)
	}
	u := used{cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), time.Since(start)}
	return string(output), u, nil
}

// repeat runs a program several times, and prints a row of the table of programs.
func (w workshop) repeat(what string, count int, program string, args ...string) error {
	var processor, elapsed []time.Duration
	for range count {
		_, u, err := w.run(program, args...)
		if err != nil {
			return err
		}
		processor, elapsed = append(processor, u.processor), append(elapsed, u.elapsed)
	}
	fmt.Printf("| %s | %s | %s |\n", what, middle(processor), middle(elapsed))
	return nil
}

// middle writes the median and the least.
func middle(d []time.Duration) string {
	slices.Sort(d)
	const to = 10 * time.Millisecond
	return fmt.Sprintf("%v (%v)", d[len(d)/2].Round(to), d[0].Round(to))
}

// programs measures the rehearsal, and the check of the disc that it leaves.
func (w workshop) programs(count int) error {
	out := filepath.Join(w.folder, "rehearsal")
	fmt.Print("## Programs\n\nMedian (least).\n\n| program | processor time | elapsed |\n| --- | --- | --- |\n")
	if err := w.repeat("the default rehearsal, `anodize-rehearsal -display png`", count, "anodize-rehearsal", "-display", "png", "-out", out); err != nil {
		return err
	}
	if err := w.repeat("checking its disc, `anodize-validate disc.img`", count, "anodize-validate", filepath.Join(out, "disc.img")); err != nil {
		return err
	}
	fmt.Println()
	return nil
}

// memory prints the most memory that a process held which only paints frames.
func (w workshop) memory() error {
	fmt.Print("## Memory\n\nThe most that a process held which lays out and paints 200 frames of the screen “fingerprint” and does nothing else (VmHWM).\n\n| size | memory |\n| --- | --- |\n")
	for _, size := range []string{"1920x1080", "3840x2160"} {
		peak, _, err := w.run("paint", "-size", size)
		if err != nil {
			return err
		}
		fmt.Printf("| %s | %s |\n", size, strings.TrimSpace(peak))
	}
	fmt.Println()
	return nil
}
