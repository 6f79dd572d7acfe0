package strip_test

import (
	"bytes"
	"errors"
	"io"
	"testing"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/elf/elftest"
	. "github.com/go3s/rules_go3s/internal/strip"
)

// What is copied from the input in more than one go arrives whole.
func TestWriteLarge(t *testing.T) {
	spec := elftest.Executable(elftest.Machines[0])
	large := make([]byte, 5<<20/2)
	for i := range large {
		large[i] = byte(i * 7)
	}
	spec.Sections = append(spec.Sections, elftest.Section{Name: ".large", Type: 1, Data: large})
	out := mustStrip(t, spec.Build().Data, &Options{Mode: All})
	f, err := goelf.Parse("output", out)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := f.SectionData(f.Section(".large")); err != nil || !bytes.Equal(got, large) {
		t.Errorf("section of %d bytes differs (%v)", len(got), err)
	}
}

// An input that has shrunk since it was parsed, and an output that cannot be
// written, are errors.
func TestWriteErrors(t *testing.T) {
	data := elftest.Executable(elftest.Machines[0]).Build().Data
	f, err := goelf.Parse("input", data)
	if err != nil {
		t.Fatal(err)
	}
	out, err := Strip(f, &Options{Mode: All})
	if err != nil {
		t.Fatal(err)
	}
	if err := out.Write(io.Discard, bytes.NewReader(data[:200])); err != io.ErrUnexpectedEOF {
		t.Errorf("shrunken input: error %v, want %v", err, io.ErrUnexpectedEOF)
	}
	full := errors.New("disk full")
	for room := range int(out.Size) {
		if err := out.Write(&limitedWriter{room, full}, bytes.NewReader(data)); err != full {
			t.Fatalf("room for %d bytes: error %v, want %v", room, err, full)
		}
	}
}

type limitedWriter struct {
	room int
	err  error
}

func (w *limitedWriter) Write(b []byte) (int, error) {
	if w.room -= len(b); w.room < 0 {
		return 0, w.err
	}
	return len(b), nil
}
