package link

import (
	"bytes"
	"debug/elf"
	"slices"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/arch/all"
	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/fuzztest"
)

// prepare is Prepare for a made-up object, with a given build-id: an output of Link
// then stands in for that of another linker.
func prepare(t *testing.T, o *testObject, opt Options) (e *External, output []byte) {
	t.Helper()
	opt.BuildID = []byte("given build-id")
	e, err := Prepare("go.o", o.bytes(), opt)
	if err != nil {
		t.Fatal(err)
	}
	out, _ := mustLink(t, o, opt)
	return e, out.File
}

func TestPrepare(t *testing.T) {
	o := newTestObject(true)
	given := o.bytes()
	before := bytes.Clone(given)
	e, err := Prepare("go.o", given, Options{PIE: true})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(given, before) {
		t.Error("the input was changed")
	}
	f, err := elf.NewFile(bytes.NewReader(e.Object))
	if err != nil {
		t.Fatal(err)
	}
	text, err := f.Section(".text").Data()
	if err != nil {
		t.Fatal(err)
	}
	// MOVQ $-8, CX; the call before it is the linker's.
	if want := "\xe8\x00\x00\x00\x00\x48\xc7\xc1\xf8\xff\xff\xff\xc3"; string(text[:13]) != want {
		t.Errorf("code % x, want % x", text[:13], want)
	}
	relas, err := f.Section(".rela.text").Data()
	if err != nil {
		t.Fatal(err)
	}
	var types []uint32
	for b := relas; len(b) > 0; b = b[goelf.RelaSize:] {
		types = append(types, readRela(b).typ)
	}
	if want := []uint32{uint32(elf.R_X86_64_PC32), 0}; !slices.Equal(types, want) {
		t.Errorf("relocation types %v, want %v", types, want)
	}
	if e.GOARCH() != "amd64" || e.Emulation() != "elf_x86_64" || e.PageSize() != 4096 || e.BuildIDFlag() != "0x"+strings.Repeat("0", 40) {
		t.Errorf("%s %s %d %s", e.GOARCH(), e.Emulation(), e.PageSize(), e.BuildIDFlag())
	}
}

// What only Link adds is refused, not left out.
func TestPrepareRefuses(t *testing.T) {
	for _, opt := range []Options{{Sections: []Section{{}}}, {Notes: []Note{{}}}, {PackageMetadata: []byte("{}")}} {
		if e, err := Prepare("go.o", newTestObject(false).bytes(), opt); err == nil || e != nil || !strings.Contains(err.Error(), "want none with an external linker") {
			t.Errorf("%+v: error %v", opt, err)
		}
	}
}

// On RISC-V two instructions make up a TLS access.
func TestPrepareTLSPair(t *testing.T) {
	const got, lo = uint32(elf.R_RISCV_TLS_GOT_HI20), uint32(elf.R_RISCV_PCREL_LO12_I)
	object := func(relocs ...testReloc) []byte {
		o := newTestObject(false)
		o.machine, o.flags = elf.EM_RISCV, 4
		for i := range o.sections {
			if o.sections[i].name != ".go.module" {
				o.sections[i].relocs = nil
			}
			for j := range o.sections[i].relocs {
				o.sections[i].relocs[j].typ = uint32(elf.R_RISCV_64)
			}
		}
		o.symbol("tls").value = 8
		o.section(".tbss").size = 16
		copy(o.section(".text").data[40:], "\x97\x0f\x00\x00\x03\xbf\x0f\x00") // AUIPC $0, X31; LD (X31), X30
		o.section(".text").relocs = relocs
		return o.bytes()
	}
	e, err := Prepare("go.o", object(testReloc{40, got, "tls", 0}, testReloc{44, lo, ".L0", 0}), Options{})
	if err != nil {
		t.Fatal(err)
	}
	f, err := elf.NewFile(bytes.NewReader(e.Object))
	if err != nil {
		t.Fatal(err)
	}
	text, err := f.Section(".text").Data()
	if err != nil {
		t.Fatal(err)
	}
	if want := "\xb7\x0f\x00\x00\x13\x8f\x8f\x00"; string(text[40:48]) != want { // LUI $0, X31; ADDI $8, X31, X30
		t.Errorf("code % x, want % x", text[40:48], want)
	}
	for name, relocs := range map[string][]testReloc{
		"is not the one before it": {{40, got, "tls", 0}, {44, lo, "f", 0}},
		"is not thread-local":      {{40, got, "f", 0}},
		"outside the 0x40 bytes":   {{64, got, "tls", 0}},
		"want LD":                  {{40, got, "tls", 0}, {40, lo, ".L0", 0}},
		"unknown for riscv64":      {{40, 9999, "f", 0}},
	} {
		if _, err := Prepare("go.o", object(relocs...), Options{}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v, want %q", err, name)
		}
	}
}

