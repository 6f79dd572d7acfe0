// Tables prints where the bytes of Go programs are, and what those of the tables for tracebacks, .gopclntab, are for. Run it in
// the module:
//
//	go run ./bench/tables FILE...
//
// Each file has a column. A byte of the tables that serves several purposes counts for the first one in the list: what only
// tracebacks need comes last.
package main

import (
	"debug/elf"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/pcln"
)

const tables = ".gopclntab"

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: go run ./bench/tables FILE...")
		os.Exit(2)
	}
	if err := print(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench/tables:", err)
		os.Exit(1)
	}
}

// print prints the rows of all files, in the order in which they come up.
func print(files []string) error {
	var names []string
	rows := make(map[string][]int)
	for i, file := range files {
		parts, err := breakdownOf(file)
		if err != nil {
			return err
		}
		for _, p := range parts {
			if rows[p.Name] == nil {
				rows[p.Name] = make([]int, len(files))
				names = append(names, p.Name)
			}
			rows[p.Name][i] += p.Bytes
		}
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(w, "part\t")
	for _, file := range files {
		fmt.Fprintf(w, "%s\t", filepath.Base(file))
	}
	fmt.Fprintln(w)
	for _, name := range names {
		fmt.Fprintf(w, "%s\t", name)
		for _, n := range rows[name] {
			fmt.Fprintf(w, "%d\t", n)
		}
		fmt.Fprintln(w)
	}
	return w.Flush()
}

// breakdownOf returns the parts of a file, the first of which is all of it.
func breakdownOf(name string) ([]pcln.Part, error) {
	f, err := goelf.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	t, err := pcln.Read(f, goabi.Refuse)
	if err != nil {
		return nil, err
	}
	inside, err := t.Breakdown()
	if err != nil {
		return nil, err
	}
	parts := []pcln.Part{{Name: "file", Bytes: len(f.Data)}}
	rest := pcln.Part{Name: "headers, padding, and what is not loaded", Bytes: len(f.Data)}
	for i := range f.Sections {
		s := &f.Sections[i]
		if s.Flags&uint64(elf.SHF_ALLOC) == 0 || elf.SectionType(s.Type) == elf.SHT_NOBITS {
			continue
		}
		parts = append(parts, pcln.Part{Name: strings.Clone(s.Str), Bytes: int(s.Size)})
		rest.Bytes -= int(s.Size)
	}
	parts = append(parts, rest)
	for _, p := range inside {
		parts = append(parts, pcln.Part{Name: tables + ": " + p.Name, Bytes: p.Bytes})
	}
	return parts, nil
}
