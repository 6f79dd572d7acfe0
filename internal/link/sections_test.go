package link

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/goabi"
)

// The variable of newReader and where its parts are.
const (
	readerVariable = "example.com/v1%2e2/p.go3sSection_x"
	readerAt       = 64 // in .data
)

// newReader returns newTestObject(pie) with a variable that stands for section .x.
func newReader(pie bool) *testObject {
	o := newTestObject(pie)
	rodata, data := o.section(".rodata"), o.section(".data")
	text := sectionText + ".x"
	at := int64(len(rodata.data))
	rodata.data = append(rodata.data, text...)
	data.relocs = slices.Insert(data.relocs, 2, testReloc{readerAt, uint32(elf.R_X86_64_64), "k", at - 8})
	binary.LittleEndian.PutUint64(data.data[readerAt+8:], uint64(len(text)))
	o.symbols = slices.Insert(o.symbols, 1, testSymbol{readerVariable, ".data", readerAt, elf.STT_OBJECT, false})
	o.sizes = map[string]uint64{readerVariable: 16}
	return o
}

func TestSections(t *testing.T) {
	for _, tt := range []struct {
		name     string
		pie      bool
		sections []Section
	}{
		{"exe", false, []Section{{".x", 0, []byte("one")}, {"y-1", 0, []byte("two!")}}},
		{"PIE", true, []Section{{".x", 0, []byte("one")}, {"y-1", 0, []byte("two!")}}},
		{"addresses", false, []Section{{".x", 0x7000000, []byte("one")}, {"y-1", 0, []byte("two!")}, {".z", 0x6fff000, make([]byte, 4096)}}},
		{"highest address", false, []Section{{".x", maxAddress - maxSectionsSize, []byte("one")}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out, f := mustLink(t, newReader(tt.pie), Options{PIE: tt.pie, Sections: tt.sections})
			checkSegments(t, f)
			sym := symbols(t, f)
			checkFIPS(t, f, sym)
			for _, u := range tt.sections {
				s := f.Section(u.Name)
				if s == nil || s.Flags != elf.SHF_ALLOC || s.Addr%sectionAlign != 0 || u.Addr != 0 && s.Addr != u.Addr {
					t.Fatalf("section %s is %+v", u.Name, s)
				}
				if got := memory(t, f, s.Addr, len(u.Data)); !bytes.Equal(got, u.Data) {
					t.Errorf("section %s holds %q", u.Name, got)
				}
				name := "_binary_" + strings.NewReplacer(".", "", "-", "_").Replace(u.Name)
				if sym[name+"_start"].Value != s.Addr || sym[name+"_end"].Value != s.Addr+s.Size || sym[name+"_size"].Value != s.Size || sym[name+"_size"].Section != elf.SHN_ABS {
					t.Errorf("symbols of %s: %+v %+v %+v", u.Name, sym[name+"_start"], sym[name+"_end"], sym[name+"_size"])
				}
				if !bytes.Contains(out.Map(), []byte(name+"_start")) {
					t.Errorf("%s_start is not in the link map", name)
				}
			}
			x, v := f.Section(".x"), sym[readerVariable].Value
			header := memory(t, f, v, 16)
			if addr, size := binary.LittleEndian.Uint64(header), binary.LittleEndian.Uint64(header[8:]); addr != x.Addr || size != x.Size {
				t.Errorf("the variable holds %d bytes at %#x, want %d at %#x", size, addr, x.Size, x.Addr)
			}
			if tt.pie {
				data, err := f.Section(".relr.dyn").Data()
				if err != nil || !slices.Contains(decodeRelr(data), v) {
					t.Errorf("the variable is not relocated: %v", err)
				}
			}
		})
	}
}

