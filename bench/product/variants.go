package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go3s/rules_go3s/bench/internal/build"
	"github.com/go3s/rules_go3s/bench/internal/measure"
)

// tools holds the paths of the tools by name; one that is not installed is missing.
type tools map[string]string

// findTools builds ours and looks for the others.
func findTools(c *config) (tools, error) {
	t := tools{}
	for _, name := range []string{"golink", "elfstrip"} {
		path, err := build.Tool(c.dir, name)
		if err != nil {
			return nil, err
		}
		t[name] = path
	}
	for _, name := range []string{"strip", "llvm-strip", "eu-strip", c.upx} {
		if path, err := exec.LookPath(name); err == nil {
			if name == c.upx {
				name = "upx"
			}
			t[name] = path
		}
	}
	return t, nil
}

// A variant is a way to make a file of a program.
type variant struct {
	name   string
	from   string   // name of the variant that it is made of; "" for the sources
	build  []string // flags of go build, if it is that
	link   string   // build mode of golink, if it is that
	tool   string   // what makes it of another variant
	args   []string // of the tool or golink, before -o OUT IN; OUT stands for the output in them, too
	native bool     // the tool works on files of this machine alone
	once   bool     // the tool is slow: one run must do
	ours   bool
	hidden bool // a step on the way: not in the tables
}

// variants lists each after what it is made of.
var variants = []variant{
	{name: "go build", build: []string{"-trimpath"}},
	{name: "go build -s -w", build: []string{"-trimpath", "-ldflags=-s -w"}},
	{name: "go build PIE -s -w", build: []string{"-trimpath", "-buildmode=pie", "-ldflags=-s -w"}, native: true},
	{name: "GNU strip", from: "go build", tool: "strip", args: []string{"-s"}, native: true},
	{name: "llvm-strip", from: "go build", tool: "llvm-strip", args: []string{"-s"}},
	{name: "eu-strip", from: "go build", tool: "eu-strip", args: []string{"-s"}},
	{name: "UPX, NRV", from: "go build -s -w", tool: "upx", args: []string{"-qq", "--best"}, native: true, once: true},
	{name: "UPX, LZMA", from: "go build -s -w", tool: "upx", args: []string{"-qq", "--best", "--lzma"}, native: true, once: true},

	{name: "linked", link: "exe", hidden: true},
	{name: "linked PIE", link: "static-pie", hidden: true},
	{name: "linked PIE for packing", link: "static-pie", args: []string{"--no-huge-pages"}, hidden: true}, // as the rules link it
	{name: "static", from: "linked", tool: "elfstrip", args: []string{"-s", "--traceback=full"}, ours: true},
	{name: "static PIE", from: "linked PIE", tool: "elfstrip", args: []string{"-s", "--traceback=full"}, ours: true},
	{name: "static, functions", from: "linked", tool: "elfstrip", args: []string{"-s", "--traceback=functions"}, ours: true},
	{name: "static, external", from: "linked", tool: "elfstrip", args: []string{"-s", "--traceback=external", "--symbols-file=OUT.symbols"}, ours: true},
	{name: "static PIE, external", from: "linked PIE", tool: "elfstrip", args: []string{"-s", "--traceback=external", "--symbols-file=OUT.symbols"}, ours: true},
	{name: "static, external, packed", from: "static, external", tool: "elfstrip", args: []string{"--pack=lz4"}, ours: true},
	{name: "static PIE for packing, external", from: "linked PIE for packing", tool: "elfstrip", args: []string{"-s", "--traceback=external", "--symbols-file=OUT.symbols"}, hidden: true},
	{name: "static PIE, external, packed", from: "static PIE for packing, external", tool: "elfstrip", args: []string{"--pack=lz4"}, ours: true},
}

// makeAll makes every variant of a program for one architecture. For the native one tools run several times
// and programs will be started.
func (c *config) makeAll(r *results, p *program, arch string, native bool) error {
	dir := filepath.Join(c.dir, p.name, arch)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "making %s for %s\n", p.name, arch)
	paths := make(map[string]string)
	var linkFlags []string
	for n, v := range variants {
		out := filepath.Join(dir, fmt.Sprintf("%s_%d", p.name, n))
		var argv []string
		switch {
		case v.native && !native:
			continue
		case p.large && slices.Contains(v.args, "--lzma"): // now and then such a file ends with status 127
			continue
		case v.build != nil:
			args := append(append([]string{"build", "-o", out}, v.build...), ".")
			if _, err := build.Go(p.dir, arch, args...); err != nil {
				return err
			}
		case v.link != "":
			if linkFlags == nil {
				var err error
				if linkFlags, err = build.Compile(p.dir, arch); err != nil {
					return err
				}
			}
			argv = slices.Concat([]string{c.tools["golink"]}, linkFlags, v.args, []string{"--buildmode=" + v.link, "-o", out})
		case c.tools[v.tool] == "":
			r.missing = append(r.missing, v.name)
			continue
		default:
			argv = append([]string{c.tools[v.tool]}, v.args...)
			if p.large { // UPX would take a quarter of an hour
				argv = slices.DeleteFunc(argv, func(arg string) bool { return arg == "--best" })
			}
			for i := range argv {
				argv[i] = strings.ReplaceAll(argv[i], "OUT", out)
			}
			argv = append(argv, "-o", out, paths[v.from])
		}
		var runs []measure.Sample
		for range c.toolRuns {
			if argv == nil {
				break
			}
			if err := os.RemoveAll(out); err != nil { // UPX does not replace a file
				return err
			}
			s, err := measure.Tool(argv...)
			if err != nil {
				return err
			}
			runs = append(runs, s)
			if !native || v.once {
				break
			}
		}
		paths[v.name] = out
		if !v.hidden {
			if err := r.add(p, arch, &v, out, runs, native); err != nil {
				return err
			}
		}
	}
	return nil
}

// start measures start and memory of the native files.
func (c *config) start(r *results) error {
	for _, p := range c.programs {
		fmt.Fprintf(os.Stderr, "starting %s\n", p.name)
		var rows []*row
		var files []string
		for _, x := range r.Rows {
			if x.Program == p.name && x.path != "" {
				file := filepath.Join(c.dir, fmt.Sprintf("start_%s_%d", p.name, len(files)))
				if err := measure.Copy(file, x.path); err != nil {
					return err
				}
				rows, files = append(rows, x), append(files, file)
			}
		}
		rounds := c.rounds
		if p.large {
			rounds = max(rounds/10, 1)
		}
		for _, thp := range []bool{true, false} {
			starts, err := measure.StartAll(rounds, thp, p.arg, files)
			if err != nil {
				return err
			}
			for i, s := range starts {
				t := &timing{
					Min: ms(slices.Min(s.Times)), Median: ms(measure.Quantile(s.Times, 0.5)), P90: ms(measure.Quantile(s.Times, 0.9)), Faults: s.Faults,
				}
				if thp {
					rows[i].Start = t
				} else {
					rows[i].StartNoTHP = t
				}
			}
		}
		for i, file := range files {
			m, err := measure.MemoryOf(file, p.arg)
			if err != nil {
				return err
			}
			rows[i].RSS, rows[i].Private = m.Peak, m.Private
		}
	}
	return nil
}
