package policy

import (
	"debug/elf"
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/arch"
	"github.com/go3s/rules_go3s/internal/arch/all"
	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/elf/elftest"
	"github.com/go3s/rules_go3s/internal/gobin/gobintest"
	registry "github.com/go3s/rules_go3s/internal/machine"
)

var le = binary.LittleEndian

func parse(t testing.TB, data []byte) *goelf.File {
	t.Helper()
	f, err := goelf.Parse("test", data)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// breachesOf judges data by a profile and returns what it breaks, as
// "rule: subject: detail".
func breachesOf(t testing.TB, p *Policy, data []byte) []string {
	t.Helper()
	report := p.Check("test", parse(t, data))
	var out []string
	for _, b := range report.Verdict("") {
		for _, f := range b.Findings {
			out = append(out, b.Rule+": "+f.Subject+": "+f.Detail)
		}
	}
	return out
}

func mustNew(t testing.TB, profile string) *Policy {
	t.Helper()
	p, err := New(profile)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// expect fails the test unless the breaches are those that want begins, in order.
func expect(t *testing.T, got []string, want ...string) {
	t.Helper()
	ok := len(got) == len(want)
	for i := range min(len(got), len(want)) {
		ok = ok && strings.HasPrefix(got[i], want[i])
	}
	if !ok {
		t.Errorf("breaches\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// The programs that the other tests damage break no rule.
func TestCleanPrograms(t *testing.T) {
	for _, machine := range elftest.Machines {
		expect(t, breachesOf(t, mustNew(t, "nolibc"), gobintest.New(machine).Build().Data))
		expect(t, breachesOf(t, mustNew(t, "static"), gobintest.New(machine).Build().Data))
		expect(t, breachesOf(t, mustNew(t, "nolibc-pie"), pie(machine, nil).Data))
		expect(t, breachesOf(t, mustNew(t, "static-asm"), elftest.Executable(machine).Build().Data))
	}
}

// A change of the finished file.
type change func(m *elftest.Image)

func TestSegmentRules(t *testing.T) {
	prog := func(typ elf.ProgType, nth, field int, v uint64) change {
		return func(m *elftest.Image) { m.Put64(m.Phdr(typ, nth)+field, v) }
	}
	flags := func(typ elf.ProgType, nth int, f elf.ProgFlag) change {
		return func(m *elftest.Image) { m.Put32(m.Phdr(typ, nth)+4, uint32(f)) }
	}
	for _, c := range []struct {
		name   string
		change change
		want   []string
	}{
		{"data segment executable", flags(elf.PT_LOAD, 2, elf.PF_R|elf.PF_W|elf.PF_X),
			[]string{"no-wx-segment: PT_LOAD 2: its flags are RWX", "no-foreign-code: section .go.buildinfo: ", "syscall-sites: the rest of a page: "}},
		{"text segment writable", flags(elf.PT_LOAD, 0, elf.PF_R|elf.PF_W|elf.PF_X),
			[]string{"no-wx-segment: PT_LOAD 0: its flags are RWX"}},
		{"text segment not executable", flags(elf.PT_LOAD, 0, elf.PF_R),
			[]string{"entry-in-text: e_entry", "go-tables: moduledata.text: ", "go-tables: moduledata.textsectmap"}},
		{"executable stack", flags(elf.PT_GNU_STACK, 0, elf.PF_R|elf.PF_W|elf.PF_X),
			[]string{"nx-stack: PT_GNU_STACK: its flags are RWX"}},
		{"no stack header", func(m *elftest.Image) { m.Put32(m.Phdr(elf.PT_GNU_STACK, 0), uint32(elf.PT_NULL)) },
			[]string{"nx-stack: PT_GNU_STACK: the file has no PT_GNU_STACK"}},
		{"small alignment", prog(elf.PT_LOAD, 1, 48, 0x200),
			[]string{"page-alignment: PT_LOAD 1: its p_align is 0x200"}},
		{"no alignment", prog(elf.PT_LOAD, 1, 48, 0),
			[]string{"page-alignment: PT_LOAD 1: its p_align is 0x0"}},
		{"entry in data", func(m *elftest.Image) { m.Put64(24, le.Uint64(m.Data[m.Shdr(".data")+16:])) },
			[]string{"entry-in-text: e_entry"}},
		{"entry nowhere", func(m *elftest.Image) { m.Put64(24, 0) },
			[]string{"entry-in-text: e_entry"}},
		{"entry in headers", func(m *elftest.Image) { m.Put64(24, 0x400000) },
			[]string{"entry-in-text: e_entry: the entry point 0x400000 is in no executable section"}},
		{"shared object", func(m *elftest.Image) { m.Put16(16, uint16(elf.ET_DYN)) },
			[]string{"type-exec: e_type: the file is of type ET_DYN"}},
		{"object file", func(m *elftest.Image) { m.Put16(16, uint16(elf.ET_REL)) },
			[]string{"type-exec: e_type: the file is of type ET_REL"}},
		{"other machine in build information", func(m *elftest.Image) {
			i := strings.Index(string(m.Data), "GOARCH=amd64")
			copy(m.Data[i:], "GOARCH=wasm6")
		}, []string{"machine: GOARCH: the build information says \"wasm6\""}},
		{"section outside of segments", func(m *elftest.Image) { m.Put64(m.Shdr(".rodata")+16, 0x900000) },
			[]string{"sound-elf: section .rodata: its addresses 0x900000"}},
		{"section at another offset", func(m *elftest.Image) { m.Put64(m.Shdr(".rodata")+24, uint64(m.Off(".text"))) },
			[]string{"sound-elf: section .rodata: its addresses", "sound-elf: section .rodata: it begins at file offset"}},
		{"bss beyond its segment", func(m *elftest.Image) { m.Put64(m.Shdr(".bss")+32, 1<<20) },
			[]string{"sound-elf: section .bss"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := gobintest.New(elf.EM_X86_64).Build()
			c.change(m)
			expect(t, breachesOf(t, mustNew(t, "nolibc"), m.Data), c.want...)
		})
	}
}

func TestSharedPage(t *testing.T) {
	// The second segment begins in the last page of the first one's memory.
	m := elftest.Executable(elf.EM_X86_64).Build()
	data := m.Phdr(elf.PT_LOAD, 1)
	text := m.Phdr(elf.PT_LOAD, 0)
	m.Put64(text+40, le.Uint64(m.Data[data+16:])-le.Uint64(m.Data[text+16:])-8) // p_memsz
	expect(t, breachesOf(t, mustNew(t, "static-asm"), m.Data), "sound-elf: PT_LOAD 1: it shares the page")
}

func TestRELRORule(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(m *elftest.Image, relro int)
		want   []string
	}{
		{"none", func(m *elftest.Image, relro int) { m.Put32(relro, uint32(elf.PT_NULL)) },
			[]string{"self-relocation: PT_GNU_RELRO: the file has 0", "relro: PT_GNU_RELRO: the file has no PT_GNU_RELRO"}},
		{"in part", func(m *elftest.Image, relro int) { m.Put64(relro+40, uint64(m.Size(".dynamic"))) },
			[]string{"self-relocation: __relro_end", "relro: PT_DYNAMIC: PT_GNU_RELRO protects the pages", "relro: section .dynamic: PT_GNU_RELRO protects the pages"}},
		{"of other data", func(m *elftest.Image, relro int) {
			data := le.Uint64(m.Data[m.Phdr(elf.PT_LOAD, 3)+16:])
			m.Put64(relro+16, data)
			m.Put64(relro+40, 4096-data%4096)
		}, []string{"self-relocation: __relro_start", "self-relocation: __relro_end", "relro: PT_DYNAMIC: it is at",
			"relro: section .dynamic: it is at", "relro: section .go.module: the program writes to it", "relro: section .data: the program writes to it", "relro: section .bss"}},
		{"of read-only data", func(m *elftest.Image, relro int) {
			m.Put64(relro+16, le.Uint64(m.Data[m.Phdr(elf.PT_LOAD, 1)+16:]))
			m.Put64(relro+40, 8)
		}, []string{"self-relocation: __relro_start", "self-relocation: __relro_end", "relro: PT_GNU_RELRO: it is in the segment PT_LOAD 1, which is read-only",
			"relro: PT_DYNAMIC: it is at", "relro: section .dynamic: it is at"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := pie(elf.EM_X86_64, nil)
			c.change(m, m.Phdr(elf.PT_GNU_RELRO, 0))
			expect(t, breachesOf(t, mustNew(t, "static-pie"), m.Data), c.want...)
		})
	}
}

// Read-only protection may reach to the end of a page, but not beyond.
func TestRelro(t *testing.T) {
	p := gobintest.New(elf.EM_X86_64)
	p.Progs = []elftest.Prog{{Type: elf.PT_GNU_RELRO, Flags: elf.PF_R, Section: ".data"}}
	m := p.Build()
	relro := m.Phdr(elf.PT_GNU_RELRO, 0)
	load := m.Phdr(elf.PT_LOAD, 2)
	start := le.Uint64(m.Data[relro+16:])
	end := le.Uint64(m.Data[load+16:]) + le.Uint64(m.Data[load+40:])
	for size, want := range map[uint64][]string{
		8:                            nil,
		end - start:                  nil,
		(end+4095)&^4095 - start:     nil,
		(end+4095)&^4095 - start + 1: {"sound-elf: PT_GNU_RELRO 0"},
	} {
		m.Put64(relro+40, size)
		expect(t, breachesOf(t, mustNew(t, "static"), m.Data), want...)
	}
}

func TestExpectations(t *testing.T) {
	data := gobintest.New(elf.EM_AARCH64).Build().Data
	p := mustNew(t, "static")
	if err := p.SetGOARCH("riscv64"); err != nil {
		t.Fatal(err)
	}
	expect(t, breachesOf(t, p, data), "machine: e_machine: the file is for arm64, want riscv64")

	p = mustNew(t, "static")
	p.SizeBudget = uint64(len(data))
	expect(t, breachesOf(t, p, data))
	p.SizeBudget--
	expect(t, breachesOf(t, p, data), "size-budget: file size: the file has")
}

// dynamic returns the bytes of a dynamic section, DT_NULL at its end.
func dynamic(entries ...uint64) []byte {
	var b []byte
	for _, v := range append(entries, 0, 0) {
		b = le.AppendUint64(b, v)
	}
	return b
}

// pie returns a static PIE that golink's entry code begins and that has three RELR
// words, after change.
func pie(machine elf.Machine, change func(entries map[elf.DynTag]uint64, rela, relr []byte)) *elftest.Image {
	return pieWith(machine, archOf(machine).EntryPIE, change)
}

// pieWith is pie with other entry code.
func pieWith(machine elf.Machine, stub arch.Stub, change func(entries map[elf.DynTag]uint64, rela, relr []byte)) *elftest.Image {
	const alloc, write, exec = elf.SHF_ALLOC, elf.SHF_WRITE, elf.SHF_EXECINSTR
	p := gobintest.New(machine)
	tags := []elf.DynTag{elf.DT_DEBUG, elf.DT_RELA, elf.DT_RELASZ, elf.DT_RELAENT, goelf.DT_RELR, goelf.DT_RELRSZ, elf.DT_FLAGS_1,
		elf.DT_FLAGS,
		elf.DT_TEXTREL, elf.DT_JMPREL, elf.DT_PLTRELSZ, elf.DT_NULL}
	spec := p.Spec()
	spec.Type, spec.Base, spec.Entry = elf.ET_DYN, 0, ".entry"
	for i := range spec.Sections {
		if spec.Sections[i].Load == 2 {
			spec.Sections[i].Load = 3 // after what becomes read-only
		}
	}
	i := slices.IndexFunc(spec.Sections, func(s elftest.Section) bool { return s.Name == ".rodata" })
	spec.Sections = slices.Insert(spec.Sections, i,
		elftest.Section{Name: ".entry", Type: elf.SHT_PROGBITS, Flags: alloc | exec, Align: 16, Data: slices.Clone(stub.Code)})
	i = slices.IndexFunc(spec.Sections, func(s elftest.Section) bool { return s.Name == ".rodata" })
	spec.Sections = slices.Insert(spec.Sections, i,
		elftest.Section{Name: ".rela", Type: elf.SHT_PROGBITS, Flags: alloc, Align: 8, Load: 1, Data: make([]byte, 24)},
		elftest.Section{Name: ".relr", Type: elf.SHT_PROGBITS, Flags: alloc, Align: 8, Load: 1, Data: make([]byte, 16)})
	i = slices.IndexFunc(spec.Sections, func(s elftest.Section) bool { return s.Load == 3 })
	spec.Sections = slices.Insert(spec.Sections, i,
		elftest.Section{Name: ".dynamic", Type: elf.SHT_DYNAMIC, Flags: alloc | write, Align: 8, Load: 2, Entsize: 16, Data: make([]byte, 16*len(tags))})
	spec.Progs = append(spec.Progs,
		elftest.Prog{Type: elf.PT_DYNAMIC, Flags: elf.PF_R | elf.PF_W, Section: ".dynamic"},
		elftest.Prog{Type: elf.PT_GNU_RELRO, Flags: elf.PF_R, Section: ".dynamic"})
	m := gobintest.Finish(spec.Build())

	addr := func(name string) uint64 { return le.Uint64(m.Data[m.Shdr(name)+16:]) }
	rela, relr := m.Data[m.Off(".rela"):][:24], m.Data[m.Off(".relr"):][:16]
	le.PutUint64(rela, addr(".data"))
	le.PutUint64(rela[8:], uint64(registry.OfELF(machine).Relative))
	le.PutUint64(rela[16:], addr(".text"))
	le.PutUint64(relr, addr(".bss"))
	le.PutUint64(relr[8:], 0b1011) // the first and the third word after it
	entries := map[elf.DynTag]uint64{
		elf.DT_DEBUG: 0, elf.DT_RELA: addr(".rela"), elf.DT_RELASZ: 0, elf.DT_RELAENT: 24,
		goelf.DT_RELR: addr(".relr"), goelf.DT_RELRSZ: 16,
		elf.DT_FLAGS_1: uint64(elf.DF_1_PIE),
	}
	if change != nil {
		change(entries, rela, relr)
	}
	off := m.Off(".dynamic")
	for _, tag := range tags {
		if v, ok := entries[tag]; ok {
			m.Put64(off, uint64(tag))
			m.Put64(off+8, v)
			off += 16
		}
	}
	header := m.Phdr(elf.PT_GNU_RELRO, 0)
	m.Put64(header+40, (addr(".dynamic")+uint64(m.Size(".dynamic"))+pageSize-1)&^(pageSize-1)-addr(".dynamic"))
	enter(m, stub, entrySymbols(m))
	return m
}

// entrySymbols returns what golink's entry code in m refers to.
func entrySymbols(m *elftest.Image) map[string]uint64 {
	addr := func(name string) uint64 { return le.Uint64(m.Data[m.Shdr(name)+16:]) }
	end := func(name string) uint64 { return addr(name) + uint64(m.Size(name)) }
	header := m.Phdr(elf.PT_GNU_RELRO, 0)
	relroEnd := le.Uint64(m.Data[header+16:]) + le.Uint64(m.Data[header+40:])
	return map[string]uint64{
		"_start": addr(".entry"), "main": addr(".text"), "__ehdr_start": 0, "__relr_start": addr(".relr"), "__relr_end": end(".relr"),
		"__relro_start": addr(".dynamic"), "__relro_end": relroEnd, "__dt_debug": addr(".dynamic") + 8,
		"__data_start": addr(".data"), "__data_end": end(".data"),
	}
}

// archOf returns what the linker knows of a machine.
func archOf(machine elf.Machine) *arch.Arch {
	for _, a := range all.Arches {
		if a.ELF == machine {
			return a
		}
	}
	panic(machine)
}

// enter fills symbols in in stub, the section .entry of m.
func enter(m *elftest.Image, stub arch.Stub, symbols map[string]uint64) {
	a := archOf(elf.Machine(le.Uint16(m.Data[18:])))
	start := le.Uint64(m.Data[m.Shdr(".entry")+16:])
	var target, place uint64
	for _, r := range stub.Relocs {
		k := a.Relocs[r.Type]
		if k.Class != arch.Low {
			place = start + r.Off
			target = symbols[r.Symbol] + uint64(r.Add)
		}
		off := uint64(m.Off(".entry")) + r.Off
		if err := k.Apply(m.Data[off-k.Back:off+k.Size], place, target); err != nil {
			panic(err)
		}
	}
}

func TestPIERules(t *testing.T) {
	type entries = map[elf.DynTag]uint64
	withRELA := func(e entries) { e[elf.DT_RELASZ] = 24 }
	const unapplied = "self-relocation: DT_RELA: PT_DYNAMIC has a DT_RELA table of"
	for _, c := range []struct {
		name   string
		change func(e entries, rela, relr []byte)
		want   []string
	}{
		{"not marked", func(e entries, _, _ []byte) { delete(e, elf.DT_FLAGS_1) },
			[]string{"pie-dynamic: DT_FLAGS_1"}},
		{"text relocations", func(e entries, _, _ []byte) { e[elf.DT_TEXTREL] = 0 },
			[]string{"no-text-relocations: DT_TEXTREL"}},
		{"text relocation flag", func(e entries, _, _ []byte) { e[elf.DT_FLAGS] = uint64(elf.DF_TEXTREL) },
			[]string{"no-text-relocations: DT_FLAGS"}},
		{"RELA that nobody applies", func(e entries, rela, _ []byte) { withRELA(e) },
			[]string{unapplied}},
		{"RELA of the same word", func(e entries, rela, relr []byte) { withRELA(e); copy(rela, relr[:8]) },
			[]string{"pie-relocations: DT_RELR: it relocates the word at", unapplied}},
		{"RELA addend outside of the program", func(e entries, rela, _ []byte) { withRELA(e); le.PutUint64(rela[16:], 1<<40) },
			[]string{"pie-relocations: section .data: DT_RELA relocates the word at", unapplied}},
		{"relocation of the headers", func(e entries, rela, _ []byte) { withRELA(e); le.PutUint64(rela, 0x20) },
			[]string{"pie-relocations: memory without a section: DT_RELA relocates the word at 0x20, which is in the read-only segment PT_LOAD 0", unapplied}},
		{"relocation nowhere", func(e entries, rela, _ []byte) { withRELA(e); le.PutUint64(rela, 1<<40) },
			[]string{"pie-relocations: DT_RELA: it relocates the word at 0x10000000000", unapplied}},
		{"symbolic relocation", func(e entries, rela, _ []byte) { withRELA(e); le.PutUint64(rela[8:], 1<<32|uint64(elf.R_X86_64_64)) },
			[]string{"pie-relocations: DT_RELA: the word", unapplied}},
		{"RELR of the headers", func(_ entries, _, relr []byte) { le.PutUint64(relr, 0x20) },
			[]string{"pie-relocations: memory without a section: DT_RELR relocates the word at 0x20",
				"pie-relocations: memory without a section: DT_RELR relocates the word at 0x28",
				"pie-relocations: memory without a section: DT_RELR relocates the word at 0x38"}},
		{"RELR without address", func(_ entries, _, relr []byte) { le.PutUint64(relr, 1) },
			[]string{"pie-relocations: DT_RELR: the table begins with the bitmap"}},
		{"table outside of the file", func(e entries, _, _ []byte) { withRELA(e); e[elf.DT_RELASZ] = 1 << 30 },
			[]string{"pie-relocations: DT_RELA: the table at", unapplied, "self-relocation: main: golink's entry code continues", "no-foreign-code: module data: it cannot be read",
				"go-build-info: runtime: it cannot be compared", "go-tables: module data", "fips-sum: .go.fipsinfo"}},
		{"table without size", func(e entries, _, _ []byte) { delete(e, goelf.DT_RELRSZ) },
			[]string{"pie-relocations: DT_RELR: PT_DYNAMIC gives its address", "self-relocation: __relr_end"}},
		{"RELR goes back", func(_ entries, _, relr []byte) { copy(relr[8:], relr[:8]) },
			[]string{"pie-relocations: DT_RELR: the table goes back to"}},
		{"RELR table elsewhere", func(e entries, _, _ []byte) { e[goelf.DT_RELR] += 8; e[goelf.DT_RELRSZ] = 0 },
			[]string{"self-relocation: __relr_start: the instruction at", "self-relocation: __relr_end"}},
		{"no entry for a loader", func(e entries, _, _ []byte) { delete(e, elf.DT_DEBUG) },
			[]string{"self-relocation: DT_DEBUG: PT_DYNAMIC has no such entry"}},
		{"broken size", func(e entries, _, _ []byte) { withRELA(e); e[elf.DT_RELASZ] = 23 },
			[]string{"pie-relocations: DT_RELASZ", "self-relocation: DT_RELA"}},
		{"PLT", func(e entries, _, _ []byte) { e[elf.DT_JMPREL], e[elf.DT_PLTRELSZ] = e[elf.DT_RELA], 24 },
			[]string{"pie-relocations: DT_JMPREL"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			expect(t, breachesOf(t, mustNew(t, "static-pie"), pie(elf.EM_X86_64, c.change).Data), c.want...)
		})
	}
	t.Run("unterminated", func(t *testing.T) {
		m := pie(elf.EM_X86_64, nil)
		m.Put64(m.Phdr(elf.PT_DYNAMIC, 0)+32, 7*16) // p_filesz
		expect(t, breachesOf(t, mustNew(t, "static-pie"), m.Data), "pie-dynamic: DT_NULL", "no-text-relocations: PT_DYNAMIC", "no-needed: PT_DYNAMIC", "no-rpath: PT_DYNAMIC", "no-symbol-versions: PT_DYNAMIC")
	})
	t.Run("no dynamic section", func(t *testing.T) {
		m := gobintest.New(elf.EM_X86_64).Build()
		m.Put16(16, uint16(elf.ET_DYN))
		expect(t, breachesOf(t, mustNew(t, "static-pie"), m.Data), "pie-dynamic: PT_DYNAMIC: the file has no PT_DYNAMIC", "pie-relocations: PT_DYNAMIC",
			"self-relocation: e_entry: the code at the entry point", "no-text-relocations: PT_DYNAMIC", "relro: PT_GNU_RELRO")
	})
	for _, machine := range elftest.Machines {
		t.Run("relocated word without address/"+machine.String(), func(t *testing.T) {
			m := pie(machine, func(_ entries, rela, relr []byte) { copy(relr, rela[:8]); le.PutUint64(relr[8:], 1) })
			expect(t, breachesOf(t, mustNew(t, "static-pie"), m.Data), "pie-relocations: section .data: DT_RELR relocates the word at")
		})
		for _, symbol := range []string{"main", "__ehdr_start", "__relr_start", "__relr_end", "__relro_start", "__relro_end", "__dt_debug"} {
			t.Run(symbol+" elsewhere/"+machine.String(), func(t *testing.T) {
				m := pie(machine, nil)
				symbols := entrySymbols(m)
				symbols[symbol] += 0x1008
				enter(m, archOf(machine).EntryPIE, symbols)
				got := breachesOf(t, mustNew(t, "static-pie"), m.Data)
				other := func(s string) bool { return !strings.HasPrefix(s, "self-relocation: "+symbol+":") }
				if len(got) == 0 || slices.ContainsFunc(got, other) {
					t.Errorf("breaches %q, want those of %s", got, symbol)
				}
			})
		}
		t.Run("huge pages without room/"+machine.String(), func(t *testing.T) {
			m := pieWith(machine, archOf(machine).EntryPIEHuge(), nil)
			isData := func(s string) bool { return strings.HasPrefix(s, "self-relocation: __data_start:") }
			got := slices.CompactFunc(breachesOf(t, mustNew(t, "static-pie"), m.Data), func(a, b string) bool {
				return isData(a) && isData(b) // of each instruction that differs
			})
			expect(t, got,
				"self-relocation: PT_GNU_RELRO: golink's entry code may put a huge page over what follows",
				"self-relocation: __data_start: the instruction at") // .data is not what the segment begins with
		})
		t.Run("other entry code/"+machine.String(), func(t *testing.T) {
			m := pie(machine, nil)
			m.Data[m.Off(".entry")+len(archOf(machine).EntryPIE.Code)-1] ^= 1
			got := breachesOf(t, mustNew(t, "static-pie"), m.Data)
			if !slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, "no-foreign-code: section .entry") }) {
				t.Errorf("breaches %q, want that the code is foreign", got)
			}
		})
	}
	t.Run("fixed addresses", func(t *testing.T) {
		m := pie(elf.EM_X86_64, nil)
		m.Put16(16, uint16(elf.ET_EXEC))
		expect(t, breachesOf(t, mustNew(t, "static-pie"), m.Data), "type-dyn: e_type", "no-foreign-code: section .entry")
		expect(t, breachesOf(t, mustNew(t, "static"), m.Data), "no-dynamic: PT_DYNAMIC", "no-foreign-code: section .entry")
	})
}

func TestDynamicRules(t *testing.T) {
	const alloc = elf.SHF_ALLOC
	build := func(entries ...uint64) *elftest.Image {
		p := gobintest.New(elf.EM_X86_64)
		p.Sections = []elftest.Section{
			{Name: ".dynstr", Type: elf.SHT_STRTAB, Flags: alloc, Data: []byte("\x00libfoo.so.1\x00/opt/lib\x00")},
			{Name: ".dynamic", Type: elf.SHT_DYNAMIC, Flags: alloc, Align: 8, Entsize: 16,
				Data: dynamic(append(entries, uint64(elf.DT_STRTAB), 0, uint64(elf.DT_STRSZ), 22)...)},
		}
		p.Progs = []elftest.Prog{{Type: elf.PT_DYNAMIC, Flags: elf.PF_R, Section: ".dynamic"}}
		m := p.Build()
		strtab := m.Off(".dynamic") + 8*len(entries) + 8
		m.Put64(strtab, le.Uint64(m.Data[m.Shdr(".dynstr")+16:]))
		return m
	}
	for _, c := range []struct {
		name    string
		entries []uint64
		want    string
	}{
		{"needed", []uint64{uint64(elf.DT_NEEDED), 1}, `no-needed: libfoo.so.1: DT_NEEDED is "libfoo.so.1"`},
		{"filter", []uint64{uint64(elf.DT_FILTER), 1}, `no-needed: libfoo.so.1: DT_FILTER`},
		{"needed without string", []uint64{uint64(elf.DT_NEEDED), 99}, `no-needed: (no string at 0x63)`},
		{"rpath", []uint64{uint64(elf.DT_RPATH), 13}, `no-rpath: /opt/lib: DT_RPATH is "/opt/lib"`},
		{"runpath", []uint64{uint64(elf.DT_RUNPATH), 13}, `no-rpath: /opt/lib: DT_RUNPATH is "/opt/lib"`},
		{"versions needed", []uint64{uint64(elf.DT_VERNEED), 0, uint64(elf.DT_VERNEEDNUM), 2}, "no-symbol-versions: DT_VERNEED"},
		{"versions defined", []uint64{uint64(elf.DT_VERDEF), 0, uint64(elf.DT_VERDEFNUM), 1}, "no-symbol-versions: DT_VERDEF"},
	} {
		t.Run(c.name, func(t *testing.T) {
			expect(t, breachesOf(t, mustNew(t, "static"), build(c.entries...).Data), "no-dynamic: PT_DYNAMIC", c.want)
		})
	}
	t.Run("interpreter", func(t *testing.T) {
		p := gobintest.New(elf.EM_X86_64)
		p.Sections = []elftest.Section{{Name: ".interp", Type: elf.SHT_PROGBITS, Flags: alloc, Data: []byte("/lib/ld.so\x00")}}
		expect(t, breachesOf(t, mustNew(t, "static"), p.Build().Data), "no-interpreter: section .interp")
		p.Progs = []elftest.Prog{{Type: elf.PT_INTERP, Flags: elf.PF_R, Section: ".interp"}}
		expect(t, breachesOf(t, mustNew(t, "static"), p.Build().Data), `no-interpreter: PT_INTERP: it names the loader "/lib/ld.so"`)
	})
}

func TestLibcRules(t *testing.T) {
	const alloc = elf.SHF_ALLOC
	section := func(name string, typ elf.SectionType, flags elf.SectionFlag, data string) func(*gobintest.Program) {
		return func(p *gobintest.Program) {
			p.Sections = append(p.Sections, elftest.Section{Name: name, Type: typ, Flags: flags, Align: 4, Data: []byte(data)})
		}
	}
	symbol := func(name string) func(*gobintest.Program) {
		return func(p *gobintest.Program) {
			p.Symbols = append(p.Symbols, elftest.Symbol{Name: name, Bind: elf.STB_GLOBAL, Type: elf.STT_FUNC, Section: ".text"})
		}
	}
	function := func(name string) func(*gobintest.Program) {
		return func(p *gobintest.Program) {
			p.Funcs = append(p.Funcs, gobintest.Func{Name: name, Code: gobintest.Return[p.Machine]})
		}
	}
	for _, c := range []struct {
		name   string
		change func(*gobintest.Program)
		want   []string
	}{
		{"symbol", symbol("pthread_create"), []string{"no-libc-symbol: pthread_create: section .symtab"}},
		{"one common name", symbol("memcpy"), nil},
		{"undefined common name", func(p *gobintest.Program) {
			p.Symbols = append(p.Symbols, elftest.Symbol{Name: "malloc", Bind: elf.STB_WEAK})
		}, []string{"no-libc-symbol: malloc: section .symtab"}},
		{"many common names", func(p *gobintest.Program) {
			for _, name := range []string{"malloc", "free", "exit"} {
				symbol(name)(p)
			}
		}, []string{"no-libc-symbol: malloc", "no-libc-symbol: free", "no-libc-symbol: exit"}},
		{"versioned symbol", symbol("__libc_start_main@GLIBC_2.34"), []string{"no-libc-symbol: __libc_start_main@GLIBC_2.34"}},
		{"family of symbols", symbol("_dl_relocate_static_pie"), []string{"no-libc-symbol: _dl_relocate_static_pie"}},
		{"Go symbol of the same word", symbol("main.malloc"), nil},
		{"function table", function("__libc_start_main"), []string{"no-libc-symbol: __libc_start_main: Go's function table"}},
		{"cgo function", function("main._Cfunc_puts"), []string{"no-cgo: main._Cfunc_puts"}},
		{"cgo runtime", function("runtime/cgo.init"), []string{"no-cgo: runtime/cgo.init"}},
		{"cgo file", func(p *gobintest.Program) { p.Files = append(p.Files, "net/_cgo_gotypes.go") }, []string{"no-cgo: net/_cgo_gotypes.go"}},
		{"cgo on", func(p *gobintest.Program) {
			p.ModInfo = strings.Replace(p.ModInfo, "CGO_ENABLED=0", "CGO_ENABLED=1", 1)
		},
			[]string{"no-cgo: CGO_ENABLED"}},
		{"cgo not recorded", func(p *gobintest.Program) { p.ModInfo = "" }, nil},
		{"section of glibc", section("__libc_freeres_fn", elf.SHT_PROGBITS, alloc, "x"), []string{"no-libc-string: section __libc_freeres_fn"}},
		{"C literal", section(".c", elf.SHT_PROGBITS, alloc, "\x00GLIBC_TUNABLES\x00"), []string{"no-libc-string: GLIBC_TUNABLES"}},
		{"beginning of a C literal", section(".c", elf.SHT_PROGBITS, alloc, "\x00Fatal glibc error: x\n\x00"), []string{"no-libc-string: Fatal glibc error: "}},
		{"Go string of the same text", section(".c", elf.SHT_PROGBITS, alloc, "unset GLIBC_TUNABLES first\x00"), nil},
		{"Go strings of an ELF tool", section(".c", elf.SHT_PROGBITS, alloc, "/lib64/ld-linux-x86-64.so.2libc.so.6GNU C Library musl"), nil},
		{"C literal in a section that is not loaded", section(".debug_str", elf.SHT_PROGBITS, 0, "\x00GLIBC_TUNABLES\x00"), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := gobintest.New(elf.EM_X86_64)
			c.change(p)
			expect(t, breachesOf(t, mustNew(t, "nolibc"), p.Build().Data), c.want...)
		})
	}
	t.Run("notes", func(t *testing.T) {
		for _, c := range []struct{ note, want string }{
			{string(elftest.Note("GNU", 1, make([]byte, 16))), "no-libc-string: NT_GNU_ABI_TAG"},
			{string(elftest.Note("Android", 1, make([]byte, 4))), "no-libc-string: Android note"},
		} {
			p := gobintest.New(elf.EM_X86_64)
			section(".note.x", elf.SHT_NOTE, alloc, c.note)(p)
			p.Progs = []elftest.Prog{{Type: elf.PT_NOTE, Flags: elf.PF_R, Section: ".note.x"}}
			expect(t, breachesOf(t, mustNew(t, "nolibc"), p.Build().Data), c.want)
		}
	})
	t.Run("compiler", func(t *testing.T) {
		spec := elftest.Executable(elf.EM_X86_64)
		i := slices.IndexFunc(spec.Sections, func(s elftest.Section) bool { return s.Name == ".comment" })
		spec.Sections[i].Data = []byte("GCC: (Debian) 12.2.0\x00")
		expect(t, breachesOf(t, mustNew(t, "static-asm"), spec.Build().Data), "no-libc-string: section .comment")
	})
}