func TestSectionsRefused(t *testing.T) {
	one := []byte("1")
	var many []Section
	for i := range maxSections + 1 {
		many = append(many, Section{Name: fmt.Sprintf("s%d", i), Data: one})
	}
	named := func(names ...string) (out []Section) {
		for _, n := range names {
			out = append(out, Section{Name: n, Data: one})
		}
		return out
	}
	for _, tt := range []struct {
		name     string
		pie      bool
		sections []Section
		err      string
	}{
		{"no name", false, named(""), `section "": want a name`},
		{"a dot alone", false, named("."), `section ".": want a name`},
		{"two dots", false, named("..x"), "want a name"},
		{"digit first", false, named(".1x"), "want a name"},
		{"space", false, named(".a b"), "want a name"},
		{"zero byte", false, named(".a\x00"), "want a name"},
		{"no ASCII", false, named(".ä"), "want a name"},
		{"long name", false, named("." + strings.Repeat("x", maxSectionName)), "at most 64"},
		{"twice", false, named(".x", ".x"), "section .x: it is added twice"},
		{"same symbols", false, named(".x-1", "x_1"), "sections .x-1 and x_1: both would have the symbols _binary_x_1_start"},
		{"too many", false, many, "129 sections are added, want at most 128"},
		{"empty", false, []Section{{Name: ".x"}}, "section .x: its file is empty"},
		{"own note", false, named(".note.x"), "section .note.x: the name is reserved for the Go toolchain, linkers and loaders"},
		{"debug information", false, named(".debug_info"), "reserved"},
		{"compressed debug information", false, named(".zdebug_info"), "reserved"},
		{"Go's, yet unused", false, named(".go.other"), "reserved"},
		{"loader", false, named(".interp"), "reserved"},
		{"subsection of code", false, named(".text.hot"), "reserved"},
		{"address in a PIE", true, []Section{{".x", 0x10000000, one}}, "section .x: address 0x10000000: a position-independent program"},
		{"unaligned address", false, []Section{{".x", 0x10000008, one}}, "address 0x10000008: want a multiple of 0x1000, the largest page size of amd64 kernels"},
		{"address out of reach", false, []Section{{".x", 1 << 46, one}}, "want at most 0x3fffc0000000"},
		{"address before the program", false, []Section{{".x", 0x10000, one}}, "go.o: section .x: address 0x10000: the program ends at 0x"},
		{"address in the program", false, []Section{{".x", 0x402000, one}}, "go.o: section .x: address 0x402000: the program ends at 0x"},
		{"same address", false, []Section{{".x", 0x10000000, one}, {".y", 0x10000000, one}}, "section .y: address 0x10000000: section .x ends at 0x10000001, want 0x10001000 or more"},
		{"overlap", false, []Section{{".y", 0x10001000, one}, {".x", 0x10000000, make([]byte, 4097)}}, "section .y: address 0x10001000: section .x ends at 0x10001001, want 0x10002000"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out, err := Link("go.o", newTestObject(tt.pie).bytes(), Options{PIE: tt.pie, Sections: tt.sections})
			if err == nil || out != nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("error %v, want %q", err, tt.err)
			}
		})
	}
}

// Whatever the linker or the Go toolchain names a section, the user cannot.
func TestReservedSections(t *testing.T) {
	var names []string
	for _, r := range goabi.AllSections() {
		names = append(names, r.Name)
	}
	for _, pie := range []bool{false, true} {
		_, f := mustLink(t, newTestObject(pie), Options{PIE: pie})
		for _, s := range f.Sections[1:] {
			names = append(names, s.Name)
		}
	}
	for _, name := range names {
		_, err := Link("go.o", newTestObject(false).bytes(), Options{Sections: []Section{{Name: name, Data: []byte("1")}}})
		if err == nil || !strings.Contains(err.Error(), "section "+name+": the name is reserved") {
			t.Errorf("section %s: error %v", name, err)
		}
	}
}

