package pcln

import (
	"debug/elf"
	"os"
	"path/filepath"
	"strings"
	"testing"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/gotool"
)

const program = `package main

import "fmt"

type box[T any] struct{ v T }

func (b box[T]) get() T { return b.v }

func check(i int, list []string) string { return list[i] }

func main() {
	defer func() { fmt.Println(recover()) }()
	fmt.Println(box[string]{"x"}.get(), check(3, []string{"a"}))
}
`

// build compiles the program with the go command, in the modes it has without a
// C compiler, and returns the files by name.
func build(t testing.TB, goarch string, args ...string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(program), 0o666); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "out")
	gotool.Output(t, dir, goarch, append(append([]string{"build", "-trimpath", "-o", out}, args...), "main.go")...)
	return out
}

func open(t testing.TB, path string) *goelf.File {
	t.Helper()
	f, err := goelf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// Programs of the go command, in which other sections follow .gopclntab, also
// with addends in a table of relocations, shrink and run.
func TestGoBuild(t *testing.T) {
	for _, test := range []struct {
		name, goarch string
		args         []string
	}{
		{"exe-amd64", "amd64", nil},
		{"exe-riscv64", "riscv64", nil},
		{"pie-amd64", "amd64", []string{"-buildmode=pie"}},
		{"stripped-arm64", "arm64", []string{"-ldflags=-s -w"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := build(t, test.goarch, test.args...)
			f := open(t, path)
			want := ""
			if test.name != "pie-amd64" { // it wants a dynamic loader
				b, err := gotool.Run(t, test.goarch, path).CombinedOutput()
				if err != nil {
					t.Fatalf("%v: %s", err, b)
				}
				want = string(b)
			}
			size := len(f.Data)
			for tier := Full; tier <= Symbolized; tier++ {
				data, _, err := Compact(f, tier, false)
				if err != nil {
					t.Fatal(err)
				}
				// On machines with large pages a file shrinks by whole pages.
				if len(data) > size || tier == Symbolized && len(data) > len(f.Data)*9/10 {
					t.Errorf("%v: %d bytes, after %d", tier, len(data), size)
				}
				size = len(data)
				out := path + "." + tier.String()
				if err := os.WriteFile(out, data, 0o755); err != nil {
					t.Fatal(err)
				}
				if want != "" {
					got, err := gotool.Run(t, test.goarch, out).CombinedOutput()
					if err != nil || string(got) != want {
						t.Errorf("%v: printed %q (%v), want %q", tier, got, err, want)
					}
				}
			}
		})
	}
}

// A section of unknown use behind .gopclntab stays where it is, and the file as
// large as it was.
func TestUnmovable(t *testing.T) {
	path := build(t, "amd64")
	f := open(t, path)
	data := append([]byte{}, f.Data...)
	for i := range f.Sections {
		if s := &f.Sections[i]; s.Str == ".typelink" {
			name := f.Sections[f.Shstrndx].Off + uint64(s.Name)
			copy(data[name:], ".unknown")
		}
	}
	g, err := goelf.Parse(path, data)
	if err != nil {
		t.Fatal(err)
	}
	out, _, err := Compact(g, Functions, false)
	if err != nil {
		t.Fatal(err)
	}
	if len(out) != len(data) || string(out) == string(data) {
		t.Errorf("%d bytes, want %d others", len(out), len(data))
	}
	if err := os.WriteFile(path+".out", out, 0o755); err != nil {
		t.Fatal(err)
	}
	if b, err := gotool.Run(t, "amd64", path+".out").CombinedOutput(); err != nil || !strings.Contains(string(b), "index out of range [3]") {
		t.Errorf("%v: printed %q", err, b)
	}
}

// What is compacted once is compacted: another time gives the same bytes.
func TestIdempotent(t *testing.T) {
	f := open(t, build(t, "amd64"))
	for _, tier := range []Tier{Full, Functions} {
		once, _, err := Compact(f, tier, false)
		if err != nil {
			t.Fatal(err)
		}
		g, err := goelf.Parse("once", once)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := Compact(g, Symbolized, false); err != nil {
			t.Error(err)
		}
		twice, _, err := Compact(g, tier, false)
		if err != nil {
			t.Fatal(err)
		}
		if len(twice) != len(once) {
			t.Errorf("%v: %d bytes, then %d", tier, len(once), len(twice))
		}
	}
}

func TestSymbolizedTwice(t *testing.T) {
	f := open(t, build(t, "amd64"))
	once, _, err := Compact(f, Symbolized, false)
	if err != nil {
		t.Fatal(err)
	}
	g, err := goelf.Parse("once", once)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := Compact(g, Symbolized, false); err == nil || !strings.Contains(err.Error(), "its names are taken out already") {
		t.Errorf("error %v", err)
	}
}

// mutate changes bytes of a program's tables and of moduledata.
func mutate(f *goelf.File, seed []byte) []byte {
	data := append([]byte{}, f.Data...)
	s := f.Section(".gopclntab")
	mod := f.Section(".go.module")
	for ; len(seed) >= 5; seed = seed[5:] {
		at := uint64(le.Uint32(seed))
		if seed[3]&0x80 != 0 {
			data[mod.Off+at%mod.Size] ^= seed[4]
		} else {
			data[s.Off+at%s.Size] ^= seed[4]
		}
	}
	return data
}

// On damaged tables Compact fails or is right: its verification would not let a
// wrong result through, and it does not panic.
func FuzzCompact(f *testing.F) {
	p := open(f, build(f, "amd64", "-ldflags=-s -w"))
	f.Add([]byte{0, 0, 0, 0, 0}, byte(0))
	f.Add([]byte{16, 0, 0, 0, 1, 1, 0, 0, 0x80, 7}, byte(1))
	f.Add([]byte{0, 0x90, 2, 0, 0xff, 0, 0xc0, 3, 0, 1}, byte(2))
	f.Fuzz(func(t *testing.T, seed []byte, tier byte) {
		data := mutate(p, seed)
		g, err := goelf.Parse("mutant", data)
		if err != nil {
			return
		}
		out, _, err := Compact(g, Tier(tier%3), false)
		if (out == nil) == (err == nil) {
			t.Fatalf("%d bytes and error %v", len(out), err)
		}
		if err != nil {
			return
		}
		h, err := goelf.Parse("output", out)
		if err != nil {
			t.Fatal(err)
		}
		if h.Header.Type != uint16(elf.ET_EXEC) {
			t.Errorf("type %d", h.Header.Type)
		}
	})
}
