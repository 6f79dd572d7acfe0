// Strip compares elfstrip with the strip programs of binutils, LLVM and
// elfutils: size of the output, time, peak memory, and whether Go's own tools
// still understand the program. Run it in the module:
//
//	go run ./bench/strip [-n RUNS] [-big PROGRAM]
//
// Peers are taken from PATH; one that is missing is shown as "not installed".
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/go3s/rules_go3s/bench/internal/measure"
)

func main() {
	measure.Main()
	runs := flag.Int("n", 11, "`runs` per program and tool, of which the median counts")
	big := flag.String("big", "", "a large Go `program` for linux; without it, one is generated and built")
	flag.Parse()
	if *runs < 1 || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(*runs, *big); err != nil {
		fmt.Fprintln(os.Stderr, "bench/strip:", err)
		os.Exit(1)
	}
}

func run(runs int, big string) error {
	dir, err := os.MkdirTemp("", "bench-strip-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)

	inputs, err := buildInputs(dir, big)
	if err != nil {
		return err
	}
	tools, err := findTools(dir)
	if err != nil {
		return err
	}
	fmt.Printf("%s, %s, %s; median of %d runs\n\n", time.Now().UTC().Format(time.DateOnly), goVersion(), cpuModel(), runs)
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "program\ttool\tsize, bytes\ttime, ms\tCPU, ms\tpeak RSS, MB\truns\tgo version -m\tgovulncheck symbols\t")
	for _, in := range inputs {
		before, err := inspect(in.path)
		if err != nil {
			return err
		}
		fmt.Fprintf(table, "%s\t(as built)\t%d\t\t\t\t%s\t%s\t%s\t\n", in.name, before.size, yes(before.starts), yes(before.buildInfo != ""), before.vulnSymbols)
		results := make([][]measure.Sample, len(tools))
		out := func(t tool) string { return filepath.Join(dir, "out-"+t.name) }
		for range runs { // in turn, so that all tools see the same load of the machine
			for i, t := range tools {
				if t.path == "" {
					continue
				}
				// A new file each time, as in a build: replacing a large file takes
				// longer than writing it.
				if err := os.RemoveAll(out(t)); err != nil {
					return err
				}
				s, err := measure.Tool(append([]string{t.path}, t.args(out(t), in.path)...)...)
				if err != nil {
					return fmt.Errorf("%s %s: %w", t.name, in.path, err)
				}
				results[i] = append(results[i], s)
			}
		}
		for i, t := range tools {
			if t.path == "" {
				fmt.Fprintf(table, "%s\t%s\tnot installed\t\t\t\t\t\t\t\n", in.name, t.label)
				continue
			}
			after, err := inspect(out(t))
			if err != nil {
				return err
			}
			s := measure.Median(results[i])
			fmt.Fprintf(table, "%s\t%s\t%d\t%.1f\t%.1f\t%.1f\t%s\t%s\t%s\t\n", in.name, t.label, after.size,
				ms(s.Wall), ms(s.CPU), float64(s.Peak)/1e6,
				yes(after.starts), yes(after.buildInfo == before.buildInfo), after.vulnSymbols)
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Println()
	for _, in := range inputs {
		fmt.Printf("%s: %s\n", in.name, in.what)
	}
	if govulncheck() == "" {
		fmt.Println("govulncheck is not installed: the last column only says whether the symbol it needs is there.")
	}
	return nil
}

func yes(ok bool) string {
	if ok {
		return "yes"
	}
	return "NO"
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// cpuModel returns what Linux says of the first CPU.
func cpuModel() string {
	data, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown CPU"
	}
	for line := range strings.Lines(string(data)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown CPU"
}
