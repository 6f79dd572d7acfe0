package strip_test

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	. "github.com/go3s/rules_go3s/internal/strip"
)

// The file for debuggers has all symbols, all debug sections and the notes, at
// the same addresses, and nothing of the program.
func TestOnlyKeepDebug(t *testing.T) {
	for _, spec := range executables() {
		in := spec.Build().Data
		out, err := stripBytes(in, &Options{OnlyKeepDebug: true})
		if err != nil {
			t.Fatal(err)
		}
		was, err := elf.NewFile(bytes.NewReader(in))
		if err != nil {
			t.Fatal(err)
		}
		is, err := elf.NewFile(bytes.NewReader(out))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(out, []byte("initial!")) {
			t.Error("program data is still in the file")
		}
		if got, want := symbolNames(t, out), symbolNames(t, in); !slices.Equal(got, want) {
			t.Errorf("symbols %q, want %q", got, want)
		}
		if len(is.Sections) != len(was.Sections) {
			t.Fatalf("%d sections, want %d", len(is.Sections), len(was.Sections))
		}
		for i, s := range is.Sections {
			w := was.Sections[i]
			if s.Name != w.Name || s.Addr != w.Addr || s.Flags != w.Flags || (w.Name != ".strtab" && w.Name != ".shstrtab" && s.Size != w.Size) {
				t.Errorf("section is %+v, was %+v", s.SectionHeader, w.SectionHeader)
			}
			wantType := w.Type
			if w.Flags&elf.SHF_ALLOC != 0 && w.Type != elf.SHT_NOTE {
				wantType = elf.SHT_NOBITS
			}
			if s.Type != wantType {
				t.Errorf("%s has type %v, want %v", s.Name, s.Type, wantType)
			}
			if s.Type == elf.SHT_PROGBITS || s.Type == elf.SHT_NOTE {
				a, _ := w.Data()
				if b, err := s.Data(); err != nil || !bytes.Equal(a, b) {
					t.Errorf("contents of %s differ (%v)", s.Name, err)
				}
			}
		}
		f, err := goelf.Parse("output", out)
		if err != nil {
			t.Fatal(err)
		}
		if notes, err := f.Notes(); err != nil || len(notes) != 1 || notes[0].Name != "test" {
			t.Errorf("notes %v, %v", notes, err)
		}
		for i, p := range is.Progs {
			if w := was.Progs[i]; p.Vaddr != w.Vaddr || p.Memsz != w.Memsz || p.Flags != w.Flags || p.Type != w.Type {
				t.Errorf("segment is %+v, was %+v", p.ProgHeader, w.ProgHeader)
			}
		}
		if _, err := stripBytes(out, &Options{Mode: All}); err == nil || !strings.Contains(err.Error(), "A file for debuggers") {
			t.Errorf("stripping it: error %v", err)
		}
	}
}

func TestDebugLink(t *testing.T) {
	dir := t.TempDir()
	contents := []byte("debug information")
	write := func(name string) *DebugLink {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, contents, 0o644); err != nil {
			t.Fatal(err)
		}
		link, err := NewDebugLink(path)
		if err != nil {
			t.Fatal(err)
		}
		return link
	}
	for _, name := range []string{"abc", "abcd", "prog.debug"} {
		link := write(name)
		for _, spec := range executables() {
			for _, mode := range []Mode{None, Debug, All} {
				out := mustStrip(t, spec.Build().Data, &Options{Mode: mode, DebugLink: link})
				f, err := elf.NewFile(bytes.NewReader(out))
				if err != nil {
					t.Fatal(err)
				}
				s := f.Section(".gnu_debuglink")
				if s == nil {
					t.Fatalf("no .gnu_debuglink")
				}
				data, err := s.Data()
				if err != nil {
					t.Fatal(err)
				}
				n := (len(name) + 4) &^ 3
				if len(data) != n+4 || string(bytes.TrimRight(data[:n], "\x00")) != name || s.Offset%4 != 0 {
					t.Errorf("link is %q at %#x", data, s.Offset)
				}
				if got, want := binary.LittleEndian.Uint32(data[n:]), crc32.ChecksumIEEE(contents); got != want {
					t.Errorf("checksum %#x, want %#x", got, want)
				}
				// A new link takes the place of the old one.
				out = mustStrip(t, out, &Options{Mode: mode, DebugLink: write("other")})
				if n := bytes.Count(out, []byte(".gnu_debuglink\x00")); n != 1 || !bytes.Contains(out, []byte("other\x00\x00\x00")) {
					t.Errorf("%d names .gnu_debuglink, want one, of the new link", n)
				}
			}
		}
	}
	if _, err := NewDebugLink(filepath.Join(dir, "missing")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
}
