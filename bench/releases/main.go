// Releases runs every step of the product for programs of several releases of Go: a table without a gap of release ×
// architecture × mode × step. Run it in the module:
//
//	go run ./bench/releases [-go RELEASE,…] [-platforms ARCH,…] [-doc docs/go-releases.md]
//
// The tools are built once, by the go command that runs this. An SDK that is not in the module cache is downloaded, one at a
// time, and removed after its turn. Programs for other machines are started by qemu-<machine>-static, from the directory in
// RULES_GO3S_QEMU_DIR or from PATH. The exit status is 1 if a step failed.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/go3s/rules_go3s/bench/internal/build"
	"github.com/go3s/rules_go3s/bench/internal/marked"
)

func main() {
	releases := flag.String("go", "1.26.0,1.26.8,1.26.11,1.27.0,1.27.4", "`releases` of Go")
	platforms := flag.String("platforms", "amd64,arm64,riscv64", "`architectures`")
	doc := flag.String("doc", "", "put the table into this `file` instead of printing it")
	flag.Parse()
	if flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	failed, err := run(strings.Split(*releases, ","), strings.Split(*platforms, ","), *doc)
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench/releases:", err)
		os.Exit(1)
	}
	if failed > 0 {
		fmt.Fprintf(os.Stderr, "bench/releases: %d steps failed\n", failed)
		os.Exit(1)
	}
}

// A bench is what all releases share.
type bench struct {
	archs     []string
	emulators map[string]string // by architecture; "" where none is needed
	tools     map[string]string // paths by name
	source    string            // directory of the test program
}

// run returns how many steps failed.
func run(releases, archs []string, doc string) (failed int, err error) {
	dir, err := os.MkdirTemp("", "bench-releases-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	b := &bench{archs: archs, emulators: map[string]string{}, tools: map[string]string{}}
	for _, arch := range archs {
		if b.emulators[arch], err = emulator(arch); err != nil {
			return 0, err
		}
	}
	for _, name := range []string{"golink", "elfstrip", "linkcheck", "symbolize"} {
		if b.tools[name], err = build.Tool(dir, name); err != nil {
			return 0, err
		}
	}
	here, err := build.Go("", "", "list", "-f", "{{.Dir}}", "github.com/go3s/rules_go3s/bench/releases")
	if err != nil {
		return 0, fmt.Errorf("%w: run this in a checkout of the module", err)
	}
	b.source = filepath.Join(strings.TrimSpace(string(here)), "testdata", "program")

	t := table{dir: dir}
	for _, name := range releases {
		if err := b.release(name, filepath.Join(dir, name), &t); err != nil {
			return 0, fmt.Errorf("go%s: %w", name, err)
		}
	}
	if doc == "" {
		_, err = os.Stdout.WriteString(t.markdown())
	} else {
		err = marked.Edit(doc, "bench/releases", func(string) string { return t.markdown() })
	}
	return t.failed(), err
}

// release does all steps for one release, in a directory that it makes and removes.
func (b *bench) release(name, dir string, t *table) (err error) {
	if err := os.Mkdir(dir, 0o777); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	r := &release{bench: b, name: name, dir: dir, args: map[string][]string{}, calls: map[string][]string{}}
	if r.goroot, err = sdk(name, dir); err != nil {
		return err
	}
	r.command = build.Command(filepath.Join(r.goroot, "bin", "go"))
	if err := r.writeProgram(); err != nil {
		return err
	}
	t.releases = append(t.releases, r.all(t))
	return nil
}
