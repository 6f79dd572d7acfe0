package main

import (
	"bytes"
	"debug/buildinfo"
	"debug/elf"
	"debug/gosym"
	"os"
	"path/filepath"
	"strings"
	"testing"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/gotool"
)

// goPrograms returns real Go programs with symbols and debug information: those
// that GO3S_TEST_BINARIES names (paths separated like those of PATH), else
// testdata/hello built by the go command.
func goPrograms(t *testing.T) []string {
	if list := filepath.SplitList(os.Getenv("GO3S_TEST_BINARIES")); len(list) > 0 {
		return list
	}
	dir := t.TempDir()
	var paths []string
	build := func(goarch, mode string) {
		path := filepath.Join(dir, "hello-"+goarch+"-"+mode)
		gotool.Output(t, ".", goarch, "build", "-buildmode="+mode, "-o", path, "testdata/hello/hello.go")
		paths = append(paths, path)
	}
	for _, goarch := range []string{"amd64", "arm64", "riscv64"} {
		build(goarch, "exe")
	}
	build("amd64", "pie")
	return paths
}

// A stripped Go program still tells its build information and its functions,
// has the symbol that govulncheck needs, and does what it did.
func TestGoPrograms(t *testing.T) {
	for _, in := range goPrograms(t) {
		for _, option := range []string{"-s", "-g", "-x", "--strip-unneeded"} {
			t.Run(filepath.Base(in)+option, func(t *testing.T) {
				out := filepath.Join(t.TempDir(), "out")
				elfstrip(t, exitOK, "", option, "-o", out, in)
				was, is := len(read(t, in)), len(read(t, out))
				t.Logf("%d bytes, stripped %d", was, is)
				if is >= was {
					t.Errorf("output has %d bytes, input %d", is, was)
				}
				again := filepath.Join(t.TempDir(), "again")
				elfstrip(t, exitOK, "", option, "-o", again, out)
				if !bytes.Equal(read(t, again), read(t, out)) {
					t.Error("stripping again gives another file")
				}
				sameBuildInfo(t, in, out)
				sameFunctions(t, in, out)
				sameGoFunc(t, in, out)
				sameBehaviour(t, in, out)
			})
		}
	}
}

// A program without any symbol gets go:func.* back just as the Go linker wrote it, and one with other symbols too.
func TestKeepGovulncheck(t *testing.T) {
	for _, whole := range goPrograms(t) {
		t.Run(filepath.Base(whole), func(t *testing.T) {
			dir := t.TempDir()
			path := func(name string) string { return filepath.Join(dir, name) }
			elfstrip(t, exitOK, "", "-s", "--no-keep-go-func", "-o", path("bare"), whole)
			elfstrip(t, exitOK, "", "--keep-govulncheck", "-o", path("healed"), path("bare"))
			sameGoFunc(t, whole, path("healed"))
			sameBehaviour(t, whole, path("healed"))
			// The Go linker puts the section header table where it cannot grow: it moves.
			table := 40 * goelf.SectionHeaderSize
			if more := len(read(t, path("healed"))) - len(read(t, path("bare"))); more > 300+table {
				t.Errorf("the symbol costs %d bytes", more)
			}
			elfstrip(t, exitOK, "", "--keep-govulncheck", "-o", path("again"), path("healed"))
			if !bytes.Equal(read(t, path("again")), read(t, path("healed"))) {
				t.Error("a second time gives another file")
			}
			elfstrip(t, exitOK, "", "--no-keep-go-func", "-w", "-K", "main.*", "-o", path("some"), whole)
			elfstrip(t, exitOK, "", "--keep-govulncheck", "-o", path("healed"), path("some"))
			sameGoFunc(t, whole, path("healed"))
			sameFunctions(t, whole, path("healed"))
		})
	}
}

func sameBuildInfo(t *testing.T, in, out string) {
	was, err := buildinfo.ReadFile(in)
	if err != nil {
		t.Fatal(err)
	}
	is, err := buildinfo.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if is.String() != was.String() {
		t.Errorf("build information is\n%s, was\n%s", is, was)
	}
}

// functions reads the function table as debuggers without symbols do.
func functions(t *testing.T, path string) *gosym.Table {
	f, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	pclntab, err := f.Section(".gopclntab").Data()
	if err != nil {
		t.Fatal(err)
	}
	table, err := gosym.NewTable(nil, gosym.NewLineTable(pclntab, f.Section(".text").Addr))
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func sameFunctions(t *testing.T, in, out string) {
	was, is := functions(t, in), functions(t, out)
	if len(is.Funcs) != len(was.Funcs) || len(is.Funcs) < 1000 {
		t.Fatalf("%d functions, were %d; want the same, and at least 1000", len(is.Funcs), len(was.Funcs))
	}
	for i := range was.Funcs {
		a, b := was.Funcs[i], is.Funcs[i]
		fileA, lineA, _ := was.PCToLine(a.Entry)
		fileB, lineB, _ := is.PCToLine(b.Entry)
		if a.Name != b.Name || a.Entry != b.Entry || fileA != fileB || lineA != lineB {
			t.Fatalf("function %d is %s at %s:%d, was %s at %s:%d", i, b.Name, fileB, lineB, a.Name, fileA, lineA)
		}
	}
	if is.LookupFunc("main.main") == nil {
		t.Error("no function main.main")
	}
}

// sameGoFunc looks go:func.* up as golang.org/x/vuln does.
func sameGoFunc(t *testing.T, in, out string) {
	find := func(path string) (sym elf.Symbol, section string) {
		f, err := elf.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		syms, err := f.Symbols()
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range syms {
			if s.Name == "go:func.*" {
				return s, f.Sections[s.Section].Name
			}
		}
		t.Fatalf("%s: no symbol go:func.*", path)
		return
	}
	was, wasIn := find(in)
	is, isIn := find(out)
	if is.Value != was.Value || is.Size != was.Size || isIn != wasIn {
		t.Errorf("go:func.* is %+v in %s, was %+v in %s", is, isIn, was, wasIn)
	}
}

// sameBehaviour starts both programs, with the argument --version, which the
// programs of GO3S_TEST_BINARIES must take.
func sameBehaviour(t *testing.T, in, out string) {
	f, err := goelf.Open(in)
	if err != nil {
		t.Fatal(err)
	}
	goarch := f.GOARCH()
	f.Close()
	start := func(path string) string {
		output, err := gotool.Run(t, goarch, path, "--version").CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v: %s", path, err, output)
		}
		return strings.ReplaceAll(string(output), path, "PROGRAM")
	}
	if was, is := start(in), start(out); is != was {
		t.Errorf("program says\n%s, said\n%s", is, was)
	} else {
		t.Logf("%s", is)
	}
}