func TestForeignCode(t *testing.T) {
	const alloc, exec = elf.SHF_ALLOC, elf.SHF_EXECINSTR
	build := func(code []byte, flags elf.SectionFlag) []byte {
		p := gobintest.New(elf.EM_X86_64)
		p.Sections = []elftest.Section{{Name: ".init", Type: elf.SHT_PROGBITS, Flags: flags, Align: 16, Data: code}}
		return p.Build().Data
	}
	nolibc := mustNew(t, "nolibc")
	expect(t, breachesOf(t, nolibc, build([]byte{0x55, 0xc3}, alloc|exec)), "no-foreign-code: section .init: 2 executable bytes")
	expect(t, breachesOf(t, nolibc, build([]byte{0xb8, 1, 0, 0, 0, 0x0f, 0x05}, alloc|exec)),
		"no-foreign-code: section .init", "syscall-sites: section .init: it has 1 system call")
	expect(t, breachesOf(t, nolibc, build([]byte{0x55, 0xc3}, alloc))) // data
	expect(t, breachesOf(t, nolibc, build([]byte{0xcc, 0x90, 0, 0xcc}, alloc|exec)))
}

// What linkers and strip programs leave in the executable segment is known, and nothing else
// beside it.
func TestResidue(t *testing.T) {
	const alloc, exec = elf.SHF_ALLOC, elf.SHF_EXECINSTR
	plt := []byte{0xff, 0x35, 1, 2, 3, 0, 0xff, 0x25, 4, 5, 6, 0, 0x0f, 0x1f, 0x40, 0}
	note := elftest.Note("GNU", 3, make([]byte, 20))
	for _, c := range []struct {
		name  string
		code  []byte
		known bool
	}{
		{"PLT header", plt, true},
		{"PLT header and padding", slices.Concat([]byte{0xcc, 0xcc}, plt, []byte{0, 0}), true},
		{"PLT header with an entry", slices.Concat(plt, []byte{0xff, 0x25, 0, 0, 0, 0}), false},
		{"half a PLT header", plt[:12], false},
		{"another jump", slices.Replace(slices.Clone(plt), 7, 8, 0x15), false},
		{"build-id", note, true},
		{"build-id and PLT header", slices.Concat(note, plt), true},
		{"build-id of 64 bytes", elftest.Note("GNU", 3, make([]byte, 64)), false},
		{"build-id that is cut off", note[:20], false},
		{"another note", elftest.Note("GNX", 3, make([]byte, 20)), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := gobintest.New(elf.EM_X86_64)
			p.Sections = []elftest.Section{{Name: ".plt", Type: elf.SHT_PROGBITS, Flags: alloc | exec, Align: 16, Data: c.code}}
			var want []string
			if !c.known {
				want = []string{"no-foreign-code: section .plt"}
			}
			expect(t, breachesOf(t, mustNew(t, "static"), p.Build().Data), want...)
		})
	}
}

