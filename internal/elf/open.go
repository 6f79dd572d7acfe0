package elf

import (
	"io/fs"

	"github.com/go3s/rules_go3s/internal/inputfile"
)

// Open reads the file at path and parses it, as Map does. The caller closes it.
func Open(path string) (*File, error) {
	file, err := inputfile.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close() // a mapping outlives the descriptor
	return Map(file)
}

// checkRegular returns an error for what is no regular file.
func checkRegular(path string, info fs.FileInfo) error {
	return inputfile.CheckInfo(path, info)
}
