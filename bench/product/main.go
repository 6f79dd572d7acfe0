// Product compares what rules_go3s makes of Go programs with what others make of them: size, start time with and
// without transparent huge pages, memory, page faults, and time and memory of the tools. Run it in the module:
//
//	go run ./bench/product [-n ROUNDS] [-server] [-file FILE]… [-upx FILE] [-json FILE] [-html FILE]
//
// The programs are a hello, an HTTPS client (the seed) and, with -server, Caddy, whose packages take minutes
// to compile. A finished program, of Bazel for example, is started as it is. Peers are taken from PATH; one that is missing is left out,
// and the output says so.
//
// Start is the time from exec to exit of a program that returns at once from main. All programs are written by write(2)
// into one folder first, and take turns.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/go3s/rules_go3s/bench/internal/measure"
)

func main() {
	measure.Main()
	var c config
	flag.IntVar(&c.rounds, "n", 101, "starts of each `file`, with and without huge pages")
	flag.IntVar(&c.toolRuns, "tool-runs", 5, "`runs` of each tool, of which the median counts")
	flag.BoolVar(&c.server, "server", false, "also measure a large server, by a tenth of the starts")
	flag.Func("file", "also start this finished `program`, which returns at once for --version (repeatable)", func(name string) error {
		c.files = append(c.files, name)
		return nil
	})
	flag.StringVar(&c.upx, "upx", "upx", "UPX: `name` on PATH, or path")
	archs := flag.String("arch", "amd64,arm64,riscv64", "`architectures` to compare sizes on; only the first's programs are started")
	flag.StringVar(&c.json, "json", "", "also write the results to a JSON `file`")
	flag.StringVar(&c.html, "html", "", "also write a page with tables and plots to an HTML `file`")
	flag.Parse()
	c.archs = strings.Split(*archs, ",")
	if c.rounds < 1 || c.toolRuns < 1 || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(&c); err != nil {
		fmt.Fprintln(os.Stderr, "bench/product:", err)
		os.Exit(1)
	}
}

type config struct {
	rounds, toolRuns int
	server           bool
	programs         []program
	files            []string // finished programs
	upx              string
	archs            []string
	json, html       string
	dir              string // temporary
	tools            tools
}

func run(c *config) error {
	dir, err := os.MkdirTemp("", "bench-product-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	c.dir = dir
	if c.programs, err = writePrograms(filepath.Join(dir, "src")); err != nil {
		return err
	}
	if c.server {
		p, err := server()
		if err != nil {
			return err
		}
		c.programs = append(c.programs, p)
	}
	if c.tools, err = findTools(c); err != nil {
		return err
	}
	r := newResults(c)
	for i := range c.programs {
		for n, arch := range c.archs {
			if n > 0 && c.programs[i].large {
				break
			}
			if err := c.makeAll(r, &c.programs[i], arch, n == 0); err != nil {
				return fmt.Errorf("%s for %s: %w", c.programs[i].name, arch, err)
			}
		}
	}
	for _, name := range c.files {
		p := program{name: filepath.Base(name), arg: "--version"}
		c.programs = append(c.programs, p)
		if err := r.add(&p, c.archs[0], &variant{name: "as it is", ours: true}, name, nil, true); err != nil {
			return err
		}
	}
	if err := c.start(r); err != nil {
		return err
	}
	r.judge()
	r.print(os.Stdout)
	if c.json != "" {
		if err := r.writeJSON(c.json); err != nil {
			return err
		}
	}
	if c.html != "" {
		return r.writeHTML(c.html)
	}
	return nil
}
