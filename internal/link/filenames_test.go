package link

import (
	"bytes"
	"debug/elf"
	"slices"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/goabi"
)

// Parts of the function table that follow the file names, in a test.
const (
	testPCTab, testFuncs, testData = "pctab...", "functions.......", "gofunc.."

	testAlign = 32 // of function data
)

// fileTable returns a function table with these file names, and one compilation unit that has them all and a file that no
// function needs.
func fileTable(files ...string) []byte {
	b := make([]byte, goabi.PCHeaderSize)
	le.PutUint64(b[goabi.PCHeaderUnits:], uint64(len(b)))
	off := uint32(0)
	for _, f := range files {
		b = le.AppendUint32(b, off)
		off += uint32(len(f)) + 1
	}
	b = le.AppendUint32(b, goabi.NoFile)
	le.PutUint64(b[goabi.PCHeaderFiles:], uint64(len(b)))
	for _, f := range files {
		b = append(append(b, f...), 0)
	}
	for len(b)%tableAlign != 0 {
		b = append(b, 0)
	}
	le.PutUint64(b[goabi.PCHeaderPCTab:], uint64(len(b)))
	le.PutUint64(b[goabi.PCHeaderFuncTab:], uint64(len(b)+len(testPCTab)))
	b = append(b, testPCTab+testFuncs...)
	for len(b)%testAlign != 0 {
		b = append(b, 0)
	}
	return append(b, testData...)
}

// unitFiles returns the names of the files of the unit.
func unitFiles(b []byte) (files []string) {
	names := b[le.Uint64(b[goabi.PCHeaderFiles:]):]
	for at := le.Uint64(b[goabi.PCHeaderUnits:]); at < le.Uint64(b[goabi.PCHeaderFiles:]); at += 4 {
		if off := le.Uint32(b[at:]); off != goabi.NoFile {
			name, _, _ := bytes.Cut(names[off:], []byte{0})
			files = append(files, string(name))
		}
	}
	return files
}

// fileObject returns a go.o with that function table, which the module data refers to.
func fileObject(pie bool, table []byte) *testObject {
	o := newTestObject(pie)
	s := o.section(".gopclntab")
	s.data, s.align = table, testAlign
	o.symbol("runtime.pclntab").section = ".gopclntab"
	pctab := le.Uint64(table[goabi.PCHeaderPCTab:])
	o.symbols = slices.Insert(o.symbols, 1, testSymbol{"gofunc", ".gopclntab", uint64(len(table) - len(testData)), elf.STT_OBJECT, false})
	module := o.section(".go.module")
	for _, off := range []int{goabi.ModuleFiles + 8, goabi.ModuleFiles + 16} {
		le.PutUint64(module.data[off:], pctab-le.Uint64(table[goabi.PCHeaderFiles:]))
	}
	le.PutUint64(module.data[goabi.ModuleFuncs+8:], uint64(len(testFuncs)))
	for i := range module.relocs {
		switch r := &module.relocs[i]; r.off {
		case goabi.ModuleFiles:
			r.addend = int64(le.Uint64(table[goabi.PCHeaderFiles:]))
		case goabi.ModulePCTab:
			r.addend = int64(pctab)
		case goabi.ModuleFuncs:
			r.addend = int64(pctab) + int64(len(testPCTab))
		}
	}
	module.relocs = append(module.relocs, testReloc{goSeries.Module.Size - 16, uint32(elf.R_X86_64_64), "gofunc", 0})
	slices.SortFunc(module.relocs, func(a, b testReloc) int { return int(a.off) - int(b.off) })
	return o
}

// Names of generated sources begin with the package, and the program is as if they had been so from the start.
func TestTrimFileNames(t *testing.T) {
	names := func(configuration string) []string {
		return []string{"a/b.go", configuration + "a/gen.go", "", configuration + "external/x~1/y.go", "z/bazel-out/cfg/bin/n.go", "bazel-out/n.go", "end.go"}
	}
	for _, pie := range []bool{false, true} {
		want, _ := mustLink(t, fileObject(pie, fileTable(names("")...)), Options{PIE: pie})
		for _, configuration := range []string{"bazel-out/k8-fastbuild-ST-7d443931453b/bin/", "bazel-out/a/bin/", "bazel-out/cfg/bin/", "bazel-out/k8-opt-ST/bin/"} {
			o := fileObject(pie, fileTable(names(configuration)...))
			data := o.bytes()
			before := bytes.Clone(data)
			out, err := Link("go.o", data, Options{PIE: pie})
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(data, before) {
				t.Error("the input was changed")
			}
			if !bytes.Equal(out.File, want.File) {
				t.Errorf("%s: %d bytes, want %d others", configuration, len(out.File), len(want.File))
			}
			e, err := Prepare("go.o", data, Options{PIE: pie})
			if err != nil {
				t.Fatal(err)
			}
			f, err := elf.NewFile(bytes.NewReader(e.Object))
			if err != nil {
				t.Fatal(err)
			}
			table, err := f.Section(".gopclntab").Data()
			if err != nil {
				t.Fatal(err)
			}
			if got := unitFiles(table); !slices.Equal(got, names("")) || !bytes.HasSuffix(table, []byte(testData)) ||
				!bytes.Contains(table, []byte(testPCTab+testFuncs)) {
				t.Errorf("%s: for another linker: files %q in %q", configuration, got, table)
			}
		}
	}
}

func TestTrimFileNamesRefuses(t *testing.T) {
	for want, damage := range map[string]func(o *testObject, b []byte){
		"want them in that order": func(o *testObject, b []byte) { le.PutUint64(b[goabi.PCHeaderPCTab:], 1<<40) },
		"where none begins":       func(o *testObject, b []byte) { le.PutUint32(b[goabi.PCHeaderSize:], 1) },
		"has slices of":           func(o *testObject, b []byte) { o.section(".go.module").data[goabi.ModuleFiles+8]++ },
		"it has relocations": func(o *testObject, b []byte) {
			o.section(".gopclntab").relocs = []testReloc{{0, uint32(elf.R_X86_64_64), "f", 0}}
		},
	} {
		table := fileTable("bazel-out/cfg/bin/a/gen.go")
		o := fileObject(false, table)
		damage(o, table)
		if _, err := Link("go.o", o.bytes(), Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
