// Package atomicfile writes output files whole or not at all. It refuses to
// leave a partial file behind: a failed write removes what it had begun.
package atomicfile

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Write puts the concatenation of chunks into the file path, as WriteFunc does.
func Write(path string, mode fs.FileMode, chunks ...[]byte) error {
	return WriteFunc(path, mode, func(w io.Writer) error {
		for _, c := range chunks {
			if _, err := w.Write(c); err != nil {
				return err
			}
		}
		return nil
	})
}

// WriteFunc puts what write writes into the file path with exactly the
// permissions mode, replacing what was there. The bytes go by write(2), call by
// call, to a temporary file beside path, which is then renamed, so that a reader
// sees the old file or the new one and a hard link to the old file keeps its
// content.
//
// The error is that of write, or the *fs.PathError or *os.LinkError of the step
// that failed; path is untouched then, as it is when write panics.
func WriteFunc(path string, mode fs.FileMode, write func(io.Writer) error) error {
	return writeFunc(path, write, func(f *os.File) error { return f.Chmod(mode.Perm()) })
}

// Replace does the same for a file that old describes, and gives it old's owner, group and mode as far as this process
// may: permissions always, set-user-ID and set-group-ID only with the owner and group that they speak of.
func Replace(path string, old fs.FileInfo, write func(io.Writer) error) error {
	return writeFunc(path, write, func(f *os.File) error {
		mode := old.Mode().Perm()
		if chown(f, old) {
			mode |= old.Mode() & (fs.ModeSetuid | fs.ModeSetgid)
		}
		return f.Chmod(mode) // after chown, which clears these bits
	})
}

// writeFunc lets finish set owner and mode of the temporary file.
func writeFunc(path string, write func(io.Writer) error, finish func(*os.File) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".tmp*")
	if err != nil {
		return err
	}
	renamed := false
	defer func() {
		if !renamed {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	if err := write(f); err != nil {
		return err
	}
	if err := finish(f); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	renamed = true
	return nil
}
