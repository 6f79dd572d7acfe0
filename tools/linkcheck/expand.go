package main

import (
	stdelf "debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/go3s/rules_go3s/internal/inputfile"
)

// expand replaces each directory in paths by the ELF executables in it and below,
// in lexical order. Links in a directory are not followed. A directory without any
// is an error: nothing was proven.
func expand(paths []string) ([]string, error) {
	var out []string
	for _, path := range paths {
		if info, err := os.Stat(path); err != nil || !info.IsDir() {
			out = append(out, path) // opening the file gives the error
			continue
		}
		before := len(out)
		err := filepath.WalkDir(path, func(file string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.Type().IsRegular() {
				return err
			}
			ok, err := isExecutable(file)
			if ok {
				out = append(out, file)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		if len(out) == before {
			return nil, fmt.Errorf("%s: the directory holds no ELF executable", path)
		}
	}
	return out, nil
}

// isExecutable reports whether the file begins as an ELF file of type ET_EXEC or
// ET_DYN, of whatever class and machine.
func isExecutable(path string) (bool, error) {
	file, err := inputfile.Open(path)
	if err != nil {
		return false, err
	}
	defer file.Close()
	var head [18]byte
	if _, err := io.ReadFull(file, head[:]); errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	var order binary.ByteOrder = binary.LittleEndian
	if stdelf.Data(head[stdelf.EI_DATA]) == stdelf.ELFDATA2MSB {
		order = binary.BigEndian
	}
	typ := stdelf.Type(order.Uint16(head[16:]))
	return string(head[:4]) == stdelf.ELFMAG && (typ == stdelf.ET_EXEC || typ == stdelf.ET_DYN), nil
}
