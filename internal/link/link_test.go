package link

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"debug/elf"
	"encoding/binary"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/arch"
	"github.com/go3s/rules_go3s/internal/arch/all"
	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/fuzztest"
	"github.com/go3s/rules_go3s/internal/goabi"
)

func mustLink(t *testing.T, o *testObject, opt Options) (*Output, *elf.File) {
	t.Helper()
	out, err := Link("go.o", o.bytes(), opt)
	if err != nil {
		t.Fatal(err)
	}
	f, err := elf.NewFile(bytes.NewReader(out.File))
	if err != nil {
		t.Fatal(err)
	}
	return out, f
}

// memory returns the file contents of f by address, as the kernel would map them.
func memory(t *testing.T, f *elf.File, addr uint64, n int) []byte {
	t.Helper()
	for _, p := range f.Progs {
		if p.Type == elf.PT_LOAD && p.Vaddr <= addr && addr+uint64(n) <= p.Vaddr+p.Filesz {
			b := make([]byte, n)
			if _, err := p.ReadAt(b, int64(addr-p.Vaddr)); err != nil {
				t.Fatal(err)
			}
			return b
		}
	}
	t.Fatalf("address %#x is not in the file", addr)
	return nil
}

func symbols(t *testing.T, f *elf.File) map[string]elf.Symbol {
	t.Helper()
	list, err := f.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	m := map[string]elf.Symbol{}
	for _, s := range list {
		m[s.Name] = s
	}
	return m
}

func TestLink(t *testing.T) {
	for _, pie := range []bool{false, true} {
		name := map[bool]string{false: "exe", true: "static PIE"}[pie]
		t.Run(name, func(t *testing.T) {
			out, f := mustLink(t, newTestObject(pie), Options{PIE: pie})
			if want := map[bool]elf.Type{false: elf.ET_EXEC, true: elf.ET_DYN}[pie]; f.Type != want || f.Machine != elf.EM_X86_64 {
				t.Errorf("%v for %v, want %v", f.Type, f.Machine, want)
			}
			sym := symbols(t, f)
			if f.Entry != sym["_start"].Value {
				t.Errorf("entry %#x, want _start at %#x", f.Entry, sym["_start"].Value)
			}
			if _, ok := sym[".L0"]; ok {
				t.Error("a local label is in the symbol table")
			}
			checkSegments(t, f)
			checkCodePages(t, f, out.File)

			// The places that the relocations of the object name.
			text := sym["main"].Value
			le := binary.LittleEndian
			if got := text + 5 + uint64(int64(int32(le.Uint32(memory(t, f, text+1, 4))))); got != sym["f"].Value {
				t.Errorf("CALL goes to %#x, want f at %#x", got, sym["f"].Value)
			}
			if got := memory(t, f, text+5, 7); !bytes.Equal(got, []byte("\x48\xc7\xc1\xf8\xff\xff\xff")) {
				t.Errorf("thread-local load became % x, want MOVQ $-8, CX", got)
			}
			data := f.Section(".data").Addr
			for off, want := range map[uint64]uint64{8: sym["k"].Value + 3, 16: sym["b"].Value, 792: sym["d"].Value - 1} {
				if got := le.Uint64(memory(t, f, data+off, 8)); got != want {
					t.Errorf(".data+%d holds %#x, want %#x", off, got, want)
				}
			}
			debug, err := f.Section(".debug_info").Data()
			if err != nil || le.Uint64(debug[1:]) != sym["f"].Value || le.Uint32(debug[9:]) != 5 {
				t.Errorf(".debug_info holds % x, %v", debug, err)
			}
			checkFIPS(t, f, sym)
			if pie {
				checkRelr(t, f, sym)
			} else if f.Section(".dynamic") != nil || f.Section(".relr.dyn") != nil {
				t.Error("a program at a fixed address has dynamic sections")
			}
			again, _ := mustLink(t, newTestObject(pie), Options{PIE: pie})
			if !bytes.Equal(again.File, out.File) {
				t.Error("a second link gave other bytes")
			}
		})
	}
}

