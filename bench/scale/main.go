// Scale shows how builds grow with the number of programs: by rules_go's go_binary, by rules_go3s's rules and by go build, each program
// for three architectures, all of them with one shared library. Run it in the module:
//
//	go run ./bench/scale [-n 10,50,100] [-rows PATTERN] [-last STEP] [-dir DIR] [-- BAZEL-OPTION...]
//
// For each number of programs it starts a new Bazel server and has it load and analyze alone; then it builds after every program has
// changed, after nothing has, after one program has and after the library has. Time is that of Bazel and what it starts: CPU time hardly
// depends on other load of the machine, wall time does. Standard libraries and tools are built before. A last table says what each
// program more costs. -rows takes some of the rows alone. -last ends with a step: analysis, all, nothing, one or library, the default,
// which makes all programs once more. With -dir the workspace and what is built in it are kept. Options after "--" are for all builds, for
// example --config=remote with a preset of the workspace's own user.bazelrc.
package main

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go3s/rules_go3s/bench/internal/bazel"
)

func main() {
	c := config{counts: []int{10, 50, 100}}
	flag.Func("n", "`numbers` of programs to build, ascending, with commas between (default 10,50,100)", c.setCounts)
	c.rows = contenders
	flag.Func("rows", "rows by a regular `expression` that matches all of their names (default all)", c.setRows)
	c.last = stepLibrary
	flag.Func("last", "last `step`: "+strings.Join(steps, ", ")+" (default library)", c.setLast)
	flag.StringVar(&c.dir, "dir", "", "`directory` of the workspace; a temporary one without it")
	flag.Parse()
	c.options = flag.Args()
	if err := c.run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench/scale:", err)
		os.Exit(1)
	}
}

type config struct {
	counts  []int // of programs
	rows    []*contender
	last    int // step
	dir     string
	options []string // of builds

	bazel     bazel.Server
	workspace bazel.Workspace
	cache     string // directory of the disk cache
}

func (c *config) setCounts(s string) error {
	c.counts = nil
	for text := range strings.SplitSeq(s, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || len(c.counts) > 0 && n <= c.counts[len(c.counts)-1] {
			return fmt.Errorf("%q: want ascending numbers from 1 on", s)
		}
		c.counts = append(c.counts, n)
	}
	return nil
}

// The steps of a measurement, in their order.
const (
	stepAnalysis = iota
	stepAll
	stepNothing
	stepOne
	stepLibrary
)

var steps = []string{"analysis", "all", "nothing", "one", "library"}

func (c *config) setLast(s string) error {
	if c.last = slices.Index(steps, s); c.last < 0 {
		return fmt.Errorf("%q: want one of %s", s, strings.Join(steps, ", "))
	}
	return nil
}

func (c *config) setRows(s string) error {
	name, err := regexp.Compile("^(" + s + ")$")
	if err != nil {
		return err
	}
	c.rows = nil
	for _, x := range contenders {
		if name.MatchString(x.name) {
			c.rows = append(c.rows, x)
		}
	}
	if c.rows == nil {
		return fmt.Errorf("%q: no row has such a name", s)
	}
	return nil
}

// A contender is a way to build programs.
type contender struct {
	name    string
	rules   []bazel.Rule
	options []string
	figures []figures // by number of programs
}

var contenders = []*contender{
	{name: "go_binary", rules: []bazel.Rule{bazel.GoBinary}},
	{name: "go_static_binary", rules: []bazel.Rule{bazel.StaticBinary}},
	{name: "go_static_binary, `--norun_validations`", rules: []bazel.Rule{bazel.StaticBinary}, options: []string{"--norun_validations"}},
	{name: "go_static_binary and go_pie_binary", rules: []bazel.Rule{bazel.StaticBinary, bazel.PIEBinary}},
}

// figures are what builds of so many programs take.
type figures struct {
	analysis time.Duration // wall time of a new server that loads and analyzes
	heap     int64         // bytes that it needs then
	actions  int           // of the programs and all that they need
	all      bazel.Build   // when each program has changed
	cached   int64         // bytes that this adds to the disk cache
	nothing  bazel.Build
	one      bazel.Build
	library  bazel.Build
}

