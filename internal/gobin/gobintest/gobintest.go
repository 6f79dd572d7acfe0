// Package gobintest makes small ELF files that look to readers like Go
// executables: with function table, module data, build information and FIPS
// record. Tests damage them. They are for reading only: they refuse, by a trap
// instruction, to run.
package gobintest

import (
	"crypto/hmac"
	"crypto/sha256"
	"debug/elf"
	"encoding/binary"
	"slices"

	"github.com/go3s/rules_go3s/internal/elf/elftest"
	registry "github.com/go3s/rules_go3s/internal/machine"
)

var le = binary.LittleEndian

// Code of one function for each machine: Return returns, Syscall enters the
// kernel first.
var (
	Return = map[elf.Machine][]byte{
		elf.EM_X86_64:  {0xc3},
		elf.EM_AARCH64: {0xc0, 0x03, 0x5f, 0xd6},
		elf.EM_RISCV:   {0x82, 0x80}, // compressed
	}
	Syscall = map[elf.Machine][]byte{
		elf.EM_X86_64:  {0x0f, 0x05, 0xc3},
		elf.EM_AARCH64: {0x01, 0x00, 0x00, 0xd4, 0xc0, 0x03, 0x5f, 0xd6},
		elf.EM_RISCV:   {0x73, 0, 0, 0, 0x82, 0x80},
	}
	trap = map[elf.Machine][]byte{
		elf.EM_X86_64:  {0x0f, 0x0b},
		elf.EM_AARCH64: {0, 0, 0, 0},
		elf.EM_RISCV:   {0, 0},
	}
	minSize = map[elf.Machine]byte{elf.EM_X86_64: 1, elf.EM_AARCH64: 4, elf.EM_RISCV: 2}
)

// Layout of the tables, as package gobin describes them.
const (
	FuncTabHeader = 72
	textAlign     = 16
	ModuleSize    = 592
)

// Behind the text in .rodata are, aligned to 8, an itab with one method, the table of
// its address, one typelink, and one text section. The types are the text.
const (
	roDataText   = 40 // bytes with padding
	roDataTables = roDataText - 34 + 32 + 8 + 8 + 24
)

// A Program describes a file to build.
type Program struct {
	Machine   elf.Machine
	Funcs     []Func
	Files     []string // source file names
	GoVersion string
	ModInfo   string            // module information, without frame
	Sections  []elftest.Section // further ones, before the others of their segment: code and notes are with the text, data with .rodata
	Progs     []elftest.Prog    // further ones
	Symbols   []elftest.Symbol
}

// A Func is a function of a Program. Functions are aligned to 16 bytes.
type Func struct {
	Name string
	Code []byte
}

// New returns a program of three functions that breaks no rule.
func New(machine elf.Machine) *Program {
	goarch := registry.OfELF(machine).GOARCH
	return &Program{
		Machine: machine,
		Funcs: []Func{
			{"_rt0", trap[machine]},
			{"internal/runtime/syscall/linux.Syscall6", Syscall[machine]},
			{"main.main", Return[machine]},
		},
		Files:     []string{"runtime/proc.go", "example.com/hello/main.go"},
		GoVersion: "go1.26.8",
		ModInfo:   "path\texample.com/hello\nmod\texample.com/hello\t(devel)\t\nbuild\t-trimpath=true\nbuild\tCGO_ENABLED=0\nbuild\tGOARCH=" + goarch + "\n",
	}
}

// Spec returns the description of the file. Addresses are filled in by Build.
func (p *Program) Spec() *elftest.Spec {
	const alloc, write, exec = elf.SHF_ALLOC, elf.SHF_WRITE, elf.SHF_EXECINSTR
	text, table := p.tables()
	var first, data, unloaded []elftest.Section
	for _, s := range p.Sections {
		switch {
		case s.Flags&alloc == 0:
			unloaded = append(unloaded, s)
		case s.Flags&(exec|write) == 0 && s.Type != elf.SHT_NOTE && s.Load == 0:
			s.Load = 1
			data = append(data, s)
		default:
			first = append(first, s)
		}
	}
	s := &elftest.Spec{
		Machine: p.Machine,
		Type:    elf.ET_EXEC,
		Base:    0x400000,
		Entry:   ".text",
		Sections: slices.Concat(first, []elftest.Section{
			{Name: ".text", Type: elf.SHT_PROGBITS, Flags: alloc | exec, Align: textAlign, Data: text},
		}, data, []elftest.Section{
			{Name: ".rodata", Type: elf.SHT_PROGBITS, Flags: alloc, Align: 8, Load: 1, Data: append([]byte("read-only data of Go: no NUL, type"), make([]byte, roDataTables)...)},
			{Name: ".gopclntab", Type: elf.SHT_PROGBITS, Flags: alloc, Align: 16, Load: 1, Data: table},
			{Name: ".go.buildinfo", Type: elf.SHT_PROGBITS, Flags: alloc | write, Align: 16, Load: 2, Data: p.BuildInfo()},
			{Name: ".go.fipsinfo", Type: elf.SHT_PROGBITS, Flags: alloc | write, Align: 16, Load: 2, Data: append([]byte("\xff Go fipsinfo \xff\x00"), make([]byte, 104)...)},
			{Name: ".go.module", Type: elf.SHT_PROGBITS, Flags: alloc | write, Align: 16, Load: 2, Data: make([]byte, ModuleSize)},
			{Name: ".data", Type: elf.SHT_PROGBITS, Flags: alloc | write, Align: 8, Load: 2, Data: []byte("initial!")},
			{Name: ".bss", Type: elf.SHT_NOBITS, Flags: alloc | write, Align: 8, Load: 2, Size: 0x100},
		}, unloaded),
		Progs: append([]elftest.Prog{{Type: elf.PT_GNU_STACK, Flags: elf.PF_R | elf.PF_W}}, p.Progs...),
		Symbols: append([]elftest.Symbol{
			{Name: "_rt0", Bind: elf.STB_GLOBAL, Type: elf.STT_FUNC, Section: ".text"},
		}, p.Symbols...),
	}
	return s
}

