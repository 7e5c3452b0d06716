package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// suite is benchmarks of one package, and the number of cores to run them on.
type suite struct {
	folder, pkg, bench string // the module's folder, a package in it, a pattern
	cores              int
}

var suites = []suite{
	{"ui/raster", ".", "Full|Cold|SmallChange|Unchanged", 1},
	{"ui/raster", ".", "Full|Cold|SmallChange|Unchanged", 2},
	{".", "./ui", "BusiestFrame|Second", 1},
	{".", "./ui", "BusiestFrame|Second", 2},
	{".", "./ui/host", "KeyToPixels", 1},
	{".", "./ui/host", "KeyToPixels", 2},
	{".", "./core/disc", "StreamSession|FindArchive|OpenArchive|VerifyArchive", 2},
	{".", "./core/hsm/yubihsm", "Sign", 2},
	{".", "./devices/sim", "HSM", 2},
	{".", "./core/quorum", ".", 2},
}

// figure is a benchmark's name, as go test writes it, and a unit.
type figure struct{ name, unit string }

// figures are the values of several runs, in the order in which they were first met.
type figures struct {
	order  []figure
	values map[figure][]float64
}

// add reads the lines of a run: a name, the number of iterations, then pairs of a value
// and its unit. What was allocated is left out.
func (f *figures) add(output []byte) error {
	for s := bufio.NewScanner(bytes.NewReader(output)); s.Scan(); {
		fields := strings.Fields(s.Text())
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		for i := 2; i+1 < len(fields); i += 2 {
			if u := fields[i+1]; u == "B/op" || u == "allocs/op" {
				continue
			}
			v, err := strconv.ParseFloat(fields[i], 64)
			if err != nil {
				return fmt.Errorf("reading the benchmark's line %q: %w", s.Text(), err)
			}
			f.put(figure{fields[0], fields[i+1]}, v)
		}
	}
	return nil
}

func (f *figures) put(key figure, v float64) {
	if f.values == nil {
		f.values = map[figure][]float64{}
	}
	if _, met := f.values[key]; !met {
		f.order = append(f.order, key)
	}
	f.values[key] = append(f.values[key], v)
}

// build compiles the tests of the suite's package, and returns the program's path.
func (s suite) build(root, folder string) (string, error) {
	name := filepath.Join(folder, strings.ReplaceAll(filepath.Join(s.folder, s.pkg), "/", "-")+".test")
	cmd := exec.Command("go", "test", "-c", "-o", name, s.pkg)
	cmd.Dir = filepath.Join(root, s.folder)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("running %v in %s: %w\n%s", cmd.Args, s.folder, err, output)
	}
	return name, nil
}

// run runs the suite's benchmarks once and adds what they print to f. It sets the number
// of cores for the whole process: under -cpu, go test measures a benchmark that uses
// B.Loop for the first time before it sets the number.
func (s suite) run(root, program string, f *figures) error {
	cmd := exec.Command(program, "-test.run", "^$", "-test.bench", s.bench)
	cmd.Dir = filepath.Join(root, s.folder, s.pkg)
	cmd.Env = append(os.Environ(), "GOMAXPROCS="+strconv.Itoa(s.cores))
	output, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("running the benchmarks %s of %s: %w\n%s", s.bench, cmd.Dir, err, output)
	}
	if err := f.add(output); err != nil {
		return err
	}
	if len(f.order) == 0 {
		return fmt.Errorf("running the benchmarks %s of %s: there are none", s.bench, cmd.Dir)
	}
	return nil
}

// rounds runs all suites count times in turn, so that what else the machine does falls
// on all alike. The figures are in the order of suites.
func rounds(root, folder string, count int) ([]figures, error) {
	all := make([]figures, len(suites))
	programs := make([]string, len(suites))
	for i, s := range suites {
		var err error
		if programs[i], err = s.build(root, folder); err != nil {
			return nil, err
		}
	}
	for range count {
		for i, s := range suites {
			if err := s.run(root, programs[i], &all[i]); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

// median and best are of a figure's values; a rate is best when it is highest.
func (f *figures) median(key figure) float64 {
	v := slices.Sorted(slices.Values(f.values[key]))
	return v[len(v)/2]
}

func (f *figures) best(key figure) float64 {
	if strings.HasSuffix(key.unit, "/s") {
		return slices.Max(f.values[key])
	}
	return slices.Min(f.values[key])
}

// what names the figure: its benchmark, and what is told of it but the time.
func (k figure) what() string {
	name := strings.TrimPrefix(k.name, "Benchmark")
	if part, ok := strings.CutSuffix(k.unit, "-ns/op"); ok {
		return name + ", " + part
	}
	return name
}

// shown writes a value: times as people say them, anything else with its unit.
func (k figure) shown(v float64) string {
	if !strings.HasSuffix(k.unit, "ns/op") {
		return fmt.Sprintf("%.0f %s", v, k.unit)
	}
	d := time.Duration(v)
	for _, unit := range []time.Duration{time.Second, time.Millisecond, time.Microsecond} {
		if d >= unit {
			return d.Round(unit / 1000).String()
		}
	}
	return d.String()
}
