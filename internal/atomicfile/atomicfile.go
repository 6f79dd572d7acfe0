// Package atomicfile writes output files whole or not at all. It refuses to
// leave a partial file behind: a failed write removes what it had begun.
package atomicfile

import (
	"io/fs"
	"os"
	"path/filepath"
)

// Write puts the concatenation of chunks into the file path with exactly the
// permissions mode, replacing what was there. The bytes go by write(2) to a
// temporary file beside path, which is then renamed, so that a reader sees the
// old file or the new one and a hard link to the old file keeps its content.
//
// The error is the *fs.PathError of the step that failed; path is untouched then.
func Write(path string, mode fs.FileMode, chunks ...[]byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".tmp*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	for _, c := range chunks {
		if _, err = f.Write(c); err != nil {
			return err
		}
	}
	if err = f.Chmod(mode.Perm()); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
