package golink

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/link"
)

// TestRefusals links programs that cmd/link refuses, and holds both to their words.
func TestRefusals(t *testing.T) {
	const linkname = `package main

import (
	"os"
	_ "unsafe"
)

//go:linkname f os.newFile
func f(int, string, int, bool) *os.File

func main() { f(1, "", 0, false) }
`
	const restricted = `package main

import _ "unsafe"

//go:linkname f time.runtimeNow
func f() (int64, int32, int64)

func main() { f() }
`
	const nosplit = `package main

//go:nosplit
//go:noinline
func f(n int) byte {
	var a [600]byte
	a[n%600] = 1
	return g(&a, n)
}

//go:nosplit
//go:noinline
func g(p *[600]byte, n int) byte {
	var b [300]byte
	b[n%300] = p[1]
	return h(&b, n)
}

//go:nosplit
//go:noinline
func h(p *[300]byte, n int) byte { return p[n%300] }

func main() { println(f(3)) }
`
	const (
		undefinedA = "package a\n\nimport \"refused/b\"\n\nfunc F() { b.F() }\n"
		undefinedB = "package b\n\nfunc missing()\n\n//go:noinline\nfunc F() { missing() }\n"
		variable   = "package main\n\nfunc f()\n\nfunc main() { f() }\n"
	)
	const assembly = "TEXT ·g(SB), 0, $0\n\tRET\n"
	for _, tt := range []struct {
		name  string
		files map[string]string
		flags []string
		set   func(*Config)
		err   string // of Link
		says  string // cmd/link
	}{
		{
			name:  "undefined",
			files: map[string]string{"main.go": "package main\n\nfunc missing()\n\nfunc main() { missing() }\n", "empty.s": ""},
			err:   "main.main (package main) refers to main.missing, which no package defines",
			says:  "main.main: relocation target main.missing not defined",
		},
		{
			name:  "linkname into the standard library",
			files: map[string]string{"main.go": linkname, "empty.s": ""},
			err:   "package main: refers by go:linkname to os.newFile of package os",
			says:  "main: invalid reference to os.newFile",
		},
		{
			name:  "restricted linkname",
			files: map[string]string{"main.go": restricted, "empty.s": ""},
			err:   "package main: refers by go:linkname to time.runtimeNow, which time may do only",
			says:  "main: invalid reference to time.runtimeNow",
		},
		{
			name:  "duplicate",
			files: map[string]string{"main.go": "package main\n\nfunc main() {}\n", "a.s": assembly, "b.s": assembly},
			err:   "symbol main.g: defined in package main",
			says:  "duplicated definition of symbol main.g",
		},
		{
			name:  "too much stack without a check",
			files: map[string]string{"main.go": nosplit},
			err:   "bytes without a stack check, want at most 792: main.f, which takes",
			says:  "main.f: nosplit stack over 792 byte limit",
		},
		{
			name:  "-X of a variable that is no string",
			files: map[string]string{"main.go": "package main\n\nvar n = 1\n\nfunc main() { println(n) }\n"},
			flags: []string{"-X=main.n=2"},
			set:   func(c *Config) { c.XDefs = [][2]string{{"main.n", "2"}} },
			err:   "-X main.n: a variable of type int, want string",
			says:  "main.n: cannot set with -X: not a var of type string (type:int)",
		},
		{
			name:  "no main",
			files: map[string]string{"main.go": "package main\n\nfunc init() { println() }\n"},
			err:   "function main is undeclared in the main package",
			says:  "function main is undeclared in the main package",
		},
		{
			name: "other ABI",
			files: map[string]string{
				"main.go": "package main\n\nimport _ \"refused/a\"\n\nfunc f()\n\nfunc main() { f() }\n",
				"f.s":     "TEXT ·f(SB), 0, $0\n\tCALL refused∕a·F(SB)\n\tRET\n",
				"a/a.go":  "package a\n\n//go:noinline\nfunc F() { println() }\n",
			},
			err:  "main.f (package main) refers to refused/a.F, which no package defines for ABI0; there is one for ABIInternal",
			says: "main.f: relocation target refused/a.F not defined for ABI0 (but is defined for ABIInternal)",
		},
		{
			name:  "missing in an imported package",
			files: map[string]string{"main.go": "package main\n\nimport \"refused/a\"\n\nfunc main() { a.F() }\n", "a/a.go": undefinedA, "b/b.go": undefinedB, "b/empty.s": ""},
			err:   "refused/b.F (package refused/b, imported by refused/a, imported by main) refers to refused/b.missing, which no package defines",
			says:  "refused/b.F: relocation target refused/b.missing not defined",
		},
		{
			name:  "variable without a type",
			files: map[string]string{"main.go": variable, "a.s": "GLOBL ·data(SB), 0, $24\nTEXT ·f(SB), 0, $0\n\tLEAQ ·data(SB), AX\n\tRET\n"},
			err:   "variable main.data: no type, which the garbage collector needs (24 bytes)",
			says:  "missing Go type information for global symbol main.data: size 24",
		},
		{
			name:  "too much data",
			files: map[string]string{"main.go": "package main\n\nvar a, b [1<<30]byte\n\nfunc main() { a[len(b)-1], b[0] = 1, 2; println(&a, &b) }\n"},
			err:   "too much data: section .noptrbss ends at",
			says:  "too much data, last section",
		},
		{
			name:  "not package main",
			files: map[string]string{"main.go": "package main\n\nimport \"refused/a\"\n\nfunc main() { a.F() }\n", "a/a.go": "package a\n\nfunc F() {}\n"},
			set:   func(c *Config) { c.Main = c.Packages["refused/a"] },
			err:   "not package main",
			says:  "not package main",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			tt.files["go.mod"] = "module refused\n\ngo 1.26\n"
			for name, text := range tt.files {
				file := filepath.Join(dir, name)
				if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, []byte(text), 0o600)); err != nil {
					t.Fatal(err)
				}
			}
			cfg, importcfg := archives(t, "amd64", dir, ".")
			if tt.set != nil {
				tt.set(&cfg)
			}
			out, err := cmdLink(t, "amd64", cfg, importcfg, append(tt.flags, "-s")...).CombinedOutput()
			if err == nil || !strings.Contains(string(out), tt.says) {
				t.Errorf("cmd/link: %v, %s\nwant %q", err, out, tt.says)
			}
			if image, err := Link(cfg); image != nil || err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("error %v, want %q", err, tt.err)
			}
		})
	}
}

