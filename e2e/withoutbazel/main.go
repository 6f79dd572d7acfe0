// Withoutbazel builds a program by golink build that a rule has built as well, and compares the two, item by item of their size reports:
//
//	go run ./e2e/withoutbazel PROGRAM LINKED DIRECTORY PACKAGE [flags of golink build]
//
// PROGRAM is what the rule made and LINKED what it was made of, with symbols (output group linked). It prints what differs, and exits
// with 1 when something does that nobody expects: see admitted.
package main

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/sizes"
)

// admitted are the items that may have another size, each with the reason.
var admitted = []struct{ item, why string }{
	{"|notes and build information|go:buildinfo", "go build writes sums of modules"},
	{"runtime|constants|modinfo.str", "go build writes sums of modules"},
	{"|type descriptors|", "up to 32 bytes to what is aligned after them"},
	{"|runtime tables|file names and units", "source files have other names"},
	{"|runtime tables|padding, and ends of pcvalue tables that nobody reads", "what follows has to be aligned"},
	{"|padding|", "what follows has to be aligned"},
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "withoutbazel: %v\n", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) < 4 {
		return fmt.Errorf("want PROGRAM LINKED DIRECTORY PACKAGE [flags], found %q", args)
	}
	tmp, err := os.MkdirTemp("", "withoutbazel")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	golink := filepath.Join(tmp, "golink")
	if err := command("", "go", "build", "-o", golink, "github.com/go3s/rules_go3s/tools/golink"); err != nil {
		return err
	}
	plain, symbols := filepath.Join(tmp, "plain"), filepath.Join(tmp, "symbols")
	for out, flags := range map[string][]string{plain: args[4:], symbols: append(args[4:], "-strip=none")} {
		words := slices.Concat([]string{"build", "-buildvcs=false", "-ldflags=-buildid=", "-o", out}, flags, []string{args[3]})
		if err := command(args[2], golink, words...); err != nil {
			return err
		}
	}
	rule, err := items(args[0], args[1])
	if err != nil {
		return err
	}
	own, err := items(plain, symbols)
	if err != nil {
		return err
	}
	all := maps.Clone(rule)
	maps.Copy(all, own)
	unexpected := 0
	for _, item := range slices.Sorted(maps.Keys(all)) {
		if rule[item] == own[item] {
			continue
		}
		why := ""
		for _, a := range admitted {
			if a.item == item {
				why = a.why
			}
		}
		if why == "" {
			why = "unexpected"
			unexpected++
		}
		fmt.Printf("%s: %d bytes by the rule, %d by golink build (%s)\n", item, rule[item], own[item], why)
	}
	fmt.Printf("%d items compared\n", len(all))
	if unexpected > 0 || len(all) < 1000 {
		return fmt.Errorf("%d of %d items differ without a reason", unexpected, len(all))
	}
	return nil
}

func command(dir, name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s %q: %w", name, args, err)
	}
	return nil
}

// items returns the sizes of the items of a program, by package, type of data and name.
func items(program, named string) (map[string]uint64, error) {
	f, err := elf.Open(program)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	n, err := elf.Open(named)
	if err != nil {
		return nil, err
	}
	defer n.Close()
	b, err := sizes.Break(program, f, n)
	if err != nil {
		return nil, err
	}
	out := map[string]uint64{}
	for _, m := range b.Modules {
		for _, p := range m.Packages {
			for _, i := range p.Items {
				out[p.Name+"|"+i.Type+"|"+i.Name] += i.Bytes
			}
		}
	}
	return out, nil
}
