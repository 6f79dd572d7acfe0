package gobin

import (
	"debug/elf"
	"errors"
	"slices"
	"strings"
	"testing"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/elf/elftest"
	"github.com/go3s/rules_go3s/internal/fuzztest"
	"github.com/go3s/rules_go3s/internal/gobin/gobintest"
)

func parse(t testing.TB, data []byte) *goelf.File {
	t.Helper()
	f, err := goelf.Parse("test", data)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestReadTables(t *testing.T) {
	for _, machine := range elftest.Machines {
		t.Run(machine.String(), func(t *testing.T) {
			p := gobintest.New(machine)
			f := parse(t, p.Build().Data)

			table, err := ReadFuncTable(f)
			if err != nil {
				t.Fatal(err)
			}
			if table.Len() != len(p.Funcs) {
				t.Fatalf("%d functions, want %d", table.Len(), len(p.Funcs))
			}
			for i, want := range p.Funcs {
				fn := table.At(i)
				if fn.Name != want.Name {
					t.Errorf("function %d is %q, want %q", i, fn.Name, want.Name)
				}
				for _, off := range []uint64{fn.Entry, fn.End - 1} {
					if j, ok := table.Find(off); !ok || j != i {
						t.Errorf("Find(%#x) = %d, %v, want %d", off, j, ok, i)
					}
				}
			}
			if i, ok := table.Find(table.At(table.Len() - 1).End); ok {
				t.Errorf("Find after the last function = %d, want none", i)
			}
			if files := slices.Collect(table.Files()); !slices.Equal(files, p.Files) {
				t.Errorf("files %q, want %q", files, p.Files)
			}

			m, err := ReadModule(f, table)
			if err != nil {
				t.Fatal(err)
			}
			if text := f.Section(".text"); m.Text != (Range{text.Addr, text.Addr + text.Size}) {
				t.Errorf("text is %#x, want that of .text at %#x", m.Text, text.Addr)
			}
			if m.FuncTable != table.Addr || m.FTab.Len != uint64(table.Len())+1 {
				t.Errorf("module data has function table %#x with %d entries, want %#x with %d", m.FuncTable, m.FTab.Len, table.Addr, table.Len()+1)
			}

			info, err := ReadBuildInfo(f)
			if err != nil {
				t.Fatal(err)
			}
			if info.GoVersion != p.GoVersion || info.Path != "example.com/hello" {
				t.Errorf("build information %q %q, want %q", info.GoVersion, info.Path, p.GoVersion)
			}
			if v, ok := Setting(info, "CGO_ENABLED"); v != "0" || !ok {
				t.Errorf("CGO_ENABLED is %q, %v, want 0", v, ok)
			}
			if v, ok := Setting(info, "GOFLAGS"); ok {
				t.Errorf("GOFLAGS is %q, want none", v)
			}

			fips, err := ReadFIPSInfo(f)
			if err != nil || fips.Self != f.Section(".go.fipsinfo").Addr {
				t.Errorf("FIPS record %+v, error %v", fips, err)
			}
		})
	}
}

// A file whose section headers were removed gives the same answers.
func TestWithoutSections(t *testing.T) {
	for _, machine := range elftest.Machines {
		p := gobintest.New(machine)
		m := p.Build()
		f := parse(t, m.Data)
		table, err := ReadFuncTable(f)
		if err != nil {
			t.Fatal(err)
		}
		want, err := ReadModule(f, table)
		if err != nil {
			t.Fatal(err)
		}

		m.Put64(40, 0) // e_shoff
		m.Put16(60, 0) // e_shnum
		m.Put16(62, 0) // e_shstrndx
		f = parse(t, m.Data)
		if len(f.Sections) != 0 {
			t.Fatal("the file still has sections")
		}
		if table, err = ReadFuncTable(f); err != nil {
			t.Fatalf("%v: %v", machine, err)
		}
		got, err := ReadModule(f, table)
		if err != nil {
			t.Fatalf("%v: %v", machine, err)
		}
		if *got != *want {
			t.Errorf("%v: module data %+v, want %+v", machine, got, want)
		}
		if _, err := ReadBuildInfo(f); err != nil {
			t.Errorf("%v: %v", machine, err)
		}
	}
}

func TestNotGo(t *testing.T) {
	spec := elftest.Executable(elf.EM_X86_64)
	spec.Sections = slices.DeleteFunc(spec.Sections, func(s elftest.Section) bool { return s.Name == ".gopclntab" })
	spec.Symbols = slices.DeleteFunc(spec.Symbols, func(s elftest.Symbol) bool { return s.Section == ".gopclntab" })
	f := parse(t, spec.Build().Data)
	_, err := ReadFuncTable(f)
	_, err2 := ReadBuildInfo(f)
	_, err3 := ReadFIPSInfo(f)
	_, err4 := ReadModule(f, &FuncTable{Addr: 0x1234560})
	for i, err := range []error{err, err2, err3, err4} {
		if !errors.Is(err, ErrNotGo) {
			t.Errorf("error %d is %v, want ErrNotGo", i, err)
		}
	}
}

// Every damage of the tables is refused with its offset and what was wanted.
func TestDamaged(t *testing.T) {
	const table, module, info, fips = ".gopclntab", ".go.module", ".go.buildinfo", ".go.fipsinfo"
	for _, c := range []struct {
		name    string
		section string
		damage  func(b []byte)
		want    string
	}{
		{"magic", table, func(b []byte) { b[0] = 0xf0 }, "magic number 0xfffffff0, want 0xfffffff1"},
		{"padding", table, func(b []byte) { b[4] = 1 }, "padding is 0x1"},
		{"instruction size", table, func(b []byte) { b[6] = 3 }, "instruction size is 3"},
		{"pointer size", table, func(b []byte) { b[7] = 4 }, "pointer size is 4, want 8"},
		{"no functions", table, func(b []byte) { le.PutUint64(b[8:], 0) }, "counts 0 functions"},
		{"too many functions", table, func(b []byte) { le.PutUint64(b[8:], 1<<62) }, "want 1 to"},
		{"names before header end", table, func(b []byte) { le.PutUint64(b[32:], 8) }, "begins at 0x8, want 0x48"},
		{"functions beyond end", table, func(b []byte) { le.PutUint64(b[64:], 1<<63) }, "begins at 0x8000000000000000"},
		{"functions at end", table, func(b []byte) { le.PutUint64(b[64:], uint64(len(b))) }, "want 1 to 0"},
		{"entries descend", table, func(b []byte) { le.PutUint32(b[le.Uint64(b[64:]):], 0xffffff) }, "after the one that follows it"},
		{"record beyond end", table, func(b []byte) { le.PutUint32(b[le.Uint64(b[64:])+4:], 0xffffff) }, "has its record at 0xffffff"},
		{"old build information", info, func(b []byte) { b[15] = 0 }, "before 1.18"},
		{"version too long", info, func(b []byte) { b[32] = 0xff }, "length of the Go version"},
		{"version empty", info, func(b []byte) { b[32] = 0 }, "the Go version is empty"},
		{"module information too long", info, func(b []byte) { b[41], b[42] = 0xff, 0x7f }, "length of the module information"},
		{"module information unreadable", info, func(b []byte) { copy(b[43+16:], "=>\ta\tb\tc\n") }, "module information:"},
		{"FIPS magic", fips, func(b []byte) { b[1] = 'x' }, "FIPS record has magic number"},
		{"FIPS address", fips, func(b []byte) { b[48]++ }, "says its address is"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := gobintest.New(elf.EM_X86_64).Build()
			c.damage(m.Data[m.Off(c.section):][:m.Size(c.section)])
			f := parse(t, m.Data)
			var err error
			switch c.section {
			case table:
				_, err = ReadFuncTable(f)
			case info:
				_, err = ReadBuildInfo(f)
			case fips:
				_, err = ReadFIPSInfo(f)
			}
			var format *goelf.FormatError
			if !errors.As(err, &format) {
				t.Fatalf("error is %v, want a *FormatError", err)
			}
			if off, size := uint64(m.Off(c.section)), uint64(m.Size(c.section)); format.Off < off || format.Off >= off+size {
				t.Errorf("error is about offset %#x, want one in %s at %#x", format.Off, c.section, off)
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %q, want %q in it", err, c.want)
			}
		})
	}
}

