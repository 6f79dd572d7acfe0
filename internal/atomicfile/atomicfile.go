// Package atomicfile writes output files whole or not at all, also several together. It refuses to
// leave a partial file behind: a failed write removes what it had begun.
//
// # What a path may be
//
// A path that names a file, nothing, or a symbolic link to one of these gets the output by renaming: a link is replaced, and
// what it pointed to stays as it was, as GNU strip and objcopy do with -o. A device, a named pipe, and a link to one of these or to
// an open descriptor (/dev/stdout, /proc/self/fd/N) is written to, for it is no place for another file. Directories and sockets are
// refused, and named pipes from which nobody reads.
package atomicfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Write puts the concatenation of chunks into the file path, as WriteFunc does.
func Write(path string, mode fs.FileMode, chunks ...[]byte) error {
	var b Batch
	defer b.Close()
	if err := b.Write(path, mode, chunks...); err != nil {
		return err
	}
	return b.Commit()
}

// WriteFunc puts what write writes into the file path with exactly the
// permissions mode, replacing what was there. The bytes go by write(2), call by
// call, to a temporary file beside path, which is then renamed, so that a reader
// sees the old file or the new one and a hard link to the old file keeps its
// content. What is written to instead (see the package comment) gets the bytes when write has returned,
// and keeps its permissions. The writer is an io.WriterAt, too.
//
// The error is that of write, or the *fs.PathError or *os.LinkError of the step
// that failed; path is untouched then, as it is when write panics.
func WriteFunc(path string, mode fs.FileMode, write func(io.Writer) error) error {
	var b Batch
	defer b.Close()
	if err := b.WriteFunc(path, mode, write); err != nil {
		return err
	}
	return b.Commit()
}

// A Batch is outputs that appear together. Its methods prepare them beside their places, Commit puts
// them there, and Close, which is to be deferred, removes what Commit has not. The zero value is empty.
type Batch struct {
	renames []rename
	streams []stream
}

// A rename is a finished file that Commit moves to its path.
type rename struct{ temporary, path string }

// A stream is what Commit writes to something that is no regular file.
type stream struct {
	file *os.File
	data []byte
}

// Write is the function Write, up to Commit.
func (b *Batch) Write(path string, mode fs.FileMode, chunks ...[]byte) error {
	return b.WriteFunc(path, mode, func(w io.Writer) error {
		for _, c := range chunks {
			if _, err := w.Write(c); err != nil {
				return err
			}
		}
		return nil
	})
}

// WriteFunc is the function WriteFunc, up to Commit.
func (b *Batch) WriteFunc(path string, mode fs.FileMode, write func(io.Writer) error) error {
	return b.write(path, write, func(f *os.File) error { return f.Chmod(mode.Perm()) })
}

// Replace does the same for a file that old describes, and gives it old's owner, group and mode as far as this process
// may: permissions always, set-user-ID and set-group-ID only with the owner and group that they speak of. It also keeps file
// capabilities (capabilities(7)), which a file loses when it is written; lost is the error where that is not possible.
func (b *Batch) Replace(path string, old fs.FileInfo, write func(io.Writer) error) (lost, err error) {
	err = b.write(path, write, func(f *os.File) error {
		mode := old.Mode().Perm()
		if chown(f, old) {
			mode |= old.Mode() & (fs.ModeSetuid | fs.ModeSetgid)
		}
		if err := f.Chmod(mode); err != nil { // after chown, which clears these bits
			return err
		}
		lost = keepCapabilities(path, f.Name())
		return nil
	})
	return lost, err
}

// Move takes the finished file temporary, on the file system of path, for path.
func (b *Batch) Move(path, temporary string) error {
	w, err := special(path)
	switch {
	case err != nil:
		return err
	case w == nil:
		b.renames = append(b.renames, rename{temporary, path})
		return nil
	}
	data, err := os.ReadFile(temporary)
	b.streams = append(b.streams, stream{w, data})
	return err
}

// write lets finish set owner and mode of the temporary file.
func (b *Batch) write(path string, write func(io.Writer) error, finish func(*os.File) error) error {
	switch w, err := special(path); {
	case err != nil:
		return err
	case w != nil:
		var m memory
		b.streams = append(b.streams, stream{file: w})
		err := write(&m)
		b.streams[len(b.streams)-1].data = m
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".tmp*")
	if err != nil {
		return err
	}
	defer f.Close()
	b.renames = append(b.renames, rename{f.Name(), path})
	if err := write(f); err != nil {
		return err
	}
	if err := finish(f); err != nil {
		return err
	}
	return f.Close()
}

// Commit puts all outputs into their places. After an error none of them that would be a file is there.
func (b *Batch) Commit() error {
	for _, s := range b.streams {
		_, err := s.file.Write(s.data)
		if err := errors.Join(err, s.file.Close()); err != nil {
			return err
		}
	}
	b.streams = nil
	for i, r := range b.renames {
		if err := os.Rename(r.temporary, r.path); err != nil {
			for _, done := range b.renames[:i] {
				os.Remove(done.path)
			}
			return err
		}
	}
	b.renames = nil
	return nil
}

// Close removes what has been prepared and not committed.
func (b *Batch) Close() {
	for _, s := range b.streams {
		s.file.Close()
	}
	for _, r := range b.renames {
		os.Remove(r.temporary)
	}
	*b = Batch{}
}

// memory is a writer to itself.
type memory []byte

func (m *memory) Write(p []byte) (int, error) {
	*m = append(*m, p...)
	return len(p), nil
}

// WriteAt overwrites what has been written.
func (m *memory) WriteAt(p []byte, off int64) (int, error) {
	if off < 0 || off > int64(len(*m)) || int64(len(p)) > int64(len(*m))-off {
		return 0, io.ErrShortWrite
	}
	return copy((*m)[off:], p), nil
}