// checkCodePages checks that the pages of the file that the kernel maps executable hold nothing but .text, and zeros after it.
func checkCodePages(t *testing.T, f *elf.File, file []byte) {
	t.Helper()
	text := f.Section(".text")
	for _, p := range f.Progs {
		if p.Type != elf.PT_LOAD || p.Flags&elf.PF_X == 0 {
			continue
		}
		if p.Off != text.Offset || p.Filesz != text.Size || p.Off%smallestPage != 0 {
			t.Errorf("the executable segment is at offset %#x with %#x bytes, want it to be .text, %#x bytes at the beginning of the page at %#x", p.Off, p.Filesz, text.Size, text.Offset)
		}
		end := p.Off + p.Filesz
		for _, b := range file[end:min(goelf.AlignUp(end, smallestPage), uint64(len(file)))] {
			if b != 0 {
				t.Errorf("the last page of .text, which ends at %#x, has something else after it", end)
				break
			}
		}
	}
}

// checkSegments checks what a hardened program promises, and that elfstrip can shorten .gopclntab without moving
// anything that is loaded.
func checkSegments(t *testing.T, f *elf.File) {
	t.Helper()
	var end uint64
	stack := false
	for _, p := range f.Progs {
		switch p.Type {
		case elf.PT_INTERP:
			t.Error("there is a PT_INTERP")
		case elf.PT_GNU_STACK:
			stack = p.Flags == elf.PF_R|elf.PF_W
		case elf.PT_LOAD:
			if p.Flags&(elf.PF_W|elf.PF_X) == elf.PF_W|elf.PF_X {
				t.Errorf("segment at %#x is writable and executable", p.Vaddr)
			}
			if p.Vaddr%p.Align != p.Off%p.Align || p.Vaddr&^(p.Align-1) < end {
				t.Errorf("segment at %#x, offset %#x: shares a page with the one that ends at %#x, or is not aligned", p.Vaddr, p.Off, end)
			}
			end = p.Vaddr + p.Memsz
		}
	}
	if !stack {
		t.Error("there is no PT_GNU_STACK that is readable and writable only")
	}
	tables := f.Section(".gopclntab")
	for _, s := range f.Sections {
		if s.Flags&elf.SHF_ALLOC == 0 || s.Flags&elf.SHF_TLS != 0 {
			continue
		}
		if s.Type != elf.SHT_NOBITS && s.Offset > tables.Offset {
			t.Errorf("section %s is after .gopclntab in the file", s.Name)
		}
		executable := s.Flags&elf.SHF_EXECINSTR != 0
		if !slices.ContainsFunc(f.Progs, func(p *elf.Prog) bool {
			return p.Type == elf.PT_LOAD && p.Vaddr <= s.Addr && s.Addr+s.Size <= p.Vaddr+p.Memsz &&
				(p.Flags&elf.PF_W != 0) == (s.Flags&elf.SHF_WRITE != 0) && (p.Flags&elf.PF_X != 0) == executable
		}) {
			t.Errorf("section %s at %#x is in no segment of its kind", s.Name, s.Addr)
		}
		if s.Addr%s.Addralign != 0 {
			t.Errorf("section %s at %#x is not aligned to %d", s.Name, s.Addr, s.Addralign)
		}
	}
}

// checkFIPS computes the sum from the addresses in the record.
func checkFIPS(t *testing.T, f *elf.File, sym map[string]elf.Symbol) {
	t.Helper()
	info := memory(t, f, sym["fipsinfo"].Value, fipsSize)
	h := hmac.New(sha256.New, make([]byte, 32))
	h.Write([]byte("go fips object v1\n"))
	for off := 56; off < 120; off += 16 {
		start, end := binary.LittleEndian.Uint64(info[off:]), binary.LittleEndian.Uint64(info[off+8:])
		binary.Write(h, binary.BigEndian, end-start)
		h.Write(memory(t, f, start, int(end-start)))
	}
	if !bytes.Equal(info[16:48], h.Sum(nil)) {
		t.Errorf("FIPS sum % x, want % x", info[16:48], h.Sum(nil))
	}
}