func TestUnalignedFunction(t *testing.T) {
	m := gobintest.New(elf.EM_AARCH64).Build()
	b := m.Data[m.Off(".gopclntab"):]
	m.Data[m.Off(".gopclntab")+int(le.Uint64(b[64:]))+8]++
	_, err := ReadFuncTable(parse(t, m.Data))
	if err == nil || !strings.Contains(err.Error(), "multiple of the instruction size 4") {
		t.Errorf("error %v, want one about the instruction size", err)
	}
}

// FuzzTables reads all tables of any bytes: an error or a value, no panic, and
// what is yielded stays in proportion to the file.
func FuzzTables(f *testing.F) {
	for _, machine := range elftest.Machines {
		m := gobintest.New(machine).Build()
		f.Add(m.Data)
		m.Put64(40, 0)
		m.Put16(60, 0)
		m.Put16(62, 0)
		f.Add(m.Data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := goelf.Parse("fuzz", data)
		if err != nil {
			return
		}
		fuzztest.Bounded(t, len(data), 64, func() { checkTables(t, file) })
	})
}

// checkTables reads every table of file.
func checkTables(t *testing.T, file *goelf.File) {
	size := len(file.Data)
	if info, err := ReadBuildInfo(file); (info == nil) == (err == nil) {
		t.Fatalf("build information %v, error %v; want one of them", info, err)
	}
	if info, err := ReadFIPSInfo(file); (info == nil) == (err == nil) {
		t.Fatalf("FIPS record %v, error %v; want one of them", info, err)
	}
	table, err := ReadFuncTable(file)
	if (table == nil) == (err == nil) {
		t.Fatalf("function table %v, error %v; want one of them", table, err)
	}
	if err != nil {
		return
	}
	for i := range table.Len() {
		if fn := table.At(i); fn.Entry > fn.End || len(fn.Name) > size {
			t.Fatalf("function %d is %+v", i, fn)
		}
		if j, ok := table.Find(table.At(i).Entry); ok && table.At(j).Entry != table.At(i).Entry {
			t.Fatalf("Find of the entry of function %d = %d", i, j)
		}
	}
	total := 0
	for s := range table.Names() {
		total += len(s)
	}
	for s := range table.Files() {
		total += len(s)
	}
	if total > 2*size {
		t.Fatalf("%d bytes of names in a file of %d", total, size)
	}
	if m, err := ReadModule(file, table); (m == nil) == (err == nil) {
		t.Fatalf("module data %v, error %v; want one of them", m, err)
	}
}

