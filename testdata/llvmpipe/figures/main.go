// Command figures measures all that docs/performance.md tells, and prints it as
// Markdown: frames beside Gio's GPU renderer on Mesa's llvmpipe, memory, programs, and
// the benchmarks of the packages. It takes some minutes; nothing else should run.
//
// Usage, in testdata/llvmpipe: go run ./figures [-count N] [-pictures DIR]
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("figures: ")
	count := flag.Int("count", 5, "runs of each benchmark and program")
	pictures := flag.String("pictures", "", "directory for the pictures that are compared")
	flag.Parse()
	if err := measure(max(1, *count), *pictures); err != nil {
		log.Fatal(err)
	}
}

func measure(count int, pictures string) error {
	root, err := filepath.Abs("../..")
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "anodize-figures-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	w := workshop{root: root, folder: folder}
	if err := w.buildAll(); err != nil {
		return err
	}
	machine()
	if err := w.frames(2*count, pictures); err != nil {
		return err
	}
	for _, part := range []func() error{w.memory, func() error { return w.programs(count) }, func() error { return w.benchmarks(count) }} {
		if err := part(); err != nil {
			return err
		}
	}
	fmt.Println("Load average at the end:", loadAverage())
	return nil
}

// buildAll builds what is measured as it is shipped, without C, and the comparison with
// it.
func (w workshop) buildAll() error {
	os.Setenv("CGO_ENABLED", "0")
	for _, b := range [][2]string{{".", "./cmd/anodize-rehearsal"}, {".", "./cmd/anodize-validate"}, {"testdata/llvmpipe", "./paint"}} {
		if err := w.build(b[0], b[1]); err != nil {
			return err
		}
	}
	os.Setenv("CGO_ENABLED", "1")
	return w.build("testdata/llvmpipe", "./compare", "-tags", "novulkan")
}

// frames runs the comparison on Mesa's software renderer, without a window system.
func (w workshop) frames(rounds int, pictures string) error {
	os.Setenv("EGL_PLATFORM", "surfaceless")
	os.Setenv("LIBGL_ALWAYS_SOFTWARE", "1")
	args := []string{"-rounds", fmt.Sprint(rounds)}
	if pictures != "" {
		path, err := filepath.Abs(pictures)
		if err != nil {
			return err
		}
		args = append(args, "-pictures", path)
	}
	text, _, err := w.run("compare", args...)
	if err != nil {
		return err
	}
	fmt.Printf("## Frames\n\n%s", text)
	return nil
}

func (w workshop) benchmarks(count int) error {
	all, err := rounds(w.root, w.folder, count)
	if err != nil {
		return err
	}
	fmt.Printf("## Benchmarks\n\nOf %d runs. A name that ends in -2 ran on two cores, any other on one.\n\n| package | benchmark | median | best |\n| --- | --- | --- | --- |\n", count)
	for i, s := range suites {
		f := &all[i]
		for _, key := range f.order {
			fmt.Printf("| %s | %s | %s | %s |\n", filepath.Join(s.folder, s.pkg), key.what(), key.shown(f.median(key)), key.shown(f.best(key)))
		}
	}
	fmt.Println()
	return nil
}

// machine prints what the figures depend on.
func machine() {
	fmt.Print("## Machine\n\n")
	fmt.Printf("- %s, %d cores\n", processor(), runtime.NumCPU())
	fmt.Println("-", runtime.Version())
	if mesa, err := exec.Command("dpkg-query", "-W", "-f", "${Package} ${Version}", "libgl1-mesa-dri").Output(); err == nil {
		fmt.Printf("- %s\n", mesa)
	}
	fmt.Printf("- load average before: %s\n\n", loadAverage())
}

func processor() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

// loadAverage is the number of processes that wanted a core in the last minute.
func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	first, _, _ := strings.Cut(string(text), " ")
	return first
}