// TestOtherBuild replaces an archive of a program by that of the same package in another build.
func TestOtherBuild(t *testing.T) {
	cfg, _ := archives(t, "amd64", filepath.Join("..", "..", "tools", "golink", "testdata", "hello"), ".")
	change := func(pkg string, f func([]byte) []byte) Config {
		c := cfg
		c.Packages = maps.Clone(cfg.Packages)
		data, err := os.ReadFile(cfg.Packages[pkg])
		if err != nil {
			t.Fatal(err)
		}
		c.Packages[pkg] = filepath.Join(t.TempDir(), "changed.a")
		if err := os.WriteFile(c.Packages[pkg], f(data), 0o600); err != nil {
			t.Fatal(err)
		}
		return c
	}
	const magic = "\x00go120ld"
	after := func(b []byte) []byte { return b[bytes.Index(b, []byte(magic))+len(magic):] }
	// block returns where a block of the object begins, after the magic; symbols returns those that it defines.
	block := func(b []byte, n int) int { return int(binary.LittleEndian.Uint32(after(b)[8+4+4*n:])) }
	symbols := func(b []byte) []byte { return after(b)[block(b, 3)-len(magic):] }
	unsupported := ErrUnsupported.Error()
	for _, tt := range []struct {
		name string
		cfg  Config
		err  string
		says string // cmd/link; "" where it is asked when Link does not know what to do
	}{
		{
			"fingerprint", change("fmt", func(b []byte) []byte { after(b)[0] ^= 1; return b }),
			"package fmt: export data has fingerprint", "fingerprint mismatch: fmt has",
		},
		{
			"release", change("fmt", func(b []byte) []byte { return bytes.ReplaceAll(b, []byte(" amd64 go1."), []byte(" amd64 go9.")) }),
			"want one release and one configuration", "linked object header mismatch",
		},
		{"flag -p", change("fmt", func(b []byte) []byte { after(b)[8] |= 8; return b }), "compiled without -p", "compiler requires -p flag"},
		{"no object", change("fmt", func(b []byte) []byte { return []byte("text") }), "want a Go object", "reference to nonexistent package fmt"},
		{"empty", change("fmt", func(b []byte) []byte { return nil }), "the file is empty", "reference to nonexistent package fmt"},
		{"ELF object", change("fmt", func(b []byte) []byte { return []byte("\x7fELF") }), unsupported, ""},
		{"unknown flag", change("fmt", func(b []byte) []byte { after(b)[8] |= 32; return b }), "flags 0x20, which are not known: " + unsupported, ""},
		{"unknown kind", change("fmt", func(b []byte) []byte { symbols(b)[10] = 26; return b }), "is of kind 26, which is not known: " + unsupported, ""},
		{"unknown flag of a symbol", change("fmt", func(b []byte) []byte { symbols(b)[12] |= 128; return b }), "has flags 0x8000, which are not known: " + unsupported, ""},
		{"unknown relocation", change("runtime", func(b []byte) []byte {
			relocs := after(b)[block(b, 14)-len(magic) : block(b, 15)-len(magic)]
			for i := 0; i < len(relocs); i += 23 {
				relocs[i+5], relocs[i+6] = 200, 0
			}
			return b
		}), "relocation type 200, which is not known for amd64: " + unsupported, ""},
	} {
		if tt.says != "" {
			importcfg := filepath.Join(t.TempDir(), "importcfg")
			var text strings.Builder
			for path, file := range tt.cfg.Packages {
				fmt.Fprintf(&text, "packagefile %s=%s\n", path, file)
			}
			if err := os.WriteFile(importcfg, []byte(text.String()), 0o600); err != nil {
				t.Fatal(err)
			}
			out, err := cmdLink(t, "amd64", tt.cfg, importcfg, "-s").CombinedOutput()
			if err == nil || !strings.Contains(string(out), tt.says) {
				t.Errorf("%s: cmd/link: %v, %s\nwant %q", tt.name, err, out, tt.says)
			}
		}
		if image, err := Link(tt.cfg); image != nil || err == nil || !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%s: error %v, want %q", tt.name, err, tt.err)
		}
	}
	missing := cfg
	missing.Packages = maps.Clone(cfg.Packages)
	delete(missing.Packages, "fmt")
	if _, err := Link(missing); err == nil || !strings.Contains(err.Error(), "package fmt, imported by main: no archive") {
		t.Errorf("error %v without fmt's archive", err)
	}
}

