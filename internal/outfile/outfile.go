// Package outfile makes a large file of parts that are written in any order, and looked at and corrected before it is done. The memory in
// which they are is that of the file: pages of the kernel, not of the process. Parts that are put there by write(2) take half the time
// that to write to the mapping does, page fault by page fault; so the mapping is for what is read, and for corrections.
package outfile

import (
	"os"

	"github.com/go3s/rules_go3s/internal/hugepages"
)

// A File is a file of known size while it is made.
type File struct {
	Bytes []byte // what is in it

	file   *os.File // nil for one that is in memory alone
	mapped bool     // Bytes are the file's
}

// New makes size zeros of f, which is empty and open for reading and writing. Where f cannot be mapped with all its blocks, Bytes are
// memory, which Close writes.
func New(f *os.File, size int) *File {
	if data, err := Map(f, size); err == nil {
		return &File{Bytes: data, file: f, mapped: true}
	}
	return &File{Bytes: hugepages.Bytes(size, size), file: f}
}

// InMemory returns data as a File.
func InMemory(data []byte) *File { return &File{Bytes: data} }

// IsMapped reports whether WriteAt takes less than to write to Bytes.
func (f *File) IsMapped() bool { return f.mapped }

// WriteAt puts data at offset off. Others may write elsewhere meanwhile. The error is an *fs.PathError.
func (f *File) WriteAt(data []byte, off int64) error {
	if !f.mapped {
		copy(f.Bytes[off:], data)
		return nil
	}
	_, err := f.file.WriteAt(data, off)
	return err
}

// Close ends the use of Bytes. The os.File stays open.
func (f *File) Close() error {
	if f.mapped {
		unmap(f.Bytes)
		*f = File{}
		return nil
	}
	if f.file == nil {
		return nil
	}
	_, err := f.file.WriteAt(f.Bytes, 0)
	return err
}