// checkRelr decodes .relr.dyn by the words of its specification and compares it
// with the places that hold addresses.
func checkRelr(t *testing.T, f *elf.File, sym map[string]elf.Symbol) {
	t.Helper()
	data, err := f.Section(".relr.dyn").Data()
	if err != nil {
		t.Fatal(err)
	}
	addr := func(name string, offs ...uint64) (out []uint64) {
		for _, o := range offs {
			out = append(out, f.Section(name).Addr+o)
		}
		return out
	}
	want := slices.Concat(addr(".go.fipsinfo", 48, 56, 64, 72, 80, 88, 96, 104, 112), addr(".data.rel.ro", 0, 56),
		addr(".go.module", slices.Sorted(maps.Keys(goSeries.Module.Symbols()))...), addr(".go.module", goSeries.Module.Size-8), addr(".data", 8, 16, 792))
	if got := decodeRelr(data); !slices.Equal(got, want) {
		t.Errorf(".relr.dyn relocates %#x, want %#x", got, want)
	}
	for _, p := range f.Progs {
		if p.Type != elf.PT_GNU_RELRO {
			continue
		}
		relro, dyn := f.Section(".data.rel.ro"), f.Section(".dynamic")
		if p.Vaddr > relro.Addr || p.Vaddr+p.Memsz < dyn.Addr+dyn.Size || (p.Vaddr+p.Memsz)%4096 != 0 || p.Vaddr+p.Memsz > f.Section(".go.module").Addr {
			t.Errorf("PT_GNU_RELRO covers %#x to %#x, want .data.rel.ro to .dynamic, to the end of a page", p.Vaddr, p.Vaddr+p.Memsz)
		}
		if !slices.ContainsFunc(f.Progs, func(q *elf.Prog) bool {
			return q.Type == elf.PT_LOAD && q.Vaddr <= p.Vaddr && p.Vaddr+p.Memsz <= q.Vaddr+q.Memsz
		}) {
			t.Error("PT_GNU_RELRO is not inside a PT_LOAD")
		}
	}
	flags, err := f.DynValue(elf.DT_FLAGS_1)
	if err != nil || len(flags) != 1 || elf.DynFlag1(flags[0])&elf.DF_1_PIE == 0 {
		t.Errorf("DT_FLAGS_1 is %v, %v; want DF_1_PIE in it", flags, err)
	}
	if libs, err := f.ImportedLibraries(); err != nil || len(libs) > 0 {
		t.Errorf("DT_NEEDED %v, %v", libs, err)
	}
}

func decodeRelr(data []byte) []uint64 {
	var out []uint64
	var next uint64
	for ; len(data) >= 8; data = data[8:] {
		switch e := binary.LittleEndian.Uint64(data); {
		case e&1 == 0:
			out = append(out, e)
			next = e + 8
		default:
			for i := range uint64(63) {
				if e>>(i+1)&1 != 0 {
					out = append(out, next+i*8)
				}
			}
			next += 63 * 8
		}
	}
	return out
}

func TestOptions(t *testing.T) {
	has := func(f *elf.File, names ...string) (out []bool) {
		for _, n := range names {
			out = append(out, f.Section(n) != nil)
		}
		return out
	}
	names := []string{".symtab", ".debug_info", ".note.gnu.build-id"}
	for _, tt := range []struct {
		name string
		opt  Options
		want []bool
	}{
		{"default", Options{}, []bool{true, true, true}},
		{"strip all", Options{StripSymbols: true}, []bool{false, false, true}},
		{"strip DWARF", Options{StripDWARF: true}, []bool{true, false, true}},
		{"no build-id", Options{NoBuildID: true}, []bool{true, true, false}},
		{"unverified", Options{UnverifiedGo: goabi.Warn}, []bool{true, true, true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := newTestObject(false)
			if tt.opt.UnverifiedGo == goabi.Warn {
				o.setGoVersion("go1.26rc1")
			}
			_, f := mustLink(t, o, tt.opt)
			if got := has(f, names...); !slices.Equal(got, tt.want) {
				t.Errorf("sections %v: %v, want %v", names, got, tt.want)
			}
		})
	}
}

