//go:build !unix

package elf

import "os"

// Open reads the file at path and parses it. The error is an *fs.PathError or a
// *FormatError.
func Open(path string) (*File, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return Parse(path, data)
}

// Close does nothing: there is no mapping to undo.
func (f *File) Close() error { return nil }