// TestMutations changes bytes of archives in all parts of the objects: Link and Object refuse the program or link it, and end.
func TestMutations(t *testing.T) {
	cfg, _ := archives(t, "amd64", filepath.Join("..", "..", "tools", "golink", "testdata", "hello"), ".")
	random := rand.New(rand.NewPCG(1, 2))
	packages := slices.Sorted(maps.Keys(cfg.Packages))
	file := filepath.Join(t.TempDir(), "changed.a")
	refused := 0
	const tries = 100
	for i := range tries {
		pkg := packages[random.IntN(len(packages))]
		if random.IntN(3) == 0 {
			pkg = "runtime"
		}
		data, err := os.ReadFile(cfg.Packages[pkg])
		if err != nil {
			t.Fatal(err)
		}
		mutate(data, random)
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		c := cfg
		c.Packages = maps.Clone(cfg.Packages)
		c.Packages[pkg] = file
		if i%2 == 0 {
			image, err := Link(c)
			if (image == nil) == (err == nil) {
				t.Fatalf("image and error %v", err)
			}
		}
		c.PIE = i%4 == 1
		object, err := Object(c)
		if (object == nil) == (err == nil) {
			t.Fatalf("object and error %v", err)
		}
		if err != nil {
			refused++
		}
		checkLayout(t, c, object, err)
	}
	if refused < tries/10 {
		t.Errorf("%d of %d changed programs were refused", refused, tries)
	}
}

// checkLayout fails the test unless Layout, for package link, gives an error or the program that package link makes of the object, in
// memory and in a file. Of an object that is refused, objectErr says why.
func checkLayout(t *testing.T, c Config, object []byte, objectErr error) {
	t.Helper()
	opt := link.Options{PIE: c.PIE, StripSymbols: true}
	var got *link.Output
	err := Layout(c, func(p *link.Program) (err error) {
		got, err = link.LinkProgram("layout", p, opt)
		return err
	})
	inFile, fileErr := layoutFile(t, c, opt)
	if (err == nil) != (fileErr == nil) {
		t.Errorf("in memory: %v; in a file: %v", err, fileErr)
	}
	if err != nil || fileErr != nil {
		return
	}
	if !bytes.Equal(got.File, inFile) {
		t.Error("Layout gives another program in a file than in memory")
	}
	if object == nil {
		// An object has a name for all that relocations refer to.
		if !strings.Contains(objectErr.Error(), "that the symbol table lacks") {
			t.Errorf("Layout links what Object refuses: %v", objectErr)
		}
		return
	}
	want, err := link.Link("object", object, opt)
	if err != nil {
		t.Errorf("Layout links an object that package link refuses: %v", err)
	} else if !bytes.Equal(got.File, want.File) {
		t.Error("Layout gives another program than Object")
	}
}

// layoutFile returns the program that Layout and package link make in a file.
func layoutFile(t *testing.T, c Config, opt link.Options) ([]byte, error) {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "program"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := Layout(c, func(p *link.Program) error { return link.LinkProgramTo(f, "layout", p, opt) }); err != nil {
		return nil, err
	}
	data, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	return data, nil
}

// mutate changes a few bytes of one block of the first object in an archive.
func mutate(archive []byte, random *rand.Rand) {
	const blocks = 18
	obj := bytes.Index(archive, []byte("\x00go120ld"))
	at := func(i int) int {
		off := obj + 8 + 8 + 4 + 4*i
		return obj + int(archive[off]) + int(archive[off+1])<<8 + int(archive[off+2])<<16 + int(archive[off+3])<<24
	}
	for range 1 + random.IntN(3) {
		b := random.IntN(blocks)
		from, to := at(b), at(b+1)
		if random.IntN(10) == 0 {
			from, to = obj, obj+100 // the header
		}
		if from >= to || from < 0 || to > len(archive) {
			continue
		}
		p := from + random.IntN(to-from)
		switch random.IntN(3) {
		case 0:
			archive[p] ^= 1 << random.IntN(8)
		case 1:
			copy(archive[p:], "\xff\xff\xff\xff")
		case 2: // an entry of another place
			copy(archive[p:], archive[from+random.IntN(to-from):][:min(8, len(archive)-to+1)])
		}
	}
}
