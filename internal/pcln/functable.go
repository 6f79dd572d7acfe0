package pcln

import (
	"encoding/hex"
	"fmt"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/gobin"
)

// FuncTable returns t, the function table of the program f, with the names that s holds.
// It refuses a program of another build.
func (s *Symbols) FuncTable(f *goelf.File, t *gobin.FuncTable) (*gobin.FuncTable, error) {
	id, err := (&Table{f: f}).buildID()
	if err != nil {
		return nil, err
	}
	if got := hex.EncodeToString(id); got != s.header.BuildID {
		return nil, fmt.Errorf("%s: the program has build ID %s, but the symbols are of %s: give the file that was written with it", f.Name, got, s.header.BuildID)
	}
	return t.WithNames(f, s.table.names, s.table.files, s.table.funcs)
}
