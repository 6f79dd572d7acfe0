package evasion

import (
	"debug/elf"
	"strings"

	"github.com/go3s/rules_go3s/internal/gobin/gobintest"
)

// Folders of the programs that are attacked.
const (
	hello = "../../../examples/hello"
	fips  = "../../../tools/golink/testdata/seed"
)

// attacks is the program of assembly in testdata, as it is or with an edit.
func attacks(change func(m *image)) func(b *builds) []byte {
	return edited("testdata/attacks", change)
}

func program(dir string) func(b *builds) []byte { return edited(dir, nil) }

func edited(dir string, change func(m *image)) func(b *builds) []byte {
	return func(b *builds) []byte {
		file := b.gobuild(dir, "amd64")
		if change == nil {
			return file
		}
		return edit(b, file, change)
	}
}

// editedPIE is a static PIE of golink with an edit.
func editedPIE(change func(m *image)) func(b *builds) []byte {
	return func(b *builds) []byte { return edit(b, b.golink(hello, "static-pie"), change) }
}

// synthetic is a file with one function of that code.
func synthetic(machine elf.Machine, name string, code ...byte) func(b *builds) []byte {
	return func(b *builds) []byte {
		p := gobintest.New(machine)
		p.Funcs = append(p.Funcs, gobintest.Func{Name: name, Code: code})
		return p.Build().Data
	}
}

// callsStub makes the constant in main.number and main.tail the address of Go's stub.
func callsStub(m *image) {
	stub := m.function("internal/runtime/syscall/linux.Syscall6")
	for range 2 {
		m.replace("\xba\x44\x33\x22\x11", "\xba"+string(le.AppendUint32(nil, uint32(stub))))
	}
}

const (
	sites = "syscall-sites"
	calls = "linkcheck syscalls"
)

// codeRows are programs with a system call that their machine code hides.
var codeRows = []row{
	{claim: sites, attack: "SYSCALL in a function of assembly", file: attacks(nil), kind: finding, want: "main.plain: "},
	{claim: calls, attack: "SYSCALL in a function of assembly", file: attacks(nil), kind: listed, want: "getppid"},
	{claim: sites, attack: "INT 0x80", file: attacks(nil), kind: finding, want: "main.int80: "},
	{claim: calls, attack: "INT 0x80, with the numbers of 32-bit programs", file: attacks(nil), kind: dynamic, want: "main.int80: it enters the kernel as a 32-bit program does"},
	{claim: calls, attack: "SYSENTER", file: attacks(nil), kind: dynamic, want: "main.sysenter: it enters the kernel as a 32-bit program does"},
	{claim: sites, attack: "SYSCALL with prefixes that mean nothing", file: attacks(nil), kind: finding, want: "main.prefixed: "},
	{claim: sites, attack: "conditional jump with prefix 66, which AMD and Intel decode to different lengths, over a SYSCALL", file: attacks(nil), kind: finding, want: "main.data16jcc: "},
	{claim: calls, attack: "conditional jump with prefix 66 over a SYSCALL", file: attacks(nil), kind: dynamic, want: "main.data16jcc: bytes of a system call follow on bytes that are no instruction"},
	{claim: calls, attack: "CALL with prefix 66 over a SYSCALL", file: attacks(nil), kind: dynamic, want: "main.data16call: bytes of a system call follow on bytes that are no instruction"},
	{claim: sites, attack: "a byte that is no instruction, and a constant that holds a SYSCALL", file: attacks(nil), kind: finding, want: "main.odd: "},
	{claim: sites, attack: "MOV of a control register with an operand that the processor takes for shorter than disassemblers do, over a SYSCALL",
		file: synthetic(elf.EM_X86_64, "main.control", 0x0f, 0x20, 0x05, 0x0f, 0x05, 0x90, 0x90, 0xc3), kind: finding, want: "main.control: "},
	{claim: calls, attack: "jump into the constant of an instruction, which is a SYSCALL", file: attacks(nil), kind: dynamic, want: "main.middle: it goes to"},
	{claim: calls, attack: "conditional jump into the constant of an instruction", file: attacks(nil), kind: dynamic, want: "main.middleIf: it goes to"},
	{claim: sites, attack: "jump into the constant of an instruction, which is a SYSCALL", file: synthetic(elf.EM_X86_64, "main.middle", 0xeb, 1, 0xbb, 0x0f, 0x05, 0x90, 0x90, 0xc3), kind: admitted,
		want: "Not seen: that code jumps into the middle of an instruction, where the bytes may be a system call"},
	{claim: calls, attack: "riscv64: jump to the second half of an instruction, with which an ECALL begins",
		file: synthetic(elf.EM_RISCV, "main.half", 0x6f, 0, 0x60, 0, 0x37, 0x05, 0x73, 0, 0, 0, 0x82, 0x80), kind: dynamic, want: "main.half: it goes to"},
	{claim: sites, attack: "arm64: SVC with a number of its own", file: synthetic(elf.EM_AARCH64, "main.svc", 0xa1, 0x02, 0, 0xd4, 0xc0, 0x03, 0x5f, 0xd6), kind: finding, want: "main.svc: "},
	{claim: calls, attack: "call of an address in the ELF header", file: attacks(nil), kind: dynamic, want: "main.header: it goes to 0x400009, to headers that the kernel maps executable"},
	{claim: calls, attack: "address in the ELF header pushed, and returned to", file: attacks(nil), kind: dynamic, want: "main.pushed: it puts the address of code on the stack"},
	{claim: calls, attack: "call of the vsyscall page", file: attacks(nil), kind: dynamic, want: "main.vsyscall: it goes to 0xffffffffff600000, where no function is"},
	{claim: calls, attack: "address of a stub put together from a neighbour's", file: attacks(nil), kind: dynamic, want: "main.offset: it makes an address of"},
	{claim: calls, attack: "call of the middle of a stub, after what loads the number", file: attacks(nil), kind: dynamic, want: "main.inside: it makes an address of"},
	{claim: calls, attack: "far return, as to a segment of 32-bit code", file: attacks(nil), kind: dynamic, want: "main.farReturn: it goes to another code segment"},
	{claim: calls, attack: "far jump through memory", file: attacks(nil), kind: dynamic, want: "main.farJump: it goes to another code segment"},
	{claim: calls, attack: "number that is computed", file: attacks(nil), kind: dynamic, want: "main.computed: the number is computed"},
	{claim: calls, attack: "one of two numbers, by CMOV", file: attacks(nil), kind: listed, want: "getpid"},
	{claim: calls, attack: "number from a table in memory", file: attacks(nil), kind: dynamic, want: "main.fromTable: the number is computed or read from memory"},
	{claim: calls, attack: "stub called through a variable of the package", file: attacks(nil), kind: dynamic, want: "syscall.RawSyscall: the number is an argument, and data holds the address of the function"},
	{claim: calls, attack: "address of a stub as a number, called with a constant", file: attacks(callsStub), kind: listed, want: "getuid"},
	{claim: calls, attack: "method that only reflection calls", file: program("../../syscalls/testdata/reflected"), kind: dynamic, want: "main.counter.Hidden: the number is an argument, and data holds the address of the function"},
	{claim: calls, attack: "method that only reflection calls, in a PIE", file: func(b *builds) []byte { return b.golink("../../syscalls/testdata/reflected", "static-pie") }, kind: dynamic,
		want: "main.counter.Hidden: the number is an argument, and data holds the address of the function"},
	{claim: sites, attack: "function in the name of a package of Go, runtime", file: program("testdata/named"), kind: admitted, want: "a function is known by its name alone"},
	{claim: calls, attack: "function in the name of a package of Go, runtime", file: attacks(nil), kind: listed, want: "getgid"},
	{claim: sites, attack: "search for a system call in the program's own code, by package unsafe", file: program("testdata/unsafe"), kind: admitted, want: "that it computes the address of a stub and calls it with a number of its own, as package unsafe allows"},
	{claim: calls, attack: "search for a system call in the program's own code, by package unsafe", file: program("testdata/unsafe"), kind: admitted, want: "it can search its own code for a system call and go there with any number"},
	{claim: calls, attack: "code written at run time, through /proc/self/mem", file: program("testdata/selfwrite"), kind: admitted, want: "that code is not written at run time"},
}

