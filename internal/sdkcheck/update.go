package sdkcheck

import (
	"errors"
	"io/fs"
	"path/filepath"

	"github.com/go3s/rules_go3s/internal/atomicfile"
	"github.com/go3s/rules_go3s/internal/inputfile"
)

// Update adds an SDK to the table of its series in the directory dir, which has the folder of this package, and writes the
// table. layout replaces the facts that the table has; nil keeps them. It returns the path of the table.
func Update(dir string, s *SDK, layout Layout) (string, error) {
	file := filepath.Join(dir, s.Series+".txt")
	t := newTable(s.Series)
	text, err := inputfile.Read(file, maxFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return "", err
	default:
		if t, err = parseTable(file, text); err != nil {
			return "", err
		}
	}
	if err := t.add(s); err != nil {
		return "", err
	}
	if layout != nil {
		t.layout = layout
	}
	return file, atomicfile.Write(file, 0o644, t.format())
}