// Section headers after the program headers, as cmd/link writes them, are no code once the
// ELF header says that there are none.
func TestOldSectionHeaders(t *testing.T) {
	for _, c := range []struct {
		name   string
		damage func(m *elftest.Image)
		known  bool
	}{
		{"as linked", func(*elftest.Image) {}, true},
		{"null header not null", func(m *elftest.Image) { m.Data[m.Shdr("")+1] = 0x55 }, false},
		{"unknown type", func(m *elftest.Image) { m.Put32(m.Shdr(".data")+4, 0x1234) }, false},
		{"unknown flags", func(m *elftest.Image) { m.Put64(m.Shdr(".data")+8, 0xc3<<32) }, false},
		{"address of another offset", func(m *elftest.Image) { m.Put64(m.Shdr(".data")+24, 0xc3c3) }, false},
		{"size too large", func(m *elftest.Image) { m.Put64(m.Shdr(".shstrtab")+32, 0xc3<<48) }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			spec := gobintest.New(elf.EM_X86_64).Spec()
			spec.HeadersFirst = true
			m := gobintest.Finish(spec.Build())
			c.damage(m)
			m.Put64(40, 0) // e_shoff, e_shnum, e_shstrndx
			m.Put16(60, 0)
			m.Put16(62, 0)
			f := parse(t, m.Data)
			module, err := NewInput(f).module()
			if err != nil {
				t.Fatal(err)
			}
			if foreign := foreignCode(f, module.Text); (len(foreign) == 0) != c.known {
				t.Errorf("foreign code %+v, want none: %v", foreign, c.known)
			}
		})
	}
}

