// Overhead compares the time that Bazel takes to build programs by rules_go's go_binary and by rules_go3s's
// rules, each program for three architectures. Run it in the module:
//
//	go run ./bench/overhead [-n 4,8,16] [-rounds ROUNDS] [-dir DIR] [-- BAZEL-OPTION...]
//
// It makes a workspace of programs that share a library, builds all of it, and then, in random order, changes every program of
// a rule and builds those. What counts is Bazel's own "Elapsed time", and the CPU time of Bazel and of what it starts, which hardly
// depends on other load: for compiling and linking and, for rules_go3s, stripping, checking and comparing. Both are least / median. With
// -dir the workspace and what is built in it are kept: a run with -rounds 0
// prepares one that measures. Options after "--" are for the first build alone, for example --disk_cache=DIR.
package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go3s/rules_go3s/bench/internal/bazel"
	"github.com/go3s/rules_go3s/bench/internal/measure"
)

func main() {
	c := config{counts: []int{4, 8, 16}}
	flag.Func("n", "`numbers` of programs of each rule to build, ascending, with commas between (default 4,8,16)", c.setCounts)
	flag.IntVar(&c.rounds, "rounds", 5, "`builds` of each rule for each number of programs")
	flag.StringVar(&c.dir, "dir", "", "`directory` of the workspace; a temporary one without it")
	flag.Parse()
	c.first = flag.Args()
	if c.rounds < 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := c.run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench/overhead:", err)
		os.Exit(1)
	}
}

type config struct {
	counts []int // of programs
	rounds int
	dir    string
	first  []string // options of the first build
}

func (c *config) setCounts(s string) error {
	c.counts = nil
	for _, text := range strings.Split(s, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || len(c.counts) > 0 && n <= c.counts[len(c.counts)-1] {
			return fmt.Errorf("%q: want ascending numbers from 1 on", s)
		}
		c.counts = append(c.counts, n)
	}
	return nil
}

// A contender is a way to build programs.
type contender struct {
	rule    bazel.Rule
	options []string

	builds []*bazel.Build  // of so many programs as are measured
	median []time.Duration // CPU time, by number of programs
}

func (c *config) run() (err error) {
	module, err := os.Getwd()
	if err != nil {
		return err
	}
	if c.dir == "" {
		if c.dir, err = bazel.TempDir("bench-overhead-"); err != nil {
			return err
		}
		defer os.RemoveAll(c.dir)
	}
	b := &bazel.Server{Wrapper: filepath.Join(module, "bazelw"), Dir: c.dir}
	defer func() {
		if _, e := b.Command("shutdown"); err == nil {
			err = e
		}
	}()
	w := bazel.Workspace{Dir: c.dir, Module: module, Programs: slices.Max(c.counts), Seed: time.Now().UnixNano()}
	if err := w.Write(); err != nil {
		return err
	}
	var all []string
	for _, r := range bazel.Rules {
		targets, err := w.Edit(r, w.Programs)
		if err != nil {
			return err
		}
		all = append(all, targets...)
	}
	if _, err := b.Build(append(c.first, all...)...); err != nil {
		return err
	}
	if err := standardLibraries(b); err != nil || c.rounds == 0 {
		return err
	}
	contenders := []*contender{{rule: bazel.GoBinary}}
	for _, r := range []bazel.Rule{bazel.StaticBinary, bazel.PIEBinary} {
		contenders = append(contenders, &contender{rule: r}, &contender{rule: r, options: []string{"--norun_validations"}})
	}
	fmt.Printf("| programs | rule | processes | wall time, s | to go_binary | CPU time, s | to go_binary |\n|---|---|---|---|---|---|---|\n")
	for _, n := range c.counts {
		if err := c.measure(b, &w, contenders, n); err != nil {
			return err
		}
	}
	if len(c.counts) == 1 {
		return nil
	}
	fmt.Printf("\n| CPU time of each program more, for three architectures, s |")
	for i := range c.counts[1:] {
		fmt.Printf(" from %d to %d |", c.counts[i], c.counts[i+1])
	}
	fmt.Printf("\n|%s\n", strings.Repeat("---|", len(c.counts)))
	for _, x := range contenders {
		fmt.Printf("| %s |", x)
		for i := range c.counts[1:] {
			fmt.Printf(" %.2f |", (x.median[i+1]-x.median[i]).Seconds()/float64(c.counts[i+1]-c.counts[i]))
		}
		fmt.Println()
	}
	return nil
}

// measure builds n programs of each contender in turn and prints what that took.
func (c *config) measure(b *bazel.Server, w *bazel.Workspace, contenders []*contender, n int) error {
	order := rand.New(rand.NewPCG(1, 2))
	for _, x := range contenders {
		x.builds = nil
	}
	for range c.rounds {
		for _, i := range order.Perm(len(contenders)) {
			x := contenders[i]
			targets, err := w.Edit(x.rule, n)
			if err != nil {
				return err
			}
			built, err := b.Build(append(x.options, targets...)...)
			if err != nil {
				return err
			}
			x.builds = append(x.builds, built)
		}
	}
	base := contenders[0]
	for _, x := range contenders {
		wall, cpu := x.quantile(0.5)
		baseWall, baseCPU := base.quantile(0.5)
		x.median = append(x.median, cpu)
		leastWall, leastCPU := x.quantile(0)
		fmt.Printf("| %d | %s | %d | %.2f / %.2f | %.2f | %.2f / %.2f | %.2f |\n", n, x, x.builds[0].Processes,
			leastWall.Seconds(), wall.Seconds(), wall.Seconds()/baseWall.Seconds(), leastCPU.Seconds(), cpu.Seconds(),
			cpu.Seconds()/baseCPU.Seconds())
	}
	return nil
}

// quantile returns the q quantiles of the times of the builds.
func (x *contender) quantile(q float64) (wall, cpu time.Duration) {
	var walls, cpus []time.Duration
	for _, b := range x.builds {
		walls, cpus = append(walls, b.Wall), append(cpus, b.CPU)
	}
	return measure.Quantile(walls, q), measure.Quantile(cpus, q)
}

func (x *contender) String() string {
	if len(x.options) > 0 {
		return fmt.Sprintf("%s `%s`", x.rule, x.options[0])
	}
	return string(x.rule)
}

// standardLibraries prints how often the standard library is compiled for the programs at a fixed address and as PIE,
// without that of tools.
func standardLibraries(b *bazel.Server) error {
	fmt.Printf("| compiled standard libraries, for fixed address and PIE | GoStdlib actions |\n|---|---|\n")
	for _, c := range []struct{ name, targets string }{
		{"rules_go", "//go_binary/... + //go_binary_pie/..."},
		{"rules_go3s", "//go_static_binary/... + //go_pie_binary/..."},
	} {
		out, err := b.Command("aquery", fmt.Sprintf("mnemonic('^GoStdlib$', deps(%s))", c.targets))
		if err != nil {
			return err
		}
		n := 0
		for line := range strings.Lines(out) {
			if configuration, ok := strings.CutPrefix(strings.TrimSpace(line), "Configuration: "); ok && !strings.Contains(configuration, "-exec") {
				n++
			}
		}
		fmt.Printf("| %s | %d |\n", c.name, n)
	}
	fmt.Println()
	return nil
}
