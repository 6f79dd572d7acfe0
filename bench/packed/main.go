// Packed prints where the bytes of packed files are: how many each part of the program takes, in literals
// and in matches. Run it in the module:
//
//	go run ./bench/packed FILE...
//
// The files are those that elfstrip --pack has made; nothing is started.
package main

import (
	"fmt"
	"os"
	"text/tabwriter"

	goelf "github.com/go3s/rules_go3s/internal/elf"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: go run ./bench/packed FILE...")
		os.Exit(2)
	}
	for _, name := range os.Args[1:] {
		if err := print(name); err != nil {
			fmt.Fprintln(os.Stderr, "bench/packed:", err)
			os.Exit(1)
		}
	}
}

func print(name string) error {
	f, err := goelf.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	a, err := dissect(f)
	if err != nil {
		return err
	}
	fmt.Printf("%s: %d bytes\n", name, len(f.Data))
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "part\tin memory\tpacked\tliterals\tmatches\tof them far\t")
	row := func(p part) {
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t\n", p.Name, p.Size, p.Packed, p.Literals, p.Sequences, p.Far)
	}
	all := part{Name: "image"}
	for _, p := range a.Parts {
		row(p)
		all.add(p)
	}
	row(all)
	for _, other := range []struct {
		name string
		size int
	}{{"lists of filters", a.Filters}, {"unpacker", a.Unpacker}, {"not in memory", a.Rest}, {"headers, notes, tables", a.Others}} {
		fmt.Fprintf(w, "%s\t\t%d\t\t\t\t\n", other.name, other.size)
	}
	return w.Flush()
}