// golink's entry code is known, and nothing that differs from it.
func TestEntryStub(t *testing.T) {
	for _, machine := range elftest.Machines {
		p := gobintest.New(machine)
		goarch := parse(t, p.Build().Data).GOARCH()
		a := all.Of(goarch)
		build := func(typ elf.Type, damage func(code []byte)) []byte {
			stub := a.EntryExe
			if typ == elf.ET_DYN {
				stub = a.EntryPIE
			}
			code := slices.Clone(stub.Code)
			for _, r := range stub.Relocs {
				code[r.Off] ^= 0x40 // what the linker fills in
			}
			if damage != nil {
				damage(code)
			}
			p := gobintest.New(machine)
			p.Sections = []elftest.Section{{Name: ".entry", Type: elf.SHT_PROGBITS, Flags: elf.SHF_ALLOC | elf.SHF_EXECINSTR, Align: 16, Data: code}}
			spec := p.Spec()
			spec.Type, spec.Entry = typ, ".entry"
			return gobintest.Finish(spec.Build()).Data
		}
		nolibc := mustNew(t, "nolibc")
		expect(t, breachesOf(t, nolibc, build(elf.ET_EXEC, nil)))
		expect(t, breachesOf(t, nolibc, build(elf.ET_DYN, nil)), "type-exec")
		expect(t, breachesOf(t, nolibc, build(elf.ET_EXEC, func(code []byte) { code[0] ^= 0x10 })), "no-foreign-code: section .entry")
	}
	// A system call in the place of an instruction that the linker fills in.
	for _, machine := range []elf.Machine{elf.EM_AARCH64, elf.EM_RISCV} {
		p := gobintest.New(machine)
		a := all.Of(parse(t, p.Build().Data).GOARCH())
		code := slices.Clone(a.EntryExe.Code)
		copy(code[a.EntryExe.Relocs[0].Off:], gobintest.Syscall[machine][:4])
		p.Sections = []elftest.Section{{Name: ".entry", Type: elf.SHT_PROGBITS, Flags: elf.SHF_ALLOC | elf.SHF_EXECINSTR, Align: 16, Data: code}}
		spec := p.Spec()
		spec.Entry = ".entry"
		expect(t, breachesOf(t, mustNew(t, "nolibc"), gobintest.Finish(spec.Build()).Data),
			"no-foreign-code: section .entry", "syscall-sites: section .entry")
	}
}

