//go:build !unix

package golink

import (
	"io"
	"os"
)

// mapFile reads the first size bytes of f.
func mapFile(f *os.File, size int) ([]byte, error) {
	data := make([]byte, size)
	_, err := io.ReadFull(f, data)
	return data, err
}

func unmap([]byte) {}
