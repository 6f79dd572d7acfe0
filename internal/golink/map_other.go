//go:build !unix

package golink

import (
	"io"
	"os"
)

// mapOpen reads the first size bytes of f.
func (l *linker) mapOpen(f *os.File, size int) ([]byte, error) {
	data := make([]byte, size)
	_, err := io.ReadFull(f, data)
	return data, err
}

func (l *linker) unmap() {}
