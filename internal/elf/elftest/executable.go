package elftest

import (
	"debug/elf"
	"fmt"
)

// Machines are those that Executable knows.
var Machines = []elf.Machine{elf.EM_X86_64, elf.EM_AARCH64, elf.EM_RISCV}

// exitCode is, for each machine, the program "exit(0)" as system call.
var exitCode = map[elf.Machine][]byte{
	elf.EM_X86_64: {
		0xb8, 0x3c, 0, 0, 0, // mov $60, %eax (SYS_exit)
		0x31, 0xff, // xor %edi, %edi
		0x0f, 0x05, // syscall
	},
	elf.EM_AARCH64: {
		0xa8, 0x0b, 0x80, 0xd2, // mov x8, #93 (SYS_exit)
		0x00, 0x00, 0x80, 0xd2, // mov x0, #0
		0x01, 0x00, 0x00, 0xd4, // svc #0
	},
	elf.EM_RISCV: {
		0x93, 0x08, 0xd0, 0x05, // li a7, 93 (SYS_exit)
		0x13, 0x05, 0x00, 0x00, // li a0, 0
		0x73, 0x00, 0x00, 0x00, // ecall
	},
}

// Executable describes a static executable that exits with status 0 at once. It
// has what the tools look at: a note in a PT_NOTE, two PT_LOAD, zero-filled
// data, debug sections, and symbols of every kind that stripping distinguishes.
func Executable(machine elf.Machine) *Spec {
	code, ok := exitCode[machine]
	if !ok {
		panic(fmt.Sprintf("elftest: no code for machine %v", machine))
	}
	const alloc, write, exec = elf.SHF_ALLOC, elf.SHF_WRITE, elf.SHF_EXECINSTR
	return &Spec{
		Machine: machine,
		Type:    elf.ET_EXEC,
		Base:    0x400000,
		Entry:   ".text",
		Sections: []Section{
			{Name: ".note.test", Type: elf.SHT_NOTE, Flags: alloc, Align: 4, Data: Note("test", 1, []byte("description"))},
			{Name: ".text", Type: elf.SHT_PROGBITS, Flags: alloc | exec, Align: 16, Data: code},
			{Name: ".gopclntab", Type: elf.SHT_PROGBITS, Flags: alloc, Align: 8, Data: []byte("not a real pclntab")},
			{Name: ".data", Type: elf.SHT_PROGBITS, Flags: alloc | write, Align: 8, Data: []byte("initial!"), Load: 1},
			{Name: ".bss", Type: elf.SHT_NOBITS, Flags: alloc | write, Align: 8, Size: 0x100, Load: 1},
			{Name: ".debug_info", Type: elf.SHT_PROGBITS, Data: []byte("debug information")},
			{Name: ".debug_line", Type: elf.SHT_PROGBITS, Align: 4, Data: []byte("line table")},
			{Name: ".comment", Type: elf.SHT_PROGBITS, Flags: elf.SHF_MERGE | elf.SHF_STRINGS, Entsize: 1, Data: []byte("made by elftest\x00")},
		},
		Progs: []Prog{
			{Type: elf.PT_NOTE, Flags: elf.PF_R, Section: ".note.test"},
			{Type: elf.PT_GNU_STACK, Flags: elf.PF_R | elf.PF_W},
		},
		Symbols: []Symbol{
			{Name: "main.go", Bind: elf.STB_LOCAL, Type: elf.STT_FILE, Section: "*ABS*"},
			{Name: "", Bind: elf.STB_LOCAL, Type: elf.STT_SECTION, Section: ".text"},
			{Name: "go:func.*", Bind: elf.STB_LOCAL, Type: elf.STT_OBJECT, Section: ".gopclntab", Offset: 4, Size: 8},
			{Name: ".Llabel", Bind: elf.STB_LOCAL, Type: elf.STT_NOTYPE, Section: ".text", Offset: 4},
			{Name: "local", Bind: elf.STB_LOCAL, Type: elf.STT_OBJECT, Section: ".data", Size: 4},
			{Name: "info", Bind: elf.STB_LOCAL, Type: elf.STT_OBJECT, Section: ".debug_info"},
			{Name: "_start", Bind: elf.STB_GLOBAL, Type: elf.STT_FUNC, Section: ".text", Size: uint64(len(code))},
			{Name: "a_start", Bind: elf.STB_GLOBAL, Type: elf.STT_FUNC, Section: ".text", Size: uint64(len(code))},
			{Name: "data", Bind: elf.STB_WEAK, Type: elf.STT_OBJECT, Section: ".data", Size: 8},
			{Name: "missing", Bind: elf.STB_WEAK, Type: elf.STT_NOTYPE},
		},
	}
}

// Note returns one note entry (gABI 5, "Note Section") padded to 4 bytes.
func Note(name string, typ uint32, desc []byte) []byte {
	b := le.AppendUint32(nil, uint32(len(name)+1))
	b = le.AppendUint32(b, uint32(len(desc)))
	b = le.AppendUint32(b, typ)
	b = append(append(b, name...), 0)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	b = append(b, desc...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}
