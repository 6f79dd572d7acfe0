// Layout shows where the bytes of a program go that no section holds, and what other alignments of functions
// would save or cost. Run it in the module:
//
//	go run ./bench/layout
package main

import (
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"text/tabwriter"

	"github.com/go3s/rules_go3s/bench/internal/build"
	"github.com/go3s/rules_go3s/bench/internal/programs"
	"github.com/go3s/rules_go3s/internal/machine"
)

var (
	archs  = machine.GOARCHs()
	aligns = []string{"", "8", "16", "32", "64"}
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench/layout:", err)
		os.Exit(1)
	}
}

func run() error {
	dir, err := os.MkdirTemp("", "bench-layout-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	golink, err := build.Tool(dir, "golink")
	if err != nil {
		return err
	}
	elfstrip, err := build.Tool(dir, "elfstrip")
	if err != nil {
		return err
	}
	all, err := programs.All()
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "program\tarch\tbytes\tin loaded sections\theaders\tbetween sections\tsymbols, names\tfunctions at 8\t16\t32\t64\t")
	for _, p := range all[:2] {
		for _, arch := range archs {
			flags, err := build.Compile(p.Dir, arch)
			if err != nil {
				return err
			}
			var sizes []int64
			for _, align := range aligns {
				out := filepath.Join(dir, p.Name+arch+align)
				args := append(flags[:len(flags):len(flags)], "-o", out)
				if align != "" {
					args = append(args, "--ldflag=-funcalign="+align)
				}
				for _, argv := range [][]string{append([]string{golink}, args...), {elfstrip, "-s", out}} {
					if text, err := exec.Command(argv[0], argv[1:]...).CombinedOutput(); err != nil {
						return fmt.Errorf("%s for %s: %w\n%s", p.Name, arch, err, text)
					}
				}
				info, err := os.Stat(out)
				if err != nil {
					return err
				}
				sizes = append(sizes, info.Size())
			}
			a, err := read(filepath.Join(dir, p.Name+arch))
			if err != nil {
				return err
			}
			fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%d\t%d\t%d\t%+d\t%+d\t%+d\t%+d\t\n", p.Name, arch, sizes[0], a.loaded, a.headers, sizes[0]-a.loaded-a.headers-a.tail, a.tail,
				sizes[1]-sizes[0], sizes[2]-sizes[0], sizes[3]-sizes[0], sizes[4]-sizes[0])
		}
	}
	return table.Flush()
}

// An anatomy holds numbers of bytes in a file.
type anatomy struct {
	loaded  int64 // in sections that are loaded
	headers int64 // ELF header, program headers, section headers
	tail    int64 // in other sections
}

func read(path string) (*anatomy, error) {
	f, err := elf.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	a := &anatomy{headers: 64 + 56*int64(len(f.Progs)) + 64*int64(len(f.Sections))}
	for _, s := range f.Sections {
		switch {
		case s.Type == elf.SHT_NOBITS || s.Type == elf.SHT_NULL:
		case s.Flags&elf.SHF_ALLOC != 0:
			a.loaded += int64(s.FileSize)
		default:
			a.tail += int64(s.FileSize)
		}
	}
	return a, nil
}
