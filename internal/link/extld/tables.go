package extld

import (
	"fmt"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/pcln"
	"github.com/go3s/rules_go3s/internal/strip"
)

// tables selects the pclntab compaction, as elfstrip --traceback does.
type tables struct {
	tier        string // name of a pcln.Tier; "" leaves the tables alone
	symbolsFile string // where the tier External puts what it takes out; "" else
}

// check checks t against the other flags: stripped says that there will be no symbol table, or at most go:func.* in it.
func (t *tables) check(stripped bool) error {
	if t.tier != "" {
		if _, err := pcln.ParseTier(t.tier); err != nil {
			return err
		}
	}
	external := t.tier == pcln.External.String()
	switch {
	case t.symbolsFile != "" && !external:
		return fmt.Errorf("--symbols-file=%s is for --traceback=%v, where names are taken out", t.symbolsFile, pcln.External)
	case external && t.symbolsFile == "":
		return fmt.Errorf("--traceback=%v needs --symbols-file: without the file no traceback can be read", pcln.External)
	case external && !stripped:
		return fmt.Errorf("--traceback=%v needs -s or --strip-all: the symbol table holds the names that it takes out", pcln.External)
	}
	return nil
}

// isFinished tells whether the program is left as it is linked.
func (x *Command) isFinished() bool { return x.tables.tier == "" && !x.stripAll }

// finish makes the tables of the linked program r smaller and strips it, with the bytes that elfstrip would make of it.
func (x *Command) finish(r *Result) error {
	if x.isFinished() {
		return nil
	}
	f, err := goelf.Parse(x.out, r.image[0])
	if err != nil {
		return err
	}
	var opt strip.Options
	if x.stripAll {
		opt.Mode = strip.All
	}
	if x.tables.tier != "" {
		tier, err := pcln.ParseTier(x.tables.tier)
		if err != nil {
			return err
		}
		opt.DropGoFunc = tier == pcln.External
		if f, err = x.compact(r, f, tier); err != nil {
			return err
		}
	}
	out, err := strip.Strip(f, &opt)
	if err != nil {
		return err
	}
	r.image = out.Parts(f.Data)
	return nil
}

// compact returns the program f with smaller tables, and puts the side file into r.
func (x *Command) compact(r *Result, f *goelf.File, tier pcln.Tier) (*goelf.File, error) {
	program, symbols, err := pcln.Compact(f, tier, x.opt.UnverifiedGo)
	if err != nil {
		return nil, err
	}
	if symbols != nil {
		if r.symbols, err = symbols.Encode(); err != nil {
			return nil, err
		}
	}
	return goelf.Parse(x.out, program)
}