// The entry object defines the entry stub and needs main only.
func TestEntryObject(t *testing.T) {
	for _, a := range all.Arches {
		for _, pie := range []bool{false, true} {
			l := &linker{arch: a, stub: a.EntryExe}
			if pie {
				l.stub = a.EntryPIE
			}
			f, err := elf.NewFile(bytes.NewReader(l.entryObject()))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := goelf.Parse("entry.o", l.entryObject()); err != nil {
				t.Error(err)
			}
			code, err := f.Section(".text").Data()
			if err != nil || !bytes.Equal(code, l.stub.Code) || f.Type != elf.ET_REL || f.Machine != a.ELF {
				t.Errorf("%s: type %v, machine %v, %d bytes of code, %v", a.GOARCH, f.Type, f.Machine, len(code), err)
			}
			list, err := f.Symbols()
			if err != nil {
				t.Fatal(err)
			}
			var undefined []string
			for i, s := range list {
				global := elf.ST_BIND(s.Info) == elf.STB_GLOBAL
				if global != (uint32(i+1) >= f.Section(".symtab").Info) {
					t.Errorf("%s: symbol %s is not where symbols of its binding are", a.GOARCH, s.Name)
				}
				if s.Section == elf.SHN_UNDEF {
					undefined = append(undefined, s.Name)
				}
			}
			if !slices.Equal(undefined, []string{"main"}) {
				t.Errorf("%s: undefined symbols %q", a.GOARCH, undefined)
			}
			relas, err := f.Section(".rela.text").Data()
			if err != nil {
				t.Fatal(err)
			}
			external, _ := splitStub(l.stub.Relocs)
			for i, want := range external {
				r := readRela(relas[i*goelf.RelaSize:])
				s := list[r.sym-1]
				if r.off != want.Off || r.typ != want.Type || r.addend != want.Add ||
					want.Symbol == "main" != (s.Name == "main") || want.Symbol == "" && s.Value != external[i-1].Off {
					t.Errorf("%s: relocation %+v to %+v, want %+v", a.GOARCH, r, s, want)
				}
			}
			if len(relas) != len(external)*goelf.RelaSize || len(external) == 0 {
				t.Errorf("%s: %d bytes of relocations for %d", a.GOARCH, len(relas), len(external))
			}
		}
	}
}

// What Link makes is what Finish wants: of a program at a fixed address it changes
// nothing, of a PIE the order of PT_DYNAMIC and so what the stub says of it.
func TestFinishOfLink(t *testing.T) {
	for _, pie := range []bool{false, true} {
		e, image := prepare(t, newTestObject(pie), Options{PIE: pie})
		got, err := e.Finish("out", bytes.Clone(image))
		if err != nil {
			t.Fatal(err)
		}
		if pie {
			f, was := mustParse(t, got), mustParse(t, image)
			copy(segmentData(t, f, elf.PT_DYNAMIC), segmentData(t, was, elf.PT_DYNAMIC))
			n := uint64(len(e.l.stub.Code))
			copy(bytesAt(t, f, f.Header.Entry, n), bytesAt(t, was, was.Header.Entry, n))
		}
		if !bytes.Equal(got, image) {
			t.Errorf("PIE %v: the file was changed", pie)
		}
	}
}