func TestGoRules(t *testing.T) {
	module := func(off int, v uint64) change {
		return func(m *elftest.Image) { m.Put64(m.Off(".go.module")+off, v) }
	}
	// link changes the tables in .rodata: an itab, and what the module data points to.
	link := func(off int, v uint64) change {
		return func(m *elftest.Image) { m.Put64(m.Off(".rodata")+40+off, v) }
	}
	damaged := []string{"no-libc-symbol: function table", "no-cgo: function table", "no-foreign-code: module data", "go-build-info: runtime", "go-tables: function table",
		"syscall-sites: function table", "no-host-path: function table"}
	for _, c := range []struct {
		name   string
		change change
		want   []string
	}{
		{"function table zeroed", func(m *elftest.Image) { clear(m.Data[m.Off(".gopclntab"):][:m.Size(".gopclntab")]) },
			damaged},
		{"function table of another machine", func(m *elftest.Image) { m.Data[m.Off(".gopclntab")+6] = 4 },
			damaged},
		{"build information zeroed", func(m *elftest.Image) { clear(m.Data[m.Off(".go.buildinfo"):][:32]) },
			[]string{"machine: .go.buildinfo", "no-cgo: .go.buildinfo", "go-build-info: .go.buildinfo: no Go build information", "trimpath: .go.buildinfo", "module-sums: .go.buildinfo",
				"no-replaced-module: .go.buildinfo", "vcs-clean: .go.buildinfo", "go-tables: Go version", "no-host-path: .go.buildinfo"}},
		{"pcHeader elsewhere", module(0, 0x400000), []string{"go-tables: moduledata.pcHeader"}},
		{"ftab too short", module(136, 1), []string{"go-tables: moduledata.ftab"}},
		{"maxpc beyond", module(168, 1<<40), []string{"go-tables: moduledata.minpc"}},
		{"data in the text", module(208, 0x400000), []string{"go-tables: moduledata.data"}},
		{"bss descends", module(232, 1), []string{"go-tables: moduledata.bss"}},
		{"no FIPS record", func(m *elftest.Image) {
			m.Data[m.Off(".shstrtab")+strings.Index(string(m.Data[m.Off(".shstrtab"):]), ".go.fips")] = '-'
			clear(m.Data[m.Off(".go.fipsinfo"):][:16])
		},
			[]string{"go-tables: .go.fipsinfo: go1.26.8 always makes a FIPS 140 record, but there is none", "fips-sum: .go.fipsinfo: go1.26.8 always makes"}},
		{"FIPS record without a section of that name", func(m *elftest.Image) {
			m.Data[m.Off(".shstrtab")+strings.Index(string(m.Data[m.Off(".shstrtab"):]), ".go.fips")] = '-'
			m.Data[m.Off(".go.fipsinfo")+20]++
		}, []string{"fips-sum: .go.fipsinfo: its sum is"}},
		{"FIPS record damaged", func(m *elftest.Image) { m.Data[m.Off(".go.fipsinfo")+2]++ },
			[]string{"go-tables: .go.fipsinfo: offset", "fips-sum: .go.fipsinfo: offset"}},
		{"FIPS sum", func(m *elftest.Image) { m.Data[m.Off(".go.fipsinfo")+20]++ },
			[]string{"fips-sum: .go.fipsinfo: its sum is"}},
		{"FIPS record covers nothing", func(m *elftest.Image) { m.Put64(m.Off(".go.fipsinfo")+64, 0x1000) },
			[]string{"go-tables: .go.fipsinfo: it covers the addresses 0x0 to 0x1000", "fips-sum: .go.fipsinfo: offset"}},
		{"findfunctab nowhere", module(152, 0x10), []string{"go-tables: moduledata.findfunctab: it is 0x10"}},
		{"types nowhere", module(296, 0x10), []string{"go-tables: moduledata.types: their addresses 0x10 to"}},
		{"types that end before they start", module(304, 0x10), []string{"go-tables: moduledata.types: they end at 0x10"}},
		{"too many itabs", module(392, 1<<60), []string{"go-tables: moduledata.itablinks: its"}},
		{"itab nowhere", link(32, 0x10), []string{"go-tables: moduledata.itablinks: an itab is at 0x10"}},
		{"itab without interface", link(0, 0x10), []string{"go-tables: itab: the itab at"}},
		{"itab without code", link(24, 0x10), []string{"go-tables: itab: the itab at"}},
		{"typelink outside of the types", link(40, 1<<20), []string{"go-tables: moduledata.typelinks: one is 0x100000"}},
		{"text section outside of the text", link(64, 0x10), []string{"go-tables: moduledata.textsectmap: it has a section of"}},
		{"initialiser in read-only memory", func(m *elftest.Image) {
			for i, v := range []uint64{le.Uint64(m.Data[m.Shdr(".rodata")+16:]) + 72, 1, 1} { // the address of a text section
				m.Put64(m.Off(".go.module")+472+8*i, v)
			}
		}, []string{"go-tables: moduledata.inittasks: one is at"}},
		{"text unaligned", module(176, 0x400401),
			[]string{"no-foreign-code: section .text", "go-tables: moduledata.minpc", "go-tables: moduledata.text: it starts at 0x400401", "go-tables: moduledata.text: it ends",
				"go-tables: moduledata.textsectmap", "go-tables: itab", "syscall-sites: moduledata.text"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := gobintest.New(elf.EM_X86_64).Build()
			c.change(m)
			got := breachesOf(t, mustNew(t, "nolibc"), m.Data)
			expect(t, got, c.want...)
		})
	}
}

