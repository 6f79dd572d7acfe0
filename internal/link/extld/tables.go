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

// check checks t against the other flags: stripped says that there will be no symbol table.
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
		return fmt.Errorf("--traceback=%v needs -s: the symbol table holds the names that it takes out", pcln.External)
	}
	return nil
}

// compact makes the tables of the program r smaller.
func (x *Command) compact(r *Result) error {
	if x.tables.tier == "" {
		return nil
	}
	tier, err := pcln.ParseTier(x.tables.tier)
	if err != nil {
		return err
	}
	f, err := goelf.Parse(x.out, r.image[0])
	if err != nil {
		return err
	}
	program, symbols, err := pcln.Compact(f, tier, x.opt.UnverifiedGo)
	if err != nil {
		return err
	}
	if symbols != nil {
		if r.symbols, err = symbols.Encode(); err != nil {
			return err
		}
	}
	if f, err = goelf.Parse(x.out, program); err != nil {
		return err
	}
	out, err := strip.Strip(f, &strip.Options{DropGoFunc: tier == pcln.External})
	if err != nil {
		return err
	}
	r.image = nil
	for _, p := range out.Pieces {
		if p.Data == nil {
			p.Data = program[p.Off:][:p.Size]
		}
		r.image = append(r.image, p.Data)
	}
	return nil
}
