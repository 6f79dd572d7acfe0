package gobin

import (
	"debug/buildinfo"
	"debug/elf"
	"debug/gosym"
	"os"
	"path/filepath"
	"slices"
	"testing"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/elf/elftest"
	"github.com/go3s/rules_go3s/internal/gotool"
)

const program = `package main

import "fmt"

//go:noinline
func greet(who string) { fmt.Println("hello,", who) }

func main() { greet("world") }
`

// On what the Go command builds, debug/buildinfo and debug/gosym say the same.
func TestOracle(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"main.go": program, "go.mod": "module example.com/hello\n\ngo 1.26\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	builds := []struct {
		name, goarch string
		args         []string
	}{
		{"amd64", "amd64", nil},
		{"arm64", "arm64", nil},
		{"riscv64", "riscv64", nil},
		{"stripped", "amd64", []string{"-ldflags=-s -w", "-trimpath"}},
		{"pie", "amd64", []string{"-buildmode=pie"}},
		{"pie-arm64", "arm64", []string{"-buildmode=pie"}},
	}
	for _, b := range builds {
		t.Run(b.name, func(t *testing.T) {
			out := filepath.Join(dir, b.name)
			gotool.Output(t, dir, b.goarch, append(append([]string{"build", "-o", out}, b.args...), ".")...)
			f, err := goelf.Open(out)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			compareBuildInfo(t, f, out)
			compareFuncs(t, f, out)
			if _, err := ReadFIPSInfo(f); err != nil {
				t.Error(err)
			}
		})
	}
}

func compareBuildInfo(t *testing.T, f *goelf.File, path string) {
	want, err := buildinfo.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ReadBuildInfo(f)
	if err != nil {
		t.Fatal(err)
	}
	if got.GoVersion != want.GoVersion || got.String() != want.String() {
		t.Errorf("build information is\n%s\nwant\n%s", got, want)
	}
}

func compareFuncs(t *testing.T, f *goelf.File, path string) {
	table, err := ReadFuncTable(f)
	if err != nil {
		t.Fatal(err)
	}
	m, err := ReadModule(f, table)
	if err != nil {
		t.Fatal(err)
	}
	file, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	text, pclntab := file.Section(".text"), file.Section(".gopclntab")
	data, err := pclntab.Data()
	if err != nil {
		t.Fatal(err)
	}
	if m.Text.Start != text.Addr {
		t.Errorf("text starts at %#x, want %#x", m.Text.Start, text.Addr)
	}
	oracle, err := gosym.NewTable(nil, gosym.NewLineTable(data, text.Addr))
	if err != nil {
		t.Fatal(err)
	}
	if table.Len() != len(oracle.Funcs) {
		t.Fatalf("%d functions, want %d", table.Len(), len(oracle.Funcs))
	}
	for i, want := range oracle.Funcs {
		fn := table.At(i)
		if fn.Name != want.Name || m.Text.Start+fn.Entry != want.Entry || m.Text.Start+fn.End != want.End {
			t.Fatalf("function %d is %q %#x to %#x, want %q %#x to %#x", i, fn.Name, m.Text.Start+fn.Entry, m.Text.Start+fn.End, want.Name, want.Entry, want.End)
		}
	}
	var files []string
	for name := range oracle.Files {
		files = append(files, name)
	}
	slices.Sort(files)
	if got := slices.Sorted(table.Files()); !slices.Equal(got, files) {
		t.Errorf("%d files, want %d", len(got), len(files))
	}
}

// A file whose section headers are gone reads the same.
func TestOracleWithoutSections(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(program), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, machine := range elftest.Machines {
		goarch := map[elf.Machine]string{elf.EM_X86_64: "amd64", elf.EM_AARCH64: "arm64", elf.EM_RISCV: "riscv64"}[machine]
		out := filepath.Join(dir, goarch)
		gotool.Output(t, dir, goarch, "build", "-o", out, "main.go")
		data, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		whole := parse(t, data)
		wantTable, err := ReadFuncTable(whole)
		if err != nil {
			t.Fatal(err)
		}
		wantModule, err := ReadModule(whole, wantTable)
		if err != nil {
			t.Fatal(err)
		}
		clear(data[40:48]) // e_shoff
		clear(data[60:64]) // e_shnum, e_shstrndx
		bare := parse(t, data)
		table, err := ReadFuncTable(bare)
		if err != nil {
			t.Fatal(err)
		}
		m, err := ReadModule(bare, table)
		if err != nil {
			t.Fatal(err)
		}
		if table.Len() != wantTable.Len() || *m != *wantModule {
			t.Errorf("%s: %d functions and module data %+v, want %d and %+v", goarch, table.Len(), m, wantTable.Len(), wantModule)
		}
		if _, err := ReadBuildInfo(bare); err != nil {
			t.Error(err)
		}
	}
}
