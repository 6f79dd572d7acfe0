//go:build !unix

package elf

import (
	"io"
	"math"
	"os"
)

// Open reads the file at path and parses it. The error is an *fs.PathError or a
// *FormatError.
func Open(path string) (*File, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return Map(file)
}

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
