package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/go3s/rules_go3s/internal/atomicfile"
	"github.com/go3s/rules_go3s/internal/golink"
	"github.com/go3s/rules_go3s/internal/inputfile"
)

// runDirect is "golink direct".
func runDirect(args []string) error {
	fs := flag.NewFlagSet("golink direct", flag.ContinueOnError)
	var c golink.Config
	importcfg := fs.String("importcfg", "", "import configuration: `file` with the archives of packages, as the go command writes it")
	fs.StringVar(&c.GOROOT, "goroot", os.Getenv("GOROOT"), "the program's GOROOT: `directory`; default: $GOROOT")
	fs.StringVar(&c.BuildID, "buildid", "", "Go build `id`; \"\" for no build-id notes")
	fs.Func("X", "set a string variable: `importpath.name=value` (repeatable)", func(s string) error {
		name, value, ok := strings.Cut(s, "=")
		if !ok {
			return errors.New("want importpath.name=value")
		}
		c.XDefs = append(c.XDefs, [2]string{name, value})
		return nil
	})
	s := fs.Bool("s", true, "leave out symbol table and DWARF; nothing else is possible")
	w := fs.Bool("w", true, "leave out DWARF; nothing else is possible")
	mode := fs.String("buildmode", "exe", "exe; nothing else is possible")
	out := fs.String("o", "", "output `file`")
	if err := parse(fs, args); err != nil {
		return err
	}
	if *importcfg == "" || *out == "" || fs.NArg() != 1 {
		return errors.New("golink direct: want -importcfg, -o and one archive, that of package main")
	}
	if !*s || !*w || *mode != "exe" {
		return fmt.Errorf("golink direct: -s=%v -w=%v -buildmode=%s: want true, true and exe; use golink link for others", *s, *w, *mode)
	}
	data, err := inputfile.Read(*importcfg, inputfile.Data)
	if err != nil {
		return err
	}
	if err := c.ReadImportcfg(*importcfg, data); err != nil {
		return err
	}
	c.Main, c.Archives = fs.Arg(0), &golink.Archives{} // the end of the process closes them
	image, err := golink.Link(c)
	if err != nil {
		return err
	}
	return atomicfile.Write(*out, 0o755, image.File)
}