// Names may come from a table of the same functions, and of no others.
func TestWithNames(t *testing.T) {
	p := gobintest.New(elf.EM_X86_64)
	names := func(p *gobintest.Program) (f *goelf.File, table *FuncTable) {
		f = parse(t, p.Build().Data)
		table, err := ReadFuncTable(f)
		if err != nil {
			t.Fatal(err)
		}
		return f, table
	}
	_, named := names(p)
	for i := range p.Funcs {
		p.Funcs[i].Name = strings.Repeat("x", i)
	}
	p.Files = nil
	f, bare := names(p)
	if _, err := bare.WithNames(f, named.names, named.files, named.pcln[:11]); err == nil || !strings.Contains(err.Error(), "too few") {
		t.Errorf("a table that is cut off: error %v", err)
	}
	got, err := bare.WithNames(f, named.names, named.files, named.pcln)
	if err != nil {
		t.Fatal(err)
	}
	if n := got.At(2).Name; n != "main.main" || got.Len() != 3 || got.Addr != bare.Addr || !slices.Contains(slices.Collect(got.Files()), "runtime/proc.go") {
		t.Errorf("function 2 is %q of %d", n, got.Len())
	}
	p.Funcs[1].Code = make([]byte, 40)
	f, other := names(p)
	if _, err := other.WithNames(f, named.names, named.files, named.pcln); err == nil || !strings.Contains(err.Error(), "of another program") {
		t.Errorf("a table of other functions: error %v", err)
	}
}

// HasName finds whole names, the first and the last among them.
func TestHasName(t *testing.T) {
	table, err := ReadFuncTable(parse(t, gobintest.New(elf.EM_X86_64).Build().Data))
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for name := range table.Names() {
		found++
		if !table.HasName(name) {
			t.Errorf("%s is not found", name)
		}
		for _, other := range []string{name[1:], name[:len(name)-1], name + "x"} {
			if other != "" && table.HasName(other) && !slices.Contains(slices.Collect(table.Names()), other) {
				t.Errorf("%s is found", other)
			}
		}
	}
	if found == 0 {
		t.Error("there are no names")
	}
}