func (c *config) run() (err error) {
	module, err := os.Getwd()
	if err != nil {
		return err
	}
	if c.dir == "" {
		if c.dir, err = bazel.TempDir("bench-scale-"); err != nil {
			return err
		}
		defer os.RemoveAll(c.dir)
	}
	c.bazel = bazel.Server{Wrapper: filepath.Join(module, "bazelw"), Dir: filepath.Join(c.dir, "workspace")}
	c.cache = filepath.Join(c.dir, "cache")
	if err := os.MkdirAll(c.cache, 0o777); err != nil { // stays empty where options give a build no disk cache
		return err
	}
	c.options = append([]string{"--disk_cache=" + c.cache}, c.options...)
	defer func() {
		if _, e := c.bazel.Command("shutdown"); err == nil {
			err = e
		}
	}()
	c.workspace = bazel.Workspace{Dir: c.bazel.Dir, Module: module, Programs: slices.Max(c.counts), Seed: time.Now().UnixNano()}
	if err := c.workspace.Write(); err != nil {
		return err
	}
	for _, x := range c.rows { // all programs have a source, and tools and standard libraries are there
		if _, err := c.edit(x, c.workspace.Programs); err != nil {
			return err
		}
		if c.last == stepAnalysis {
			continue
		}
		first, err := c.edit(x, 1)
		if err != nil {
			return err
		}
		if _, err := c.build(x, first); err != nil {
			return err
		}
	}
	fmt.Println("| programs | rule | analysis, s | heap, MB | actions | all changed: processes | wall, s | CPU, s | cache, MB | " +
		"nothing changed, s | one program: processes | wall, s | library: processes | CPU, s |")
	fmt.Println("|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|")
	for _, n := range c.counts {
		for _, x := range c.rows {
			f, err := c.measure(x, n)
			if err != nil {
				return err
			}
			x.figures = append(x.figures, *f)
			fmt.Println(f.row(n, x.name, c.last))
		}
		if c.last < stepLibrary {
			continue
		}
		if err := c.goBuild(n); err != nil {
			return err
		}
	}
	c.growth()
	return nil
}

// edit changes the first n programs of each rule of x and returns their targets.
func (c *config) edit(x *contender, n int) (targets []string, err error) {
	for _, r := range x.rules {
		t, err := c.workspace.Edit(r, n)
		if err != nil {
			return nil, err
		}
		targets = append(targets, t...)
	}
	return targets, nil
}

func (c *config) build(x *contender, targets []string) (*bazel.Build, error) {
	return c.bazel.Build(slices.Concat(c.options, x.options, targets)...)
}

var actionCount = regexp.MustCompile(`(?m)^([0-9]+) total actions`)

// measure builds n programs of x.
func (c *config) measure(x *contender, n int) (*figures, error) {
	var f figures
	targets, err := c.edit(x, n)
	if err != nil {
		return nil, err
	}
	if _, err := c.bazel.Command("shutdown"); err != nil {
		return nil, err
	}
	start := time.Now()
	if _, err := c.bazel.Command(slices.Concat([]string{"build", "--nobuild"}, c.options, x.options, targets)...); err != nil {
		return nil, err
	}
	f.analysis = time.Since(start)
	heap, err := c.bazel.Command("info", "used-heap-size-after-gc") // with or without words before it, for example "95MB"
	if err != nil {
		return nil, err
	}
	words := strings.Fields(heap)
	megabytes, err := strconv.ParseInt(strings.TrimSuffix(words[len(words)-1], "MB"), 10, 64)
	if err != nil {
		return nil, fmt.Errorf("bazel info used-heap-size-after-gc: %q: want a number of MB", heap)
	}
	f.heap = megabytes << 20
	summary, err := c.bazel.Command("aquery", "--output=summary", "deps("+strings.Join(targets, " + ")+")")
	if err != nil {
		return nil, err
	}
	count := actionCount.FindStringSubmatch(summary)
	if count == nil {
		return nil, fmt.Errorf("bazel aquery --output=summary printed no number of actions:\n%s", summary)
	}
	if f.actions, err = strconv.Atoi(count[1]); err != nil {
		return nil, err
	}

	if c.last == stepAnalysis {
		return &f, nil
	}
	before, err := size(c.cache)
	if err != nil {
		return nil, err
	}
	for i, step := range []struct {
		built *bazel.Build
		edit  func() error
	}{
		stepAll:     {&f.all, nil}, // changed above
		stepNothing: {&f.nothing, nil},
		stepOne:     {&f.one, func() error { _, err := c.edit(x, 1); return err }},
		stepLibrary: {&f.library, c.workspace.EditLibrary},
	} {
		if i == stepAnalysis || i > c.last {
			continue
		}
		if step.edit != nil {
			if err := step.edit(); err != nil {
				return nil, err
			}
		}
		built, err := c.build(x, targets)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", x.name, err)
		}
		*step.built = *built
		if i == stepAll {
			after, err := size(c.cache)
			if err != nil {
				return nil, err
			}
			f.cached = after - before
		}
	}
	return &f, nil
}