// toRela rewrites the relocations of a PIE to the form that GNU ld gives them on
// most machines: DT_RELA, with nothing in place. The table is in .gopclntab.
func toRela(t *testing.T, image []byte) (sites []uint64) {
	t.Helper()
	f := mustParse(t, image)
	dynamic := segmentData(t, f, elf.PT_DYNAMIC)
	relr := f.Section(".relr.dyn")
	sites = decodeRelr(bytesAt(t, f, relr.Addr, relr.Size))
	to := f.Section(".gopclntab")
	table := bytesAt(t, f, to.Addr, to.Size)
	for i, site := range sites {
		word := bytesAt(t, f, site, 8)
		putRela(table[i*goelf.RelaSize:], rela{off: site, typ: uint32(elf.R_X86_64_RELATIVE), addend: int64(le.Uint64(word))})
		clear(word)
	}
	for b := dynamic; len(b) > 0; b = b[goelf.DynSize:] {
		switch elf.DynTag(le.Uint64(b)) {
		case goelf.DT_RELR:
			putDyn(b, elf.DT_RELA, to.Addr)
		case goelf.DT_RELRSZ:
			putDyn(b, elf.DT_RELASZ, uint64(len(sites)*goelf.RelaSize))
		case goelf.DT_RELRENT:
			putDyn(b, elf.DT_RELAENT, goelf.RelaSize)
		}
	}
	return sites
}

func putDyn(b []byte, tag elf.DynTag, value uint64) {
	le.PutUint64(b, uint64(tag))
	le.PutUint64(b[8:], value)
}