func TestSyscallSites(t *testing.T) {
	x86 := func(code string) []byte { return []byte(code) }
	for _, c := range []struct {
		name    string
		machine elf.Machine
		fn      string
		code    []byte
		want    bool
	}{
		{"SYSCALL", elf.EM_X86_64, "main.raw", x86("\x0f\x05\xc3"), true},
		{"SYSCALL after a prefix", elf.EM_X86_64, "main.raw", x86("\x48\x0f\x05\xc3"), true},
		{"SYSENTER", elf.EM_X86_64, "main.raw", x86("\x90\x0f\x34\xc3"), true},
		{"INT 0x80", elf.EM_X86_64, "main.raw", x86("\xcd\x80\xc3"), true},
		{"in the runtime", elf.EM_X86_64, "runtime.futex", x86("\x0f\x05\xc3"), false},
		{"in time.now", elf.EM_X86_64, "time.now", x86("\x0f\x05\xc3"), false},
		{"in a package with a runtime-like name", elf.EM_X86_64, "example.com/runtime.futex", x86("\x0f\x05\xc3"), true},
		{"immediate", elf.EM_X86_64, "main.add", x86("\x05\x0f\x05\x00\x00\xc3"), false},     // ADD $0x50f, AX
		{"displacement", elf.EM_X86_64, "main.call", x86("\xe8\x0f\x05\x00\x00\xc3"), false}, // CALL
		{"displacement after VEX", elf.EM_X86_64, "main.avx", x86("\xc5\xf8\x77\x48\x8d\x05\x0f\x05\x00\x00\xc3"), false},
		{"displacement of EVEX", elf.EM_X86_64, "main.avx512", x86("\x62\xf1\x7c\x48\x10\x05\x0f\x05\x00\x00\xc3"), false},
		{"after EVEX", elf.EM_X86_64, "main.avx512", x86("\x62\xf1\x7c\x48\x10\x05\x00\x00\x00\x00\x0f\x05\xc3"), true},
		{"after what is no instruction", elf.EM_X86_64, "main.odd", x86("\x06\xb8\x0f\x05\x00\x00\xc3"), true},
		{"SVC", elf.EM_AARCH64, "main.raw", gobintest.Syscall[elf.EM_AARCH64], true},
		{"SVC with another number", elf.EM_AARCH64, "main.raw", []byte{0x21, 0x00, 0x00, 0xd4}, true},
		{"BRK", elf.EM_AARCH64, "main.trap", []byte{0x00, 0x00, 0x20, 0xd4}, false},
		{"ECALL", elf.EM_RISCV, "main.raw", gobintest.Syscall[elf.EM_RISCV], true},
		{"ECALL after a compressed instruction", elf.EM_RISCV, "main.raw", []byte{0x01, 0x00, 0x73, 0, 0, 0}, true},
		{"half of two instructions", elf.EM_RISCV, "main.li", []byte{0x37, 0x05, 0x73, 0x00, 0x00, 0x00}, false}, // LUI, then 0000
	} {
		t.Run(c.name, func(t *testing.T) {
			p := gobintest.New(c.machine)
			p.Funcs = append(p.Funcs, gobintest.Func{Name: c.fn, Code: c.code})
			var want []string
			if c.want {
				want = []string{"syscall-sites: " + c.fn + ": it has 1 system call instructions"}
			}
			expect(t, breachesOf(t, mustNew(t, "nolibc"), p.Build().Data), want...)
		})
	}
}

