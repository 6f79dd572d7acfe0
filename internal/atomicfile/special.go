package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/go3s/rules_go3s/internal/inputfile"
)

// special returns what path must be opened to write to, because it is no place for a file: nil for a regular file, for
// nothing, and for a link to one of these.
func special(path string) (*os.File, error) {
	if f, err := openDescriptor(path); f != nil || err != nil {
		return f, err
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil // or its directory is not there, which to make a file there tells
	case err != nil:
		return nil, err
	}
	switch mode := info.Mode(); {
	case mode.IsRegular():
		return nil, nil
	case mode.IsDir() || mode&fs.ModeSocket != 0:
		return nil, &fs.PathError{Op: "write", Path: path, Err: fmt.Errorf("is %s, want a file, a named pipe or a device", inputfile.Kind(mode))}
	case mode&fs.ModeNamedPipe != 0:
		return openPipe(path)
	}
	return os.OpenFile(path, os.O_WRONLY, 0)
}

// IsSpecial reports whether path is written to rather than replaced, or refused: it is no regular file, and nothing
// may be made beside it.
func IsSpecial(path string) bool {
	if _, _, ok := descriptorLink(path); ok {
		return true
	}
	info, err := os.Stat(path)
	return err == nil && !info.Mode().IsRegular()
}