func TestCompressDWARF(t *testing.T) {
	object := func() *testObject {
		o := newTestObject(true)
		o.section(".debug_info").data = bytes.Repeat([]byte("information "), 500)
		o.sections = append(o.sections, testSection{name: ".debug_line", typ: elf.SHT_PROGBITS, align: 1, data: []byte("short")})
		return o
	}
	_, plain := mustLink(t, object(), Options{PIE: true})
	out, f := mustLink(t, object(), Options{PIE: true, CompressDWARF: true})
	info := f.Section(".debug_info")
	if info.Flags&elf.SHF_COMPRESSED == 0 || info.FileSize > 500 || f.Section(".debug_line").Flags&elf.SHF_COMPRESSED != 0 {
		t.Errorf(".debug_info %+v and .debug_line %+v, want the first compressed", info.SectionHeader, f.Section(".debug_line").SectionHeader)
	}
	for _, s := range plain.Sections {
		if s.Type == elf.SHT_NULL || s.Type == elf.SHT_NOBITS || s.Name == ".note.gnu.build-id" {
			continue
		}
		want, err1 := s.Data()
		got, err2 := f.Section(s.Name).Data() // decompresses
		if err1 != nil || err2 != nil || !bytes.Equal(got, want) {
			t.Errorf("section %s: contents differ, %v, %v", s.Name, err1, err2)
		}
	}
	if again, _ := mustLink(t, object(), Options{PIE: true, CompressDWARF: true}); !bytes.Equal(again.File, out.File) {
		t.Error("a second link gave other bytes")
	}
}

func TestBuildID(t *testing.T) {
	id := func(o *testObject, opt Options) string {
		_, f := mustLink(t, o, opt)
		for _, p := range f.Progs {
			if s := f.Section(".note.gnu.build-id"); p.Type == elf.PT_NOTE && p.Vaddr == s.Addr {
				return string(memory(t, f, s.Addr, int(s.Size)))
			}
		}
		t.Fatal("no PT_NOTE begins with the build-id")
		return ""
	}
	const header = "\x04\x00\x00\x00\x14\x00\x00\x00\x03\x00\x00\x00GNU\x00"
	one := id(newTestObject(false), Options{})
	if !strings.HasPrefix(one, header) || strings.HasSuffix(one, strings.Repeat("\x00", 20)) || len(one) != 36 {
		t.Errorf("note % x", one)
	}
	other := newTestObject(false)
	other.section(".rodata").data[0]++
	if id(other, Options{}) == one {
		t.Error("another program has the same build-id")
	}
	if got := id(newTestObject(false), Options{BuildID: []byte("12345")}); got != strings.Replace(header, "\x14", "\x05", 1)+"12345" {
		t.Errorf("given build-id: note % x", got)
	}
}

var update = flag.Bool("update", false, "write the golden files again")

