package golink

import (
	"bytes"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestRefusals links programs that cmd/link refuses.
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
	const assembly = "TEXT ·g(SB), 0, $0\n\tRET\n"
	for _, tt := range []struct {
		name  string
		files map[string]string
		flags []string
		set   func(*Config)
		err   string // of Link
	}{
		{
			name:  "undefined",
			files: map[string]string{"main.go": "package main\n\nfunc missing()\n\nfunc main() { missing() }\n", "empty.s": ""},
			err:   "main.main (package main) refers to main.missing, which no package defines",
		},
		{
			name:  "linkname into the standard library",
			files: map[string]string{"main.go": linkname, "empty.s": ""},
			err:   "package main: refers by go:linkname to os.newFile of package os",
		},
		{
			name:  "restricted linkname",
			files: map[string]string{"main.go": restricted, "empty.s": ""},
			err:   "package main: refers by go:linkname to time.runtimeNow, which time may do only",
		},
		{
			name:  "duplicate",
			files: map[string]string{"main.go": "package main\n\nfunc main() {}\n", "a.s": assembly, "b.s": assembly},
			err:   "symbol main.g: defined in package main",
		},
		{
			name:  "too much stack without a check",
			files: map[string]string{"main.go": nosplit},
			err:   "bytes without a stack check, want at most 792: main.f, which takes",
		},
		{
			name:  "-X of a variable that is no string",
			files: map[string]string{"main.go": "package main\n\nvar n = 1\n\nfunc main() { println(n) }\n"},
			flags: []string{"-X=main.n=2"},
			set:   func(c *Config) { c.XDefs = [][2]string{{"main.n", "2"}} },
			err:   "-X main.n: a variable of type int, want string",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			tt.files["go.mod"] = "module refused\n\ngo 1.26\n"
			for name, text := range tt.files {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			cfg, importcfg := archives(t, "amd64", dir, ".")
			if tt.set != nil {
				tt.set(&cfg)
			}
			if out, err := cmdLink(t, "amd64", cfg, importcfg, append(tt.flags, "-s")...).CombinedOutput(); err == nil {
				t.Errorf("cmd/link links it: %s", out)
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
	for _, tt := range []struct {
		name string
		cfg  Config
		err  string
	}{
		{
			"fingerprint", change("fmt", func(b []byte) []byte { after(b)[0] ^= 1; return b }),
			"package fmt: export data has fingerprint",
		},
		{
			"release", change("fmt", func(b []byte) []byte { return bytes.ReplaceAll(b, []byte(" amd64 go1."), []byte(" amd64 go9.")) }),
			"want one release and one configuration",
		},
		{"flag -p", change("fmt", func(b []byte) []byte { after(b)[8] |= 8; return b }), "compiled without -p"},
		{"no object", change("fmt", func(b []byte) []byte { return []byte("text") }), "want a Go object"},
		{"ELF object", change("fmt", func(b []byte) []byte { return []byte("\x7fELF") }), "this needs the SDK's linker"},
		{"empty", change("fmt", func(b []byte) []byte { return nil }), "the file is empty"},
	} {
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
	}
	if refused < tries/10 {
		t.Errorf("%d of %d changed programs were refused", refused, tries)
	}
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
