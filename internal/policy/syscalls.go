package policy

import (
	"slices"

	"github.com/go3s/rules_go3s/internal/disasm"
	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/gobin"
)

var syscallSites = Rule{
	ID:       "syscall-sites",
	What:     "Every system call instruction is in a function with the name of one of the system call stubs of Go's standard library or golang.org/x/sys/unix, or in golink's entry code.",
	Why:      "Then the stubs are the doors to the kernel that the program was built with, and the calls it makes through them can be listed. Code elsewhere that enters the kernel is a C library, or hand-written assembly that somebody should look at.",
	Evidence: "All that the kernel maps executable, in pages of 4 KiB: functions, decoded one by one with the bounds and names of Go's function table, and each byte of what is no function, such as notes, free bytes of headers and the rest of a page. Not seen: that code jumps into the middle of an instruction, where the bytes may be a system call; that it computes the address of a stub and calls it with a number of its own, as package unsafe allows; code that is written at run time; and that somebody gave a function the name of a stub (a function is known by its name alone). syscalls-allowed sees more of it, forbidden-imports who imports unsafe.",
	Remedy:   "Call the kernel through syscall, golang.org/x/sys/unix or internal stubs instead of own assembly, or allow the function by its name.",
	Ref:      "Go internal/runtime/syscall/linux, runtime/sys_linux_*.s",
	Severity: Error,
	Check:    checkSyscallSites,
}

// maxScan is how many bytes of one function are decoded to find system call instructions.
const maxScan = 4 << 20

func checkSyscallSites(in *Input) []Finding {
	f := in.File
	t, err := in.funcs()
	if err != nil {
		return one("function table", "it cannot be read, so system calls cannot be judged: %v", in.reason(err))
	}
	if why := in.noNames(); why != "" {
		return one("function table", "Go's stubs cannot be told: %s; give them by --symbols", why)
	}
	m, err := in.module()
	if err != nil {
		return one("module data", "it cannot be read, so system calls cannot be judged: %v", in.reason(err))
	}
	if m.Text.Start > m.Text.End || m.Text.Start%textAlign != 0 {
		return one("moduledata.text", "it is %#x to %#x, want ascending addresses aligned to %d", m.Text.Start, m.Text.End, textAlign)
	}
	text, err := f.Bytes(m.Text.Start, m.Text.End-m.Text.Start)
	if err != nil {
		return one("moduledata.text", "%v", in.reason(err))
	}
	start, end := t.Span()
	if end > uint64(len(text)) {
		return one("function table", "it reaches to text offset %#x, but the text has %#x bytes", end, len(text))
	}
	scanner := syscallScanners[f.GOARCH()]
	var out collector
	// report scans code at an address outside of the stubs.
	report := func(subject string, addr uint64, code []byte) {
		first := -1
		for _, next := range scanner.candidates {
			if i := next(code); i >= 0 && (first < 0 || i < first) {
				first = i
			}
		}
		switch {
		case first < 0:
		case len(code) > maxScan: // what is no function of Go's; nobody knows where its instructions begin
			out.add(clip(subject), "it has bytes of a system call instruction outside of Go's stubs, the first at %#x", addr+uint64(first))
		default:
			if sites := scanner.scan(code); len(sites) > 0 {
				out.add(clip(subject), "it has %d system call instructions outside of Go's stubs, the first at %#x", len(sites), addr+uint64(sites[0]))
			}
		}
	}

	for _, i := range funcsWith(t, text, scanner.candidates) {
		fn := t.At(i)
		if !goabi.IsSyscallStub(fn.Name) {
			name := fn.Name
			if name == "" {
				name = "function without a name"
			}
			report(name, m.Text.Start+fn.Entry, text[fn.Entry:fn.End])
		}
	}
	// Go's text outside of its functions, then executable memory outside of Go's text.
	for _, r := range [][2]uint64{{0, start}, {end, uint64(len(text))}} {
		report(where(f, m.Text.Start+r[0]), m.Text.Start+r[0], text[r[0]:r[1]])
	}
	for _, r := range foreignCode(f, m.Text) {
		if out.full() {
			break
		}
		report(where(f, r.Start), r.Start, r.code)
	}
	for _, o := range disasm.Others(f, m.Text) {
		if out.full() {
			break
		}
		if sites := disasm.Arches[f.GOARCH()].Enters(o.Code, o.Addr); len(sites) > 0 {
			more := ""
			if len(sites) == disasm.MaxEnters {
				more = " or more"
			}
			out.add(clip(o.What), "the kernel maps it executable, and there are %d%s places in it that are a system call instruction, the first at %#x", len(sites), more, o.Addr+uint64(sites[0]))
		}
	}
	return out
}

// funcsWith returns, ascending, the indices of the functions of t in whose code
// next finds something. After a hit it continues with the following function.
func funcsWith(t *gobin.FuncTable, text []byte, candidates []func(code []byte) int) []int {
	var hits []int
	start, end := t.Span()
	for _, next := range candidates {
		for off := start; off < end; {
			n := next(text[off:end])
			if n < 0 {
				break
			}
			i, ok := t.Find(off + uint64(n))
			if !ok {
				break
			}
			hits = append(hits, i)
			off = t.At(i).End
		}
	}
	slices.Sort(hits)
	return slices.Compact(hits)
}