// A variable that has the name, but is not what go_sections generates, is refused.
func TestSectionVariablesRefused(t *testing.T) {
	const noString = "variable " + readerVariable
	for _, tt := range []struct {
		name string
		edit func(*testObject)
		err  string
	}{
		{"another section", func(o *testObject) {
			d := o.section(".rodata").data
			d[len(d)-1] = 'y'
		}, `package example.com/v1.2/p reads section ".y", which this program lacks`},
		{"another text", func(o *testObject) {
			d := o.section(".rodata").data
			d[len(d)-4] = 'y'
		}, noString},
		{"text continues after the section", func(o *testObject) { o.section(".data").data[readerAt+8]++ }, noString},
		{"text of 2^63 bytes", func(o *testObject) { o.section(".data").data[readerAt+15] = 0x80 }, noString},
		{"text before the section", func(o *testObject) { o.section(".data").relocs[2].addend = -100 }, noString},
		{"text in .bss", func(o *testObject) { o.section(".data").relocs[2].sym = "b" }, noString},
		{"no pointer", func(o *testObject) { o.section(".data").relocs = slices.Delete(o.section(".data").relocs, 2, 3) }, noString},
		{"eight bytes", func(o *testObject) { o.sizes = nil }, "8 bytes at 0x40 of section .data, want a string in .data"},
		{"at the end of .data", func(o *testObject) { o.symbol(readerVariable).value = 792 }, "want a string in .data"},
		{"in .bss", func(o *testObject) { o.symbol(readerVariable).section = ".bss" }, "want a string in .data"},
		{"in .rodata", func(o *testObject) { s := o.symbol(readerVariable); s.section, s.value = ".rodata", 8 }, "want a string in .data"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := newReader(false)
			tt.edit(o)
			out, err := Link("go.o", o.bytes(), Options{Sections: []Section{{Name: ".x", Data: []byte("1")}}})
			if err == nil || out != nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("error %v, want %q", err, tt.err)
			}
		})
	}
}

// Other symbols that hold the variables' name are left alone.
func TestNoSectionVariable(t *testing.T) {
	for _, name := range []string{"go3sSection_x", "p.go3sSection_x.func1", "type:p.go3sSection_x[int]", "p." + strings.Repeat("x", maxVariableName) + ".go3sSection_x"} {
		o := newReader(false)
		o.symbol(readerVariable).name = name
		o.sizes = map[string]uint64{name: 16}
		_, f := mustLink(t, o, Options{})
		if got, want := memory(t, f, symbols(t, f)[name].Value+8, 1)[0], byte(len(sectionText)+2); got != want {
			t.Errorf("%.40s…: length %d, want %d", name, got, want)
		}
	}
}

func TestParseSection(t *testing.T) {
	for _, tt := range []struct {
		spec string
		want Section
		file string
		err  string
	}{
		{".x=f", Section{Name: ".x"}, "f", ""},
		{".x=a=b@c", Section{Name: ".x"}, "a=b@c", ""},
		{".x@0x1000=f", Section{Name: ".x", Addr: 0x1000}, "f", ""},
		{".x@4096=f", Section{Name: ".x", Addr: 4096}, "f", ""},
		{"", Section{}, "", "want name=file"},
		{".x", Section{}, "", "want name=file"},
		{".x=", Section{}, "", "want name=file"},
		{"=f", Section{}, "", "want name=file"},
		{".x@=f", Section{}, "", `address ""`},
		{".x@0=f", Section{}, "", `address "0"`},
		{".x@-1=f", Section{}, "", `address "-1"`},
		{".x@0x10000000000000000=f", Section{}, "", "want an integer"},
	} {
		s, file, err := ParseSection(tt.spec)
		if tt.err != "" {
			if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%q: error %v, want %q", tt.spec, err, tt.err)
			}
			continue
		}
		if err != nil || s.Name != tt.want.Name || s.Addr != tt.want.Addr || file != tt.file {
			t.Errorf("%q: %+v, %q, %v", tt.spec, s, file, err)
		}
	}
}