// headerRows are edits of what says where code is.
var headerRows = []row{
	{claim: sites, attack: "SYSCALL in the padding of e_ident", file: edited(hello, func(m *image) { copy(m.data[9:], "\x0f\x05\xc3") }), kind: finding, want: "headers: the kernel maps it executable"},
	{claim: calls, attack: "SYSCALL in the padding of e_ident", file: edited(hello, func(m *image) { copy(m.data[9:], "\x0f\x05\xc3") }), kind: dynamic, want: "(headers): a system call is in these bytes"},
	{claim: sites, attack: "SYSCALL in the p_paddr of a segment", file: edited(hello, func(m *image) {
		_, at := m.segment(elf.PT_LOAD, 1)
		copy(m.data[at+24:], "\x0f\x05\xc3")
	}), kind: finding, want: "headers: the kernel maps it executable"},
	{claim: sites, attack: "SYSCALL in a note", file: edited(hello, func(m *image) {
		s, _ := m.section(".note.gnu.build-id")
		copy(m.data[s.Off+20:], "\x0f\x05\xc3")
	}), kind: finding, want: "section .note.gnu.build-id: the kernel maps it executable"},
	{claim: sites, attack: "SYSCALL in the rest of the last page of code", file: edited(hello, func(m *image) {
		p := m.text()
		copy(m.data[p.Off+p.Filesz+8:], "\x0f\x05\xc3")
	}), kind: finding, want: "the rest of a page: the kernel maps it executable"},
	{claim: sites, attack: "PT_NOTE moved over a function", file: attacks(func(m *image) {
		_, at := m.segment(elf.PT_NOTE, 0)
		addr := m.function("main.plain")
		for i, v := range []uint64{m.at(addr), addr, addr, 16, 16} {
			le.PutUint64(m.data[at+8+8*uint64(i):], v)
		}
	}), kind: finding, want: "main.plain: "},
	{claim: sites, attack: "the section .text says that it is data", file: attacks(func(m *image) {
		_, at := m.section(".text")
		le.PutUint64(m.data[at+8:], uint64(elf.SHF_ALLOC))
	}), kind: finding, want: "main.plain: "},
	{claim: sites, attack: "no section headers", file: attacks(func(m *image) {
		le.PutUint64(m.data[40:], 0)
		le.PutUint32(m.data[60:], 0)
	}), kind: finding, want: "main.plain: "},
	{claim: "no-foreign-code", attack: "an executable segment more, under a section header of data", file: edited(hello, func(m *image) {
		addr, off := m.addSegment(elf.PF_R|elf.PF_X, []byte(strings.Repeat("\x55\x48\x89\xe5\x5d\xc3", 100000)), 0)
		_, at := m.section(".debug_gdb_scripts")
		for i, v := range []uint64{uint64(elf.SHF_ALLOC), addr, off, 600000} {
			le.PutUint64(m.data[at+8+8*uint64(i):], v)
		}
	}), kind: finding, want: "section .debug_gdb_scripts: 600000 executable bytes"},
	{claim: "no-foreign-code", attack: "an executable segment more, without a section", file: edited(hello, func(m *image) {
		m.addSegment(elf.PF_R|elf.PF_X, []byte("\xb8\x6e\x00\x00\x00\xc3"), 0)
	}), kind: finding, want: "memory without a section: 6 executable bytes"},
	{claim: "no-foreign-code", attack: "a second mapping of read-only data, which is executable", file: edited(hello, func(m *image) {
		s, _ := m.section(".gopclntab")
		m.addSegment(elf.PF_R|elf.PF_X, nil, s.Off+0x1000)
	}), kind: finding, want: "memory without a section: 4096 executable bytes"},
	{claim: calls, attack: "an executable segment more, under a section header of data", file: edited(hello, func(m *image) {
		addr, off := m.addSegment(elf.PF_R|elf.PF_X, []byte(strings.Repeat("\x55\x48\x89\xe5\x5d\xc3", 100000)), 0)
		_, at := m.section(".debug_gdb_scripts")
		for i, v := range []uint64{uint64(elf.SHF_ALLOC), addr, off, 600000} {
			le.PutUint64(m.data[at+8+8*uint64(i):], v)
		}
	}), kind: dynamic, want: "(section .debug_gdb_scripts): these 600000 bytes are mapped executable"},
	{claim: "sound-elf", attack: "two segments that map the same bytes of the file, one of them writable", file: edited(hello, func(m *image) {
		m.addSegment(elf.PF_R|elf.PF_W, nil, m.text().Off+0x1000)
	}), kind: finding, want: "it maps the file from offset"},
	{claim: "sound-elf", attack: "sections that share bytes of the file", file: edited(hello, func(m *image) {
		text, _ := m.section(".text")
		_, at := m.section(".debug_line")
		le.PutUint64(m.data[at+24:], text.Off+64)
	}), kind: finding, want: "section .debug_line: it begins at file offset"},
	{claim: "nx-stack", attack: "PT_GNU_STACK with the flag X", file: edited(hello, func(m *image) {
		_, at := m.segment(elf.PT_GNU_STACK, 0)
		m.data[at+4] = 7
	}), kind: finding, want: "PT_GNU_STACK: its flags are RWX"},
	{claim: "entry-in-text", attack: "the entry point in a note", file: edited(hello, func(m *image) {
		s, _ := m.section(".note.go.buildid")
		le.PutUint64(m.data[24:], s.Addr)
	}), kind: finding, want: "e_entry: the entry point"},
	{claim: "no-interpreter", attack: "the path of a loader in a header of another kind", file: edited(hello, func(m *image) {
		_, at := m.segment(elf.PT_NOTE, 0)
		le.PutUint32(m.data[at:], uint32(elf.PT_INTERP))
	}), kind: finding, want: "PT_INTERP: it names the loader"},
	{claim: "no-needed", attack: "PT_DYNAMIC that is cut off before its end", file: editedPIE(func(m *image) {
		_, at := m.segment(elf.PT_DYNAMIC, 0)
		le.PutUint64(m.data[at+32:], 32)
	}), kind: finding, want: "PT_DYNAMIC: no DT_NULL ends its 2 entries"},
	{claim: "self-relocation", attack: "a table of relocations that PT_DYNAMIC gives another size than the code which applies them", file: editedPIE(func(m *image) {
		p, _ := m.segment(elf.PT_DYNAMIC, 0)
		for at := p.Off; le.Uint64(m.data[at:]) != 0; at += 16 {
			if le.Uint64(m.data[at:]) == 35 { // DT_RELRSZ
				le.PutUint64(m.data[at+8:], 8)
			}
		}
	}), kind: finding, want: "__relr_end: the instruction at"},
	{claim: "relro", attack: "PT_GNU_RELRO over one page only", file: editedPIE(func(m *image) {
		_, at := m.segment(elf.PT_GNU_RELRO, 0)
		le.PutUint64(m.data[at+40:], 4096)
		le.PutUint64(m.data[at+32:], 4096)
	}), kind: finding, want: "PT_GNU_RELRO protects the pages"},
}