// Build lays the file out and fills in what depends on addresses.
func (p *Program) Build() *elftest.Image { return Finish(p.Spec().Build()) }

// Finish fills the module data and the FIPS record of a built Spec.
func Finish(m *elftest.Image) *elftest.Image {
	addr := func(name string) uint64 { return le.Uint64(m.Data[m.Shdr(name)+16:]) }
	table := m.Off(".gopclntab")
	word := func(off int) uint64 { return le.Uint64(m.Data[table+off:]) }
	count := word(8)
	text, textEnd := addr(".text"), addr(".text")+uint64(m.Size(".text"))
	ftab := addr(".gopclntab") + word(64)
	last := le.Uint32(m.Data[table+int(word(64)+8*count):])

	put := func(off int, values ...uint64) {
		for i, v := range values {
			m.Put64(m.Off(".go.module")+off+8*i, v)
		}
	}
	names := word(40) - word(32)
	put(0, addr(".gopclntab"), addr(".gopclntab")+word(32), names, names)
	put(128, ftab, count+1, count+1)
	put(160, text, text+uint64(last), text, textEnd)
	put(208, addr(".data"), addr(".data")+uint64(m.Size(".data")), addr(".bss"), addr(".bss")+uint64(m.Size(".bss")))
	ro, types := m.Off(".rodata"), addr(".rodata")
	itab := roDataText
	for i, v := range []uint64{types, types + 8, 0, text, types + uint64(itab), 16, 0, textEnd - text, text} {
		m.Put64(ro+itab+8*i, v)
	}
	tableEnd := addr(".gopclntab") + uint64(m.Size(".gopclntab"))
	put(152, tableEnd-4)
	put(296, types, types+roDataText, types, tableEnd-8)
	put(336, types+uint64(itab)+48, 1, 1)
	put(360, types+uint64(itab)+40, 1, 1)
	put(384, types+uint64(itab)+32, 1, 1)
	m.Put64(m.Off(".go.fipsinfo")+48, addr(".go.fipsinfo"))
	sum := hmac.New(sha256.New, make([]byte, 32)) // of four empty ranges
	sum.Write(append([]byte("go fips object v1\n"), make([]byte, 4*8)...))
	copy(m.Data[m.Off(".go.fipsinfo")+16:], sum.Sum(nil))
	return m
}

// tables returns the text and the function table.
func (p *Program) tables() (text, table []byte) {
	var names, files, ftab, records []byte
	pctab := []byte{0} // offset 0 stands for no table
	ftabSize := 8*len(p.Funcs) + 4
	for _, fn := range p.Funcs {
		for len(text)%textAlign != 0 {
			text = append(text, 0)
		}
		record := ftabSize + len(records)
		ftab = le.AppendUint32(le.AppendUint32(ftab, uint32(len(text))), uint32(record))
		records = le.AppendUint32(le.AppendUint32(records, uint32(len(text))), uint32(len(names)))
		records = append(records, make([]byte, 8)...)
		records = le.AppendUint32(records, uint32(len(pctab)))
		records = append(records, make([]byte, 20)...)
		// The stack is 0 deep (2 is +1 in zig-zag, from -1) to the next function's start or beyond.
		pctab = append(pctab, 2)
		pctab = append(binary.AppendUvarint(pctab, uint64((len(fn.Code)+textAlign)/int(minSize[p.Machine]))), 0)
		names = append(append(names, fn.Name...), 0)
		text = append(text, fn.Code...)
	}
	ftab = le.AppendUint32(ftab, uint32(len(text)))
	for len(pctab)%4 != 0 { // so that the function table is aligned
		pctab = append(pctab, 0)
	}
	for _, f := range p.Files {
		files = append(append(files, f...), 0)
	}
	table = le.AppendUint32(table, 0xfffffff1)
	table = append(table, 0, 0, minSize[p.Machine], 8)
	table = le.AppendUint64(table, uint64(len(p.Funcs)))
	table = le.AppendUint64(table, uint64(len(p.Files)))
	table = le.AppendUint64(table, 0)
	off := uint64(FuncTabHeader)
	for _, part := range [][]byte{names, nil, files, pctab} { // cutab is empty
		table = le.AppendUint64(table, off)
		off += uint64(len(part))
	}
	table = le.AppendUint64(table, off)
	for _, part := range [][]byte{names, files, pctab, ftab, records} {
		table = append(table, part...)
	}
	return text, table
}

// BuildInfo returns the blob with the program's version and module information.
func (p *Program) BuildInfo() []byte {
	b := append([]byte("\xff Go buildinf:"), 8, 2)
	b = append(b, make([]byte, 16)...)
	mod := ""
	if p.ModInfo != "" {
		mod = "0123456789abcdef" + p.ModInfo + "fedcba9876543210"
	}
	for _, s := range []string{p.GoVersion, mod} {
		b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
	}
	return b
}
