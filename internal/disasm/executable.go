package disasm

import (
	"cmp"
	"debug/elf"
	"slices"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/gobin"
)

// # What is executable
//
// The kernel goes by program headers: it maps each PT_LOAD segment in whole pages, and all that
// is in the pages of an executable one can run. Section headers say for part of it that it is something else, and
// so do the header tables and PT_NOTE. Whoever made the file may have written that; so these bytes are kept
// apart (Program.Others) for analyses to look at, and they never take bytes away from Go's own functions.

// A codeRange is executable bytes and their address.
type codeRange struct {
	addr uint64
	code []byte
}

// A span is addresses, end excluded, and what they hold.
type span struct {
	start, end uint64
	what       string
}

// headers is what Other calls the header tables of a file.
const headers = "headers"

// Others returns what is executable in f, but said to be no code, ascending. Nothing in text, where Go's
// functions are, is of that.
func Others(f *goelf.File, text gobin.Range) []Other {
	_, others := executable(f, []span{{start: text.Start, end: text.End}})
	return others
}

// MaxEnters is how many places Enters returns at most.
const MaxEnters = 64

// Enters returns the offsets of the first places in code, at address addr, where an instruction that enters the kernel
// may begin, whatever is before it.
func (a *Arch) Enters(code []byte, addr uint64) []int {
	var out []int
	for off := int(-addr & (a.CodeAlign - 1)); off < len(code) && len(out) < MaxEnters; off += int(a.CodeAlign) {
		if b := code[off]; b == 0 || a == amd64 && b != 0x0f && b != 0xcd {
			continue // most bytes; prefixes are no matter
		}
		if i := a.decode(code[off:], addr+uint64(off)); i.Flow == Syscall || i.Flow == Syscall32 {
			out = append(out, off)
		}
	}
	return out
}

// executable returns what the kernel maps executable of f, ascending: code, and what headers
// call something else. Nothing in keep, which is without overlap, is of the latter.
func executable(f *goelf.File, keep []span) (code []codeRange, others []Other) {
	skip := without(saidToBeOther(f), keep)
	for i := range f.Progs {
		p := &f.Progs[i]
		if elf.ProgType(p.Type) != elf.PT_LOAD || elf.ProgFlag(p.Flags)&elf.PF_X == 0 {
			continue
		}
		addr, data := f.Mapped(p)
		start, last := addr, addr+uint64(len(data))
		add := func(to uint64) {
			if start < to {
				code = append(code, codeRange{start, data[start-addr : to-addr]})
			}
		}
		other := func(what string, from, to uint64) {
			if from >= to {
				return
			}
			bytes := data[from-addr : to-addr]
			if what == headers {
				bytes = f.FreeHeaderBytes(p.Off-(p.Vaddr-from), to-from)
			}
			others = append(others, Other{what, from, bytes})
		}
		if start < p.Vaddr {
			other("the rest of a page", start, p.Vaddr)
			start = p.Vaddr
		}
		end := p.Vaddr + uint64(min(p.Filesz, last-p.Vaddr))
		for _, s := range skip {
			if s.end <= start || s.start >= end {
				continue
			}
			add(s.start)
			start = max(start, s.start)
			other(s.what, start, min(s.end, end))
			start = min(s.end, end)
		}
		add(end)
		other("the rest of a page", end, last)
	}
	return code, others
}

// saidToBeOther returns the addresses that headers give for something else than code, ascending by their start.
func saidToBeOther(f *goelf.File) []span {
	var out []span
	atOffset := func(off, size uint64, what string) {
		for i := range f.Progs {
			p := &f.Progs[i]
			if elf.ProgType(p.Type) == elf.PT_LOAD && off >= p.Off && off-p.Off < p.Filesz {
				start := p.Vaddr + (off - p.Off)
				out = append(out, span{start, start + min(size, p.Filesz-(off-p.Off)), what})
			}
		}
	}
	atOffset(0, goelf.HeaderSize, headers)
	atOffset(f.Header.Phoff, uint64(len(f.Progs))*goelf.ProgHeaderSize, headers)
	atOffset(f.Header.Shoff, uint64(len(f.Sections))*goelf.SectionHeaderSize, headers)
	for i := range f.Progs {
		if p := &f.Progs[i]; elf.ProgType(p.Type) == elf.PT_NOTE {
			atOffset(p.Off, p.Filesz, "notes")
		}
	}
	for i := range f.Sections {
		s := &f.Sections[i]
		t, flags := elf.SectionType(s.Type), elf.SectionFlag(s.Flags)
		if t != elf.SHT_NULL && t != elf.SHT_NOBITS && flags&elf.SHF_ALLOC != 0 && flags&elf.SHF_EXECINSTR == 0 {
			out = append(out, span{s.Addr, s.Addr + s.Size, "section " + gobin.Printable(s.Str)})
		}
	}
	slices.SortStableFunc(out, func(a, b span) int { return cmp.Compare(a.start, b.start) })
	return out
}

// without returns the parts of all that are not in keep. all ascends by start.
func without(all, keep []span) []span {
	var out []span
	for _, s := range all {
		for _, k := range keep {
			if k.start >= s.end || k.end <= s.start {
				continue
			}
			if s.start < k.start {
				out = append(out, span{s.start, k.start, s.what})
			}
			s.start = min(k.end, s.end)
		}
		if s.start < s.end {
			out = append(out, s)
		}
	}
	slices.SortStableFunc(out, func(a, b span) int { return cmp.Compare(a.start, b.start) })
	return out
}
