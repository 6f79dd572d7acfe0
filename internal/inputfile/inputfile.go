// Package inputfile opens and reads the files that a command line names. It refuses what is no regular file, without
// waiting for it: a named pipe has nobody who writes, a device may have no end. What is read into memory is bounded.
package inputfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// Bounds for Read, in bytes.
const (
	Text = 64 << 20 // of what people write: policies, lists, budgets, reports
	Data = 1 << 30  // of what tools write: objects, side files, contents of sections, logs
)

// Open opens the regular file at path, or what a symbolic link points to, for reading. The error is an *fs.PathError.
func Open(path string) (*os.File, error) {
	// To open a device can have an effect, so look first; to look again finds out what has changed meanwhile.
	if err := Check(path); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDONLY|nonblock, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil {
		err = CheckInfo(path, info)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// Check returns the error that Open would return for what is no regular file, for files that other programs open.
func Check(path string) error {
	info, err := os.Stat(path)
	if err == nil {
		return CheckInfo(path, info)
	}
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		e.Op = "open"
	}
	return err
}

// kinds are names of files that are not regular.
var kinds = []struct {
	mode fs.FileMode
	name string
}{
	{fs.ModeDir, "a directory"},
	{fs.ModeNamedPipe, "a named pipe"},
	{fs.ModeSocket, "a socket"},
	{fs.ModeDevice, "a device"}, // character devices have this bit, too
}

// Kind returns what a file of that mode is, such as "a named pipe".
func Kind(mode fs.FileMode) string {
	for _, k := range kinds {
		if mode&k.mode != 0 {
			return k.name
		}
	}
	return "a regular file"
}

// CheckInfo returns an *fs.PathError unless info is of a regular file.
func CheckInfo(path string, info fs.FileInfo) error {
	if info.Mode().IsRegular() {
		return nil
	}
	return &fs.PathError{Op: "open", Path: path, Err: fmt.Errorf("is %s, want a regular file", Kind(info.Mode()))}
}

// Read returns the contents of the regular file at path. The error is an *fs.PathError, also when the file has more than
// limit bytes, and when it gets shorter while it is read.
func Read(path string, limit int64) ([]byte, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	fail := func(format string, args ...any) error {
		return &fs.PathError{Op: "read", Path: path, Err: fmt.Errorf(format, args...)}
	}
	size := info.Size()
	if size > limit {
		return nil, tooLarge(path, size, limit)
	}
	if size == 0 {
		return ReadStream(f, path, limit) // files of /proc say so, whatever they hold
	}
	data := make([]byte, size)
	switch n, err := io.ReadFull(f, data); {
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return nil, fail("has got shorter while it was read: %d bytes, want the %d it had. Run the command again when nothing writes to it", n, size)
	case err != nil:
		return nil, err
	}
	return data, nil
}

// ReadFS is Read of a file in a folder that is given as a file system.
func ReadFS(fsys fs.FS, path string, limit int64) ([]byte, error) {
	info, err := fs.Stat(fsys, path)
	if err == nil {
		err = CheckInfo(path, info)
	}
	if err == nil && info.Size() > limit {
		err = tooLarge(path, info.Size(), limit)
	}
	if err != nil {
		return nil, err
	}
	return fs.ReadFile(fsys, path)
}

func tooLarge(path string, size, limit int64) error {
	return &fs.PathError{Op: "read", Path: path, Err: fmt.Errorf("has %d bytes, want at most %d", size, limit)}
}

// ReadStream returns what r has, which is called name, as a pipe has no size that could be looked at before. The error is that of r, or
// an *fs.PathError when there are more than limit bytes.
func ReadStream(r io.Reader, name string, limit int64) ([]byte, error) {
	// Pieces that are joined in the end take half of the memory of one that grows.
	var pieces [][]byte
	for size := int64(0); ; {
		piece := make([]byte, min(max(size, 64<<10), limit+1-size))
		n, err := io.ReadFull(r, piece)
		pieces = append(pieces, piece[:n])
		if size += int64(n); size > limit {
			return nil, &fs.PathError{Op: "read", Path: name, Err: fmt.Errorf("has more than %d bytes, want at most that", limit)}
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return append([]byte{}, bytes.Join(pieces, nil)...), nil // not nil, which callers take for no file
		}
		if err != nil {
			return nil, err
		}
	}
}
