// Package gobin reads what a Go executable says of itself: its build
// information, its function and file tables, its module data and its FIPS 140
// integrity record. It works on stripped files too, for the Go runtime needs
// these tables and so nothing that keeps the program running can remove them.
//
// It is made for hostile input: every offset and count is checked against the
// bytes at hand before use, memory use does not depend on what the file claims,
// and nothing panics. It refuses tables older than Go 1.20, whose layout
// differs, and it never executes or changes a file.
//
// The formats belong to the Go toolchain and have no specification. Each file of
// this package names the parts of the Go 1.26 source tree that it agrees with.
package gobin

import (
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"

	goelf "github.com/go3s/rules_go3s/internal/elf"
)

// ErrNotGo says that a file holds no trace of the part of a Go executable that
// was asked for. Test with errors.Is.
var ErrNotGo = errors.New("not a Go executable")

var le = binary.LittleEndian

// errorf makes an error about the table named what in file f.
func errorf(f *goelf.File, off uint64, format string, args ...any) error {
	return &goelf.FormatError{File: f.Name, Off: off, Msg: fmt.Sprintf(format, args...)}
}

// notGo makes an error that is ErrNotGo and says what was missing.
func notGo(f *goelf.File, what string) error {
	return fmt.Errorf("%s: %s: %w", f.Name, what, ErrNotGo)
}

// segments yields the loadable segments of f whose flags, limited to mask, are
// want, with their bytes in the file.
func segments(f *goelf.File, mask, want elf.ProgFlag) func(yield func(*elf.Prog64, []byte) bool) {
	return func(yield func(*elf.Prog64, []byte) bool) {
		for i := range f.Progs {
			p := &f.Progs[i]
			if elf.ProgType(p.Type) != elf.PT_LOAD || elf.ProgFlag(p.Flags)&mask != want {
				continue
			}
			data, err := f.SegmentData(p)
			if err == nil && !yield(p, data) {
				return
			}
		}
	}
}
