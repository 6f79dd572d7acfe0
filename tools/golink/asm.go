package main

import (
	"errors"
	"flag"
	"fmt"
	"os"

	"github.com/go3s/rules_go3s/internal/atomicfile"
	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/goobj"
	"github.com/go3s/rules_go3s/internal/inputfile"
	"github.com/go3s/rules_go3s/internal/link"
)

// runAsm is "golink asm".
func runAsm(args []string) error {
	fs := flag.NewFlagSet("golink asm", flag.ContinueOnError)
	goarch := fs.String("goarch", "", "wanted architecture: amd64, arm64 or riscv64; \"\" takes that of the objects")
	entry := fs.String("entry", "_start", "`symbol` at which the program starts")
	out := fs.String("o", "", "output `file`")
	var unverified goabi.Unverified
	fs.Var(&unverified, goabi.UnverifiedFlag, goabi.UnverifiedUsage)
	if err := parse(fs, args); err != nil {
		return err
	}
	if *out == "" || fs.NArg() == 0 {
		return errors.New("golink asm: want -o and at least one object file")
	}
	var objs []link.Object
	for _, name := range fs.Args() {
		data, err := inputfile.Read(name, inputfile.Data)
		if err != nil {
			return err
		}
		f, err := goobj.Parse(name, data)
		if err != nil {
			return err
		}
		if *goarch != "" && f.GOARCH != *goarch {
			return fmt.Errorf("%s: assembled for %s, want %s", name, f.GOARCH, *goarch)
		}
		if _, problem, err := goabi.Linked(f.Version, unverified); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		} else if problem != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", name, problem)
		}
		objs = append(objs, link.Object{Name: name, File: f})
	}
	image, err := link.Asm(objs, *entry)
	if err != nil {
		return err
	}
	return atomicfile.Write(*out, 0o755, image)
}