func TestPathRules(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*gobintest.Program)
		want   []string
	}{
		{"absolute source", func(p *gobintest.Program) { p.Files = append(p.Files, "/src/hello/main.go") },
			[]string{"no-host-path: /src/hello/main.go"}},
		{"Windows source", func(p *gobintest.Program) { p.Files = append(p.Files, `C:\src\main.go`) },
			[]string{`no-host-path: C:\src\main.go`}},
		{"generated source", func(p *gobintest.Program) { p.Files = append(p.Files, "bazel-out/k8-opt/bin/a/gen.go") },
			[]string{"no-host-path: bazel-out/k8-opt/bin/a/gen.go"}},
		{"substitute", func(p *gobintest.Program) {
			p.Files = append(p.Files, "/_/GOROOT/src/fmt/print.go", "GOROOT/src/fmt/print.go")
		}, nil},
		{"build setting", func(p *gobintest.Program) { p.ModInfo += "build\t-ldflags=\"-X main.dir=/opt/build -w\"\n" },
			[]string{"no-host-path: /opt/build: the build setting -ldflags"}},
		{"replaced module", func(p *gobintest.Program) { p.ModInfo += "dep\texample.com/x\tv1.0.0\th1:x=\n=>\t/opt/x\t(devel)\t\n" },
			[]string{"module-sums: example.com/x: its version is \"(devel)\"", "no-replaced-module: example.com/x", "no-host-path: /opt/x: the module example.com/x"}},
		{"home directory", data("go to /home/alice/src/x now"), []string{`no-host-path-string: /home/alice/: the data holds "/home/alice/src/x"`}},
		{"home directory on macOS", data("/Users/bob/go"), []string{"no-host-path-string: /Users/bob/"}},
		{"execroot", data("bazel/execroot/_main/bazel-out"), []string{"no-host-path-string: /execroot/_main/"}},
		{"sandbox", data("x/sandbox/linux-sandbox/17/execroot"), []string{"no-host-path-string: /sandbox/linux-sandbox/"}},
		{"home of nobody", data("/home/ /home/user/go /root and /Users"), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := gobintest.New(elf.EM_X86_64)
			c.change(p)
			expect(t, breachesOf(t, mustNew(t, "static"), p.Build().Data), c.want...)
		})
	}
}

// data adds a section with Go string data.
func data(s string) func(*gobintest.Program) {
	return func(p *gobintest.Program) {
		p.Sections = append(p.Sections, elftest.Section{Name: ".strings", Type: elf.SHT_PROGBITS, Flags: elf.SHF_ALLOC, Data: []byte(s)})
	}
}

// Every malformed file is refused by package elf or breaks a rule, but for those
// that are sound ELF and malformed only to a tool that rewrites them.
func TestMalformed(t *testing.T) {
	sound := []string{"two-symbol-tables", "extended-symbol-sections", "section-group", "bytes-after-the-end"}
	p := mustNew(t, "static-asm")
	for _, c := range elftest.Malformed() {
		f, err := goelf.Parse(c.Name, c.Data)
		if err != nil {
			continue
		}
		report := p.Check(c.Name, f)
		if passed := !Failed(report.Verdict("")); passed != slices.Contains(sound, c.Name) {
			t.Errorf("%s: passed is %v, but it is malformed: %q", c.Name, passed, c.Want)
		}
	}
}
