// Linkcheck's benchmark measures how long it takes to judge programs by a full
// profile, next to what other tools need to print or check the same files. They do
// less or other things each; the table says what to expect, not who is better.
//
//	go run ./bench/linkcheck [-rounds N] [FILE...]
//
// Without files it builds the programs of bench/internal/programs. Peers that are not
// installed (Debian: binutils, devscripts, pax-utils, elfutils) are left out.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	"github.com/go3s/rules_go3s/bench/internal/measure"
	"github.com/go3s/rules_go3s/bench/internal/programs"
)

// peers are commands that end with the file to look at.
var peers = [][]string{
	{"readelf", "-aW"},
	{"hardening-check"},
	{"scanelf", "-a"},
	{"eu-elflint", "--gnu-ld"},
}

func main() {
	measure.Main()
	rounds := flag.Int("rounds", 10, "measurements of each tool and file")
	flag.Parse()
	if err := run(*rounds, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "bench/linkcheck:", err)
		os.Exit(1)
	}
}

func run(rounds int, files []string) error {
	dir, err := os.MkdirTemp("", "linkcheck")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	linkcheck := filepath.Join(dir, "linkcheck")
	if err := build(".", linkcheck, "github.com/go3s/rules_go3s/tools/linkcheck"); err != nil {
		return err
	}
	if len(files) == 0 {
		if files, err = buildPrograms(dir); err != nil {
			return err
		}
	}
	tools := [][]string{{linkcheck, "--report-only", "--profile=nolibc", "--format=json"}}
	for _, p := range peers {
		path, err := exec.LookPath(p[0])
		if err != nil {
			fmt.Fprintf(os.Stderr, "bench/linkcheck: %s is not installed, left out\n", p[0])
			continue
		}
		tools = append(tools, append([]string{path}, p[1:]...))
	}
	fmt.Printf("%s, %s/%s, %d CPUs, %s; medians of %d rounds in which the tools take turns\n\n",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), time.Now().UTC().Format(time.DateOnly), rounds)
	fmt.Println("| file | bytes | tool | wall ms | CPU ms | peak MB |\n|---|---|---|---|---|---|")
	for _, file := range files {
		if err := row(file, tools, rounds); err != nil {
			return err
		}
	}
	return nil
}

// row prints the lines of the table about one file.
func row(file string, tools [][]string, rounds int) error {
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	samples := make([][]measure.Sample, len(tools))
	for range rounds {
		for i, tool := range tools {
			// The output goes nowhere, and findings are no failure.
			args := append([]string{"/bin/sh", "-c", `"$@" >/dev/null 2>&1; test $? -lt 126`, "sh"}, tool...)
			s, err := measure.Tool(append(args, file)...)
			if err != nil {
				return err
			}
			samples[i] = append(samples[i], s)
		}
	}
	for i, tool := range tools {
		m := measure.Median(samples[i])
		fmt.Printf("| %s | %d | %s | %.1f | %.1f | %.1f |\n", filepath.Base(file), info.Size(), filepath.Base(tool[0]),
			float64(m.Wall.Microseconds())/1000, float64(m.CPU.Microseconds())/1000, float64(m.Peak)/1e6)
	}
	return nil
}

// buildPrograms builds the programs that all benchmarks measure, stripped of nothing.
func buildPrograms(dir string) ([]string, error) {
	list, err := programs.All()
	if err != nil {
		return nil, err
	}
	var files []string
	for _, p := range list {
		out := filepath.Join(dir, p.Name)
		if err := build(p.Dir, out, "."); err != nil {
			return nil, err
		}
		files = append(files, out)
	}
	return files, nil
}

func build(dir, out, pkg string) error {
	cmd := exec.Command("go", "build", "-trimpath", "-o", out, pkg)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build %s in %s: %w\n%s", pkg, dir, err, text)
	}
	return nil
}
