//go:build !unix

package elf

import (
	"io"
	"math"
	"os"
)

// Map reads file and parses it: this system lacks a mapping of files that package
// syscall knows.
func Map(file *os.File) (*File, error) {
	data, err := io.ReadAll(io.NewSectionReader(file, 0, math.MaxInt64))
	if err != nil {
		return nil, err
	}
	return Parse(file.Name(), data)
}

// Close does nothing: there is no mapping to undo.
func (f *File) Close() error { return nil }