func bytesAt(t *testing.T, f *goelf.File, addr, n uint64) []byte {
	t.Helper()
	b, err := f.Bytes(addr, n)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// relaObject has room for toRela.
func relaObject() *testObject {
	o := newTestObject(true)
	o.section(".gopclntab").data = make([]byte, 64*goelf.RelaSize)
	return o
}

// Relocations in DT_RELA form become DT_RELR, and addresses are in place again.
func TestFinishRela(t *testing.T) {
	e, image := prepare(t, relaObject(), Options{PIE: true})
	want := mustParse(t, bytes.Clone(image))
	sites := toRela(t, image)
	got, err := e.Finish("out", image)
	if err != nil {
		t.Fatal(err)
	}
	f := mustParse(t, got)
	for _, site := range sites {
		if a, b := bytesAt(t, f, site, 8), bytesAt(t, want, site, 8); !bytes.Equal(a, b) {
			t.Errorf("address %#x holds % x, want % x", site, a, b)
		}
	}
	g, err := elf.NewFile(bytes.NewReader(got))
	if err != nil {
		t.Fatal(err)
	}
	value := func(tag elf.DynTag) uint64 {
		v, err := g.DynValue(tag)
		if err != nil || len(v) != 1 {
			t.Fatalf("%v is %v, %v", tag, v, err)
		}
		return v[0]
	}
	if relr := decodeRelr(bytesAt(t, f, value(goelf.DT_RELR), value(goelf.DT_RELRSZ))); !slices.Equal(relr, sites) {
		t.Errorf("DT_RELR relocates %#x, want %#x", relr, sites)
	}
	if v, err := g.DynValue(elf.DT_RELA); err != nil || len(v) != 0 {
		t.Errorf("DT_RELA is %v, %v", v, err)
	}
	checkFIPS(t, g, symbols(t, g))
}

func TestFinishRefuses(t *testing.T) {
	section := func(t *testing.T, f *goelf.File, name string) []byte { // its header
		s := f.Section(name)
		return f.Data[f.Header.Shoff+uint64(s.Index)*goelf.SectionHeaderSize:]
	}
	program := func(f *goelf.File, typ elf.ProgType) []byte { // its header
		i := slices.IndexFunc(f.Progs, func(p elf.Prog64) bool { return elf.ProgType(p.Type) == typ })
		return f.Data[goelf.HeaderSize+i*goelf.ProgHeaderSize:]
	}
	setType := func(typ, to elf.ProgType) func(*testing.T, *goelf.File) {
		return func(t *testing.T, f *goelf.File) { le.PutUint32(program(f, typ), uint32(to)) }
	}
	rename := func(name string) func(*testing.T, *goelf.File) {
		return func(t *testing.T, f *goelf.File) { le.PutUint32(section(t, f, name), f.Section(".shstrtab").Name) }
	}
	setDyn := func(old, tag elf.DynTag) func(*testing.T, *goelf.File) {
		return func(t *testing.T, f *goelf.File) {
			for b := segmentData(t, f, elf.PT_DYNAMIC); len(b) > 0; b = b[goelf.DynSize:] {
				if elf.DynTag(le.Uint64(b)) == old {
					le.PutUint64(b, uint64(tag))
				}
			}
		}
	}
	const exe, pie, rela = 1, 2, 4 // of which outputs the change is made
	for _, tt := range []struct {
		name   string
		of     int
		change func(*testing.T, *goelf.File)
		err    string
	}{
		{"no ELF", exe | pie, func(t *testing.T, f *goelf.File) { f.Data[0] = 0 }, "not an ELF file"},
		{"other machine", exe, func(t *testing.T, f *goelf.File) { f.Data[18] = byte(elf.EM_AARCH64) }, "machine EM_AARCH64, want EM_X86_64"},
		{"PIE instead", exe, func(t *testing.T, f *goelf.File) { f.Data[16] = byte(elf.ET_DYN) }, "type ET_DYN, want ET_EXEC"},
		{"no PIE", pie, func(t *testing.T, f *goelf.File) { f.Data[16] = byte(elf.ET_EXEC) }, "type ET_EXEC, want ET_DYN"},
		{"loader", exe, setType(elf.PT_NOTE, elf.PT_INTERP), "PT_INTERP"},
		{"dynamic", exe, setType(elf.PT_NOTE, elf.PT_DYNAMIC), "PT_DYNAMIC segment in a program at a fixed address"},
		{"stack", exe, setType(elf.PT_GNU_STACK, elf.PT_NULL), "no PT_GNU_STACK"},
		{"executable stack", pie, func(t *testing.T, f *goelf.File) { program(f, elf.PT_GNU_STACK)[4] |= byte(elf.PF_X) }, "no PT_GNU_STACK"},
		{"writable code", exe, func(t *testing.T, f *goelf.File) { program(f, elf.PT_LOAD)[4] = 7 }, "writable and executable"},
		{"no pclntab", exe, rename(".gopclntab"), "section .gopclntab is missing"},
		{"small bss", pie, func(t *testing.T, f *goelf.File) { le.PutUint64(section(t, f, ".bss")[32:], 8) }, "less than the 0x5000 bytes"},
		{"order", exe, func(t *testing.T, f *goelf.File) {
			le.PutUint64(section(t, f, ".noptrdata")[16:], f.Section(".noptrbss").Addr)
		}, "want the order"},
		{"TLS", exe | pie, func(t *testing.T, f *goelf.File) { le.PutUint64(program(f, elf.PT_TLS)[40:], 24) }, "PT_TLS"},
		{"no dynamic", pie, setType(elf.PT_DYNAMIC, elf.PT_NULL), "no PT_DYNAMIC"},
		{"library", pie, setDyn(elf.DT_HASH, elf.DT_NEEDED), "DT_NEEDED"},
		{"no debug", pie, setDyn(elf.DT_DEBUG, elf.DT_HASH), "no entry DT_DEBUG"},
		{"no relocations", pie, setDyn(goelf.DT_RELRSZ, elf.DT_HASH), "with 0x0 bytes: want the program's relocations"},
		{"relocations of code", pie, func(t *testing.T, f *goelf.File) {
			le.PutUint64(bytesAt(t, f, f.Section(".relr.dyn").Addr, 8), f.Section(".text").Addr)
		}, "words in writable segments"},
		{"symbol", rela, func(t *testing.T, f *goelf.File) {
			bytesAt(t, f, f.Section(".gopclntab").Addr, 12)[8] = byte(elf.R_X86_64_64)
		}, "dynamic relocation type 1"},
		{"unaligned", rela, func(t *testing.T, f *goelf.File) { bytesAt(t, f, f.Section(".gopclntab").Addr, 1)[0]++ }, "is it aligned?"},
		{"no RELRO", pie, setType(elf.PT_GNU_RELRO, elf.PT_NULL), "no PT_GNU_RELRO"},
		{"RELRO of data", pie, func(t *testing.T, f *goelf.File) {
			p := program(f, elf.PT_GNU_RELRO)
			le.PutUint64(p[40:], f.Section(".noptrdata").Addr+8-le.Uint64(p[16:]))
		}, "is in PT_GNU_RELRO, but the program writes to it"},
		{"entry", exe | pie, func(t *testing.T, f *goelf.File) { f.Data[24] += 16 }, "is not the symbol _start"},
		{"build-id", exe, func(t *testing.T, f *goelf.File) {
			bytesAt(t, f, f.Section(".note.gnu.build-id").Addr, 20)[16]++
		}, "no PT_NOTE segment holds the build-id"},
		{"FIPS record", exe, func(t *testing.T, f *goelf.File) { bytesAt(t, f, f.Section(".go.fipsinfo").Addr, 1)[0]++ }, ".go.fipsinfo is not the record"},
	} {
		for _, of := range []int{exe, pie, rela} {
			if tt.of&of == 0 {
				continue
			}
			t.Run(tt.name, func(t *testing.T) {
				o := newTestObject(of != exe)
				if of == rela {
					o = relaObject()
				}
				e, image := prepare(t, o, Options{PIE: of != exe})
				if of == rela {
					toRela(t, image)
				}
				tt.change(t, mustParse(t, image))
				if got, err := e.Finish("out", image); err == nil || got != nil || !strings.Contains(err.Error(), tt.err) ||
					!strings.HasPrefix(err.Error(), "out: ") {
					t.Errorf("%d bytes, error %v; want %q", len(got), err, tt.err)
				}
			})
		}
	}
}

// A page of 64 KiB holds more than RELRO unless the linker was told of it.
func TestFinishLargePages(t *testing.T) {
	e, image := prepare(t, newTestObject(true), Options{PIE: true})
	large := *e.l.arch
	large.PageSize = 64 << 10
	e.l.arch = &large
	if _, err := e.Finish("out", image); err == nil || !strings.Contains(err.Error(), "within a page of 0x10000 bytes that holds writable data") {
		t.Errorf("error %v", err)
	}
}

func FuzzFinish(f *testing.F) {
	for _, pie := range []bool{false, true} {
		out, err := Link("go.o", newTestObject(pie).bytes(), Options{PIE: pie, BuildID: []byte("given")})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(out.File, pie)
	}
	f.Fuzz(func(t *testing.T, data []byte, pie bool) {
		e, err := Prepare("go.o", newTestObject(pie).bytes(), Options{PIE: pie, BuildID: []byte("given")})
		if err != nil {
			t.Fatal(err)
		}
		var out []byte
		fuzztest.Bounded(t, len(data), 64, func() { out, err = e.Finish("fuzz", data) })
		if (out == nil) == (err == nil) {
			t.Fatalf("got %d bytes and %v, want one of the two", len(out), err)
		}
	})
}

func mustParse(t *testing.T, image []byte) *goelf.File {
	t.Helper()
	f, err := goelf.Parse("out", image)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func segmentData(t *testing.T, f *goelf.File, typ elf.ProgType) []byte {
	t.Helper()
	b, err := f.SegmentData((&finisher{f: f}).segment(typ))
	if err != nil {
		t.Fatal(err)
	}
	return b
}
