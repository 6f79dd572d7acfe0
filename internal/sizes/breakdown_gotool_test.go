package sizes

import (
	"path/filepath"
	"testing"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/gobin"
	"github.com/go3s/rules_go3s/internal/gotool"
)

// What go build makes, with and without symbols, to the last byte.
func TestGoPrograms(t *testing.T) {
	for _, goarch := range []string{"amd64", "arm64", "riscv64"} {
		dir := t.TempDir()
		var files []*goelf.File
		for name, ldflags := range map[string]string{"symbols": "", "stripped": "-s -w"} {
			path := filepath.Join(dir, name)
			gotool.Output(t, "", goarch, "build", "-trimpath", "-ldflags="+ldflags, "-o", path, "../../tools/linkcheck")
			f, err := goelf.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if name == "symbols" {
				files = append([]*goelf.File{f}, files...)
			} else {
				files = append(files, f)
			}
		}
		named := files[0]
		for i, f := range files {
			b, err := Break(goarch, f, named)
			if err != nil {
				t.Fatal(err)
			}
			checkSums(t, b)
			if len(b.Tables) == 0 || b.Types[TypeStrings] == 0 || b.Types[TypeTypes] == 0 || (b.Types[TypeDebug] == 0) != (i == 1) {
				t.Errorf("%s: types %v, tables %v", goarch, b.Types, b.Tables)
			}
			// Hardly anything has no package but what cannot have one.
			for _, m := range b.Modules {
				for _, p := range m.Packages {
					for _, item := range p.Items {
						if p.Name == "" && item.Type == TypeCode && item.Bytes > b.Size/500 {
							t.Errorf("%s: %d bytes of code, %q, are of no package", goarch, item.Bytes, item.Name)
						}
					}
				}
			}
		}
	}
}

// Functions of the package "_" have the package that they were compiled for.
func TestPlaceholder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "linkcheck")
	gotool.Output(t, "", "amd64", "build", "-trimpath", "-o", path, "../../tools/linkcheck")
	f, err := goelf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s := of(t, f, f)
	table, err := gobin.ReadFuncTable(f)
	if err != nil {
		t.Fatal(err)
	}
	assembly := uint64(0) // bytes of functions without a package but for those of "_"
	for i := range table.Len() {
		if fn := table.At(i); PackageOf(fn.Name) == "(assembly)" && fn.Name[:2] != "_." {
			assembly += fn.End - fn.Entry
		}
	}
	if s.Packages["(assembly)"] != assembly {
		t.Errorf("(assembly) has %d bytes, want %d", s.Packages["(assembly)"], assembly)
	}
}