// row returns the row of the table for n programs of a rule, without what comes after the last step.
func (f *figures) row(n int, name string, last int) string {
	cells := []string{fmt.Sprintf("%d | %s | %.1f | %d | %d", n, name, f.analysis.Seconds(), f.heap>>20, f.actions), " | | | ", "", " | ", " | "}
	if last >= stepAll {
		cells[stepAll] = fmt.Sprintf("%d | %.1f | %.1f | %.1f", f.all.Processes, f.all.Wall.Seconds(), f.all.CPU.Seconds(), float64(f.cached)/1e6)
	}
	if last >= stepNothing {
		cells[stepNothing] = fmt.Sprintf("%.1f", f.nothing.Wall.Seconds())
	}
	if last >= stepOne {
		cells[stepOne] = fmt.Sprintf("%d | %.1f", f.one.Processes, f.one.Wall.Seconds())
	}
	if last >= stepLibrary {
		cells[stepLibrary] = fmt.Sprintf("%d | %.1f", f.library.Processes, f.library.CPU.Seconds())
	}
	return "| " + strings.Join(cells, " | ") + " |"
}

// goBuild builds the first n programs by go build, after the library has changed, and prints its row.
func (c *config) goBuild(n int) error {
	if err := c.workspace.EditLibrary(); err != nil {
		return err
	}
	var packages []string
	for p := range n {
		packages = append(packages, fmt.Sprintf("./%s/p%d", bazel.GoBinary, p))
	}
	var cpu time.Duration
	start := time.Now()
	for _, arch := range bazel.Architectures {
		cmd := exec.Command("go", slices.Concat([]string{"build", "-trimpath", "-ldflags=-s -w", "-o", filepath.Join(c.dir, "go_build", arch) + "/"}, packages)...)
		cmd.Dir = c.workspace.Dir
		cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH="+arch, "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false", "GOWORK=off")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%v: %w\n%s", cmd, err, out)
		}
		cpu += cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	}
	fmt.Printf("| %d | `go build` | | | | | | | | | | | %.1f wall | %.1f |\n", n, time.Since(start).Seconds(), cpu.Seconds())
	return nil
}

// growth prints what each program more takes, from one number of programs to the next.
func (c *config) growth() {
	if len(c.counts) == 1 {
		return
	}
	fmt.Println("\n| each program more | rule | analysis, ms | heap, kB | actions | CPU when all changed, s | cache, MB |")
	fmt.Println("|---|---|---:|---:|---:|---:|---:|")
	for i := range c.counts[1:] {
		more := float64(c.counts[i+1] - c.counts[i])
		for _, x := range c.rows {
			a, b := x.figures[i], x.figures[i+1]
			built := " | "
			if c.last >= stepAll {
				built = fmt.Sprintf("%.2f | %.2f", (b.all.CPU-a.all.CPU).Seconds()/more, float64(b.cached-a.cached)/1e6/more)
			}
			fmt.Printf("| from %d to %d | %s | %.0f | %.0f | %.1f | %s |\n", c.counts[i], c.counts[i+1], x.name,
				(b.analysis-a.analysis).Seconds()*1000/more, float64(b.heap-a.heap)/1e3/more, float64(b.actions-a.actions)/more, built)
		}
	}
}

// size returns how many bytes the files below dir have.
func size(dir string) (int64, error) {
	var total int64
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			total += info.Size()
		}
		return err
	})
	return total, err
}