// The link maps of the made-up objects, in testdata, show the whole layout.
func TestMap(t *testing.T) {
	for _, name := range []string{"exe", "static-pie"} {
		t.Run(name, func(t *testing.T) {
			pie := name == "static-pie"
			out, _ := mustLink(t, newTestObject(pie), Options{PIE: pie})
			golden := filepath.Join("testdata", name+".map")
			if *update {
				if err := os.WriteFile(golden, out.Map(), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got := out.Map(); !bytes.Equal(got, want) {
				t.Errorf("link map differs from %s (write it again with -update):\n%s", golden, got)
			}
		})
	}
}

// Each edit makes an object that cmd/link would not write.
func TestLinkRefuses(t *testing.T) {
	none := uint32(9999)
	for _, tt := range []struct {
		name string
		pie  bool
		edit func(*testObject)
		errs []string
	}{
		{"executable", false, func(o *testObject) { o.typ = elf.ET_EXEC }, []string{"ET_REL"}},
		{"other machine", false, func(o *testObject) { o.machine = elf.EM_PPC64 }, []string{"EM_PPC64"}},
		{"unknown e_flags", false, func(o *testObject) { o.flags = 0x80 }, []string{"0x80", "amd64"}},
		{"no .text", false, func(o *testObject) { o.section(".text").name = ".rodata2" }, []string{".rodata2", "unknown"}},
		{"no .go.fipsinfo", false, func(o *testObject) { o.remove(".go.fipsinfo") }, []string{".go.fipsinfo is missing"}},
		{"empty .data", false, func(o *testObject) { o.remove(".data"); o.section(".go.fipsinfo").relocs = nil }, []string{".data is missing"}},
		{"unknown section", false, func(o *testObject) {
			o.sections = append(o.sections, testSection{name: ".init_array", typ: elf.SHT_PROGBITS, flags: writeFlag, align: 8, data: []byte("x")})
		}, []string{".init_array", "unknown to go1.26"}},
		{"unknown section type", false, func(o *testObject) { o.section(".rodata").typ = elf.SHT_INIT_ARRAY }, []string{".rodata", "SHT_INIT_ARRAY"}},
		{"contents for .bss", false, func(o *testObject) { b := o.section(".bss"); b.typ, b.data, b.size = elf.SHT_PROGBITS, []byte("x"), 0 }, []string{".bss", "SHT_NOBITS"}},
		{"writable code", false, func(o *testObject) { o.section(".text").flags |= elf.SHF_WRITE }, []string{".text", "SHF_WRITE"}},
		{"section twice", false, func(o *testObject) { o.sections = append(o.sections, *o.section(".rodata")) }, []string{"both named .rodata"}},
		{"huge .bss", false, func(o *testObject) { o.section(".bss").size = 1 << 50 }, []string{".bss", "0x4000000000000"}},
		{"bss up to the end of memory", false, func(o *testObject) { o.section(".bss").size = 1 << 63 }, []string{".bss"}},
		{"huge alignment", false, func(o *testObject) { o.section(".data").align = 1 << 20 }, []string{".data", "alignment 0x100000"}},
		{"undefined symbol", false, func(o *testObject) { o.symbol("f").section = "" }, []string{"f is not defined"}},
		{"symbol outside its section", false, func(o *testObject) { o.symbol("f").value = 65 }, []string{"f is at 0x41 of section .text"}},
		{"TLS symbol in data", false, func(o *testObject) { o.symbol("d").typ = elf.STT_TLS }, []string{"d has type STT_TLS in section .data"}},
		{"global among locals", false, func(o *testObject) { o.symbol("f").global = true }, []string{"binding"}},
		{"no main", false, func(o *testObject) { o.symbol("main").name = "mein" }, []string{"no global function main"}},
		{"unknown relocation", false, func(o *testObject) { o.section(".text").relocs[0].typ = none }, []string{"section .text offset 0x1", "type 9999", "unknown for amd64", "to f-4"}},
		{"relocation of a later release", false, func(o *testObject) { o.section(".data").relocs[0].typ = uint32(elf.R_X86_64_GOTPCREL) }, []string{".data offset 0x8", "unknown"}},
		{"relocation across the end", false, func(o *testObject) { o.section(".data").relocs[0].off = 793 }, []string{".data offset 0x319", "outside"}},
		{"relocation far outside", false, func(o *testObject) { o.section(".data").relocs[0].off = 1<<64 - 4 }, []string{"outside"}},
		{"relocation before the start", false, func(o *testObject) { o.section(".text").relocs[1].off = 2 }, []string{"outside"}},
		{"relocation to the absolute symbol", false, func(o *testObject) { o.section(".data").relocs[0].sym = "go.go" }, []string{"in no section"}},
		{"relocation to nothing", false, func(o *testObject) { o.section(".data").relocs[0].sym = "?" }, []string{"in no section"}},
		{"TLS relocation to data", false, func(o *testObject) { o.section(".text").relocs[1].sym = "d" }, []string{"R_X86_64_GOTTPOFF to d-4", "section .data"}},
		{"address of a TLS symbol", false, func(o *testObject) { o.section(".data").relocs[0].sym = "tls" }, []string{"R_X86_64_64 to tls", "section .tbss"}},
		{"TLS relocation of another instruction", false, func(o *testObject) { o.section(".text").data[6] = 0x03 }, []string{"R_X86_64_GOTTPOFF", "want a 64-bit MOV"}},
		{"too far", false, func(o *testObject) { o.section(".text").relocs[0].addend = 1 << 40 }, []string{"R_X86_64_PC32", "does not fit"}},
		{"relocations for .bss", false, func(o *testObject) { o.section(".bss").relocs = o.section(".data").relocs }, []string{".rela.bss", "no contents"}},
		{"release of an unknown series", false, func(o *testObject) { o.setGoVersion("go1.99.9") }, []string{`made by Go "go1.99.9"`, "go1.26 and go1.27", "--unverified-go=warn"}},
		{"release candidate", false, func(o *testObject) { o.setGoVersion("go1.26rc1") }, []string{`made by Go "go1.26rc1"`, "it is no release"}},
		{"GOEXPERIMENT", false, func(o *testObject) { o.setGoVersion("go1.26.8 X:nodwarf5") }, []string{`made by Go "go1.26.8 X:nodwarf5"`, "GOEXPERIMENT"}},
		{"series without a layout for linking", false, func(o *testObject) { o.setGoVersion("go1.25.3") }, []string{`made by Go "go1.25.3"`, "are read, not linked"}},
		{"moduledata of another series", false, func(o *testObject) { o.setGoVersion("go1.27.4") }, []string{".go.module", "592 bytes", "568", "go1.27"}},
		{"moduledata with members in other places", false, func(o *testObject) {
			relocs := o.section(".go.module").relocs
			i := slices.IndexFunc(relocs, func(r testReloc) bool { return r.sym == "runtime.etypes" })
			relocs[i].sym, relocs[i+1].sym = relocs[i+1].sym, relocs[i].sym
		}, []string{`"runtime.rodata" at offset 304`, "runtime.etypes"}},
		{"no Go release", false, func(o *testObject) { o.section(".go.buildinfo").data[15] = 0 }, []string{"build information has flags"}},
		{"Go release longer than the section", false, func(o *testObject) { o.section(".go.buildinfo").data[32] = 200 }, []string{"the length of the Go version goes beyond"}},
		{"FIPS magic", false, func(o *testObject) { o.section(".go.fipsinfo").data[0] = 0 }, []string{".go.fipsinfo", "record"}},
		{"FIPS size", false, func(o *testObject) { o.section(".go.fipsinfo").data = make([]byte, 200) }, []string{".go.fipsinfo", "record"}},
		{"FIPS range across segments", false, func(o *testObject) { o.section(".go.fipsinfo").relocs[2].sym = "d" }, []string{".go.fipsinfo", "not in one segment"}},
		{"FIPS range backwards", false, func(o *testObject) { o.section(".go.fipsinfo").relocs[1].addend = 20 }, []string{".go.fipsinfo", "not in one segment"}},
		{"PIE object at a fixed address", false, func(o *testObject) { *o = *newTestObject(true) }, []string{".data.rel.ro", "-buildmode=pie"}},
		{"address in constants of a PIE", true, func(o *testObject) { o.section(".rodata").relocs = []testReloc{{16, uint32(elf.R_X86_64_64), "f", 0}} }, []string{".rodata offset 0x10", "position-independent"}},
		{"address in code of a PIE", true, func(o *testObject) { o.section(".text").relocs[0].typ = uint32(elf.R_X86_64_64) }, []string{".text offset 0x1", "position-independent"}},
		{"32-bit address in a PIE", true, func(o *testObject) { o.section(".data").relocs[0].typ = uint32(elf.R_X86_64_32) }, []string{".data offset 0x8", "position-independent"}},
		{"unaligned address in a PIE", true, func(o *testObject) { o.section(".data").relocs[0].off = 9 }, []string{".data offset 0x9", "position-independent"}},
		{"address in the FIPS data of a PIE", true, func(o *testObject) { o.section(".data").relocs[0].off = 32 }, []string{".go.fipsinfo", "would fail its FIPS 140 check"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := newTestObject(tt.pie)
			tt.edit(o)
			out, err := Link("go.o", o.bytes(), Options{PIE: tt.pie})
			if err == nil || out != nil {
				t.Fatalf("linked, error %v", err)
			}
			for _, e := range append(tt.errs, "go.o") {
				if !strings.Contains(err.Error(), e) {
					t.Errorf("error %q, want %q in it", err, e)
				}
			}
		})
	}
}

// A Low relocation must follow the one that it completes.
func TestLowRelocation(t *testing.T) {
	const hi, lo = uint32(elf.R_RISCV_PCREL_HI20), uint32(elf.R_RISCV_PCREL_LO12_I)
	auipc, addi := "\x97\x05\x00\x00", "\x93\x85\x05\x00"
	object := func(relocs ...testReloc) *testObject {
		o := newTestObject(false)
		o.machine, o.flags = elf.EM_RISCV, 4
		for i := range o.sections {
			for j := range o.sections[i].relocs {
				switch r := &o.sections[i].relocs[j]; elf.R_X86_64(r.typ) {
				case elf.R_X86_64_64:
					r.typ = uint32(elf.R_RISCV_64)
				case elf.R_X86_64_32:
					r.typ = uint32(elf.R_RISCV_32)
				}
			}
		}
		copy(o.section(".text").data[40:], auipc+addi)
		o.section(".text").relocs = relocs
		return o
	}
	_, f := mustLink(t, object(testReloc{40, hi, "d", 4}, testReloc{44, lo, ".L0", 0}), Options{})
	sym := symbols(t, f)
	code := memory(t, f, sym["f"].Value+8, 8)
	a, b := binary.LittleEndian.Uint32(code), binary.LittleEndian.Uint32(code[4:])
	if got := sym["f"].Value + 8 + uint64(int64(int32(a&^0xfff))) + uint64(int64(int32(b)>>20)); got != sym["d"].Value+4 {
		t.Errorf("AUIPC and ADDI give %#x, want %#x", got, sym["d"].Value+4)
	}
	for _, o := range []*testObject{
		object(testReloc{44, lo, ".L0", 0}),
		object(testReloc{44, lo, ".L0", 0}, testReloc{40, hi, "d", 0}),
		object(testReloc{40, hi, "d", 0}, testReloc{44, lo, ".L0", 4}),
		object(testReloc{40, hi, "d", 0}, testReloc{44, lo, "f", 0}),
	} {
		if _, err := Link("go.o", o.bytes(), Options{}); err == nil || !strings.Contains(err.Error(), "is not the one before it") {
			t.Errorf("error %v", err)
		}
	}
}

// Every stub resolves against symbols at the far ends of a large program.
func TestStubs(t *testing.T) {
	for _, a := range all.Arches {
		for name, stub := range map[string]arch.Stub{"exe": a.EntryExe, "pie": a.EntryPIE} {
			for _, far := range []int64{0x4000000, -0x4000000} {
				resolve := func(s string) (uint64, bool) {
					if s == startSymbol {
						return 0x10000000, true
					}
					return uint64(0x10000000 + far), true
				}
				if err := applyStub(a, bytes.Clone(stub.Code), 0x10000000, stub.Relocs, resolve); err != nil || len(stub.Code) == 0 {
					t.Errorf("%s %s: %d bytes, %v", a.GOARCH, name, len(stub.Code), err)
				}
			}
		}
	}
}

func FuzzLink(f *testing.F) {
	for _, pie := range []bool{false, true} {
		f.Add(newTestObject(pie).bytes(), pie)
		f.Add(newReader(pie).bytes(), pie)
		f.Add(fileObject(pie, fileTable("a/b.go", "bazel-out/cfg/bin/a/gen.go")).bytes(), pie)
	}
	sections := []Section{{Name: ".x", Data: []byte("contents")}, {Name: "y", Data: []byte("1")}}
	notes := []Note{{Owner: "A", Type: 1, Desc: []byte("abc")}}
	f.Fuzz(func(t *testing.T, data []byte, pie bool) {
		before := bytes.Clone(data)
		var out *Output
		var err error
		fuzztest.Bounded(t, len(data), 256, func() { out, err = Link("fuzz", data, Options{PIE: pie, Sections: sections, Notes: notes}) })
		if (out == nil) == (err == nil) {
			t.Fatalf("got %v and %v, want one of the two", out, err)
		}
		if !bytes.Equal(before, data) {
			t.Fatal("the input was changed")
		}
		if err == nil {
			out.Map()
			if _, err := Link("fuzz", data, Options{PIE: pie, Sections: sections, CompressDWARF: true}); err != nil {
				t.Fatalf("with compression: %v", err)
			}
			if _, err := elf.NewFile(bytes.NewReader(out.File)); err != nil {
				t.Fatalf("output: %v", err)
			}
		}
	})
}
