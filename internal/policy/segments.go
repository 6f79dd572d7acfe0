package policy

import (
	"cmp"
	"debug/elf"
	"errors"
	"fmt"
	"slices"
	"strings"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/gobin"
)

// pageSize is the smallest page of the three machines, in bytes.
const pageSize = 4096

// Package elf has already refused files whose segments leave the file, wrap
// around the address space, overlap or are misaligned; soundELF checks what is
// left.
var soundELF = Rule{
	ID:       "sound-elf",
	What:     "Segments and sections agree: there is a PT_LOAD, no two share a memory page or bytes of the file, every other segment and every allocated section is inside one, and no two sections or header tables share bytes of the file.",
	Why:      "The kernel loads by segments, tools such as strip, gdb and scanners go by sections. Where the two disagree, what a tool shows is not what runs; two segments in one page get the permissions of the later one.",
	Evidence: "Program headers and section headers. That each is in the file, ascends without overlap and is aligned is a condition for reading the file at all.",
	Remedy:   "Link again; if a tool rewrote the file after linking, leave that tool out. Report it if golink or elfstrip wrote the file.",
	Ref:      "System V gABI, chapter 5, Program Header and Base Address",
	Severity: Error,
	Check:    checkSoundELF,
}

// maxProgHeaders is the kernel's limit on the program header table, in bytes
// (fs/binfmt_elf.c, load_elf_phdrs).
const maxProgHeaders = 65536

func checkSoundELF(in *Input) []Finding {
	f := in.File
	segs := loads(f)
	if len(segs) == 0 {
		return one("PT_LOAD", "the file has no loadable segment, want at least one: it cannot be executed")
	}
	var out collector
	if size := len(f.Progs) * goelf.ProgHeaderSize; size > maxProgHeaders {
		out.add("program headers", "they take %d bytes, want at most %d: the kernel refuses more", size, maxProgHeaders)
	}
	for i := 1; i < len(segs); i++ {
		a, b := segs[i-1], segs[i]
		if a.Memsz > 0 && (a.Vaddr+a.Memsz-1)/pageSize >= b.Vaddr/pageSize {
			out.add(segmentName(f.Progs, b.index), "it shares the page at %#x with %s, want pages of its own", b.Vaddr&^(pageSize-1), segmentName(f.Progs, a.index))
		}
	}
	byOffset := segs.byOffset()
	for i := 1; i < len(byOffset); i++ {
		if a, b := byOffset[i-1], byOffset[i]; b.Off < a.Off+a.Filesz && b.Filesz > 0 {
			out.add(segmentName(f.Progs, b.index), "it maps the file from offset %#x on, of which %s maps the bytes up to %#x: want each byte of the file loaded once", b.Off, segmentName(f.Progs, a.index), a.Off+a.Filesz)
		}
	}
	for i, p := range f.Progs {
		switch elf.ProgType(p.Type) {
		case elf.PT_INTERP, elf.PT_DYNAMIC, elf.PT_NOTE, elf.PT_PHDR, elf.PT_GNU_RELRO, elf.PT_GNU_PROPERTY, elf.PT_GNU_EH_FRAME, elf.PT_TLS:
			size := p.Memsz
			if elf.ProgType(p.Type) == elf.PT_TLS {
				size = p.Filesz // the rest is zeroed in each thread's own block
			}
			s, ok := segs.find(p.Vaddr, 1)
			ok = ok && size <= s.memoryEnd(elf.ProgType(p.Type))-p.Vaddr
			if size > 0 && !ok {
				out.add(segmentName(f.Progs, i), "its addresses %#x to %#x are not inside one PT_LOAD segment", p.Vaddr, p.Vaddr+size)
			}
		}
	}
	for i := range f.Sections {
		s := &f.Sections[i]
		flags, nobits := elf.SectionFlag(s.Flags), elf.SectionType(s.Type) == elf.SHT_NOBITS
		if flags&elf.SHF_ALLOC == 0 || s.Size == 0 || nobits && flags&elf.SHF_TLS != 0 {
			continue // .tbss takes no place in the image
		}
		p, ok := segs.find(s.Addr, s.Size)
		if ok && !nobits {
			skip := s.Addr - p.Vaddr
			ok = s.Off == p.Off+skip && s.Size <= p.Filesz && skip <= p.Filesz-s.Size
		}
		if !ok {
			out.add(sectionLabel(s.Str, i), "its addresses %#x to %#x and file offset %#x are not those of one PT_LOAD segment", s.Addr, s.Addr+s.Size, s.Off)
		}
	}
	checkFileOverlap(f, &out)
	return out
}

// checkFileOverlap finds sections and header tables that share bytes of the file.
func checkFileOverlap(f *goelf.File, out *collector) {
	type part struct {
		off, size uint64
		section   int // 0 for a header
		header    string
	}
	parts := []part{
		{0, goelf.HeaderSize, 0, "the ELF header"},
		{f.Header.Phoff, uint64(len(f.Progs)) * goelf.ProgHeaderSize, 0, "the program headers"},
		{f.Header.Shoff, uint64(len(f.Sections)) * goelf.SectionHeaderSize, 0, "the section headers"},
	}
	for i := range f.Sections {
		s := &f.Sections[i]
		if t := elf.SectionType(s.Type); t != elf.SHT_NOBITS && t != elf.SHT_NULL {
			parts = append(parts, part{s.Off, s.Size, i, ""})
		}
	}
	parts = slices.DeleteFunc(parts, func(p part) bool { return p.size == 0 })
	slices.SortStableFunc(parts, func(a, b part) int { return cmp.Compare(a.off, b.off) })
	name := func(p part) string {
		if p.header != "" {
			return p.header
		}
		return sectionLabel(clip(f.Sections[p.section].Str), p.section)
	}
	for i := 1; i < len(parts) && !out.full(); i++ {
		if a, b := parts[i-1], parts[i]; b.off < a.off+a.size {
			out.add(name(b), "it begins at file offset %#x, before %s ends at %#x", b.off, name(a), a.off+a.size)
		}
	}
}

// memoryEnd returns the address at which a segment of type t that is in s must
// end. Read-only protection works on pages, so PT_GNU_RELRO may reach to the end
// of the last one, as far as p_align promises that nothing else is there.
func (s loadSegment) memoryEnd(t elf.ProgType) uint64 {
	end := s.Vaddr + s.Memsz
	if t != elf.PT_GNU_RELRO || s.Align == 0 {
		return end
	}
	return max(end, (end+s.Align-1)&^(s.Align-1)) // max: the sum may wrap
}

func sectionLabel(name string, index int) string {
	if name == "" {
		return fmt.Sprintf("section %d", index)
	}
	return "section " + name
}

// segmentName names a program header by its type and its place among those of
// the same type: "PT_LOAD 1" is the second one.
func segmentName(progs []elf.Prog64, index int) string {
	n := 0
	for _, p := range progs[:index] {
		if p.Type == progs[index].Type {
			n++
		}
	}
	return fmt.Sprintf("%v %d", elf.ProgType(progs[index].Type), n)
}

var typeExec = Rule{
	ID:       "type-exec",
	What:     "The file is of type ET_EXEC: it is linked for fixed addresses.",
	Why:      "A file of type ET_DYN needs somebody to relocate it. Without a loader, and without code to do it itself, it crashes at start; Go's own PIE is such a file once its interpreter is gone.",
	Evidence: "e_type in the ELF header.",
	Remedy:   "Build with go_static_binary or go_nolibc_binary, or with `go build -buildmode=exe`. For a static PIE use the profile static-pie.",
	Ref:      "System V gABI, chapter 4, ELF Header",
	Severity: Error,
	Check:    func(in *Input) []Finding { return checkType(in, elf.ET_EXEC) },
}

var typeDyn = Rule{
	ID:       "type-dyn",
	What:     "The file is of type ET_DYN: the kernel loads it at a random address.",
	Why:      "A file of type ET_EXEC is always at the same addresses, which an attacker can rely on.",
	Evidence: "e_type in the ELF header.",
	Remedy:   "Build a position-independent executable; for a program at fixed addresses use the profile static.",
	Ref:      "System V gABI, chapter 4, ELF Header",
	Severity: Error,
	Check:    func(in *Input) []Finding { return checkType(in, elf.ET_DYN) },
}

func checkType(in *Input, want elf.Type) []Finding {
	if got := elf.Type(in.File.Header.Type); got != want {
		return one("e_type", "the file is of type %v, want %v", got, want)
	}
	return nil
}

var machine = Rule{
	ID:       "machine",
	What:     "The file is for the expected machine, and the Go build information names the same one.",
	Why:      "A file for another machine fails at the user's with \"exec format error\".",
	Evidence: "e_machine in the ELF header, --goarch or the policy's goarch, the build setting GOARCH.",
	Remedy:   "Build for the platform that is wanted, or correct the expectation.",
	Ref:      "System V gABI, chapter 4, ELF Header",
	Severity: Error,
	Check: func(in *Input) []Finding {
		got := in.File.GOARCH()
		if in.GOARCH != "" && got != in.GOARCH {
			return one("e_machine", "the file is for %s, want %s", got, in.GOARCH)
		}
		info, err := in.buildInfo()
		if err != nil {
			if _, noFuncs := in.funcs(); errors.Is(err, gobin.ErrNotGo) && noFuncs != nil {
				return nil // no program of Go; profiles for those ask for both
			}
			return one(goabi.BuildInfo, "the machine that it names cannot be read: %v", in.reason(err))
		}
		if built, ok := setting(info, "GOARCH"); ok && built != got {
			return one("GOARCH", "the build information says %q, but the file is for %s", clip(built), got)
		}
		return nil
	},
}

var nxStack = Rule{
	ID:       "nx-stack",
	What:     "The file asks for a stack that is not executable.",
	Why:      "Without a PT_GNU_STACK header Linux makes the stack executable on some machines, and with it every readable page (READ_IMPLIES_EXEC); an overflow then runs code.",
	Evidence: "Program header PT_GNU_STACK and its flags.",
	Remedy:   "Keep the PT_GNU_STACK header that the linker writes; give assembly files a .note.GNU-stack section.",
	Ref:      "Linux fs/binfmt_elf.c, load_elf_binary; Linux Standard Base, PT_GNU_STACK",
	Severity: Error,
	Check: func(in *Input) []Finding {
		stacks := segments(in.File, elf.PT_GNU_STACK)
		if len(stacks) == 0 {
			return one("PT_GNU_STACK", "the file has no PT_GNU_STACK header, want one without the flag X")
		}
		for _, p := range stacks {
			if elf.ProgFlag(p.Flags)&elf.PF_X != 0 {
				return one("PT_GNU_STACK", "its flags are %s, want no X", flagString(p.Flags))
			}
		}
		return nil
	},
}

var noWXSegment = Rule{
	ID:       "no-wx-segment",
	What:     "No segment is both writable and executable.",
	Why:      "Memory that is both lets a single write become code, and hardened kernels (SELinux execmem, W^X policies) refuse to map it.",
	Evidence: "Flags of all program headers but PT_GNU_STACK, which has its own rule.",
	Remedy:   "Link with separate segments for code and data (no -N, no --omagic).",
	Ref:      "System V gABI, chapter 5, Segment Permissions",
	Severity: Error,
	Check: func(in *Input) []Finding {
		var out collector
		for i, p := range in.File.Progs {
			const wx = elf.PF_W | elf.PF_X
			if elf.ProgType(p.Type) != elf.PT_GNU_STACK && elf.ProgFlag(p.Flags)&wx == wx {
				out.add(segmentName(in.File.Progs, i), "its flags are %s, want W or X but not both", flagString(p.Flags))
			}
		}
		return out
	},
}

// flagString writes segment flags as readelf does: "R E" without the blanks.
func flagString(flags uint32) string {
	s := ""
	for _, f := range []struct {
		bit  elf.ProgFlag
		name string
	}{{elf.PF_R, "R"}, {elf.PF_W, "W"}, {elf.PF_X, "X"}} {
		if elf.ProgFlag(flags)&f.bit != 0 {
			s += f.name
		}
	}
	if s == "" {
		return "none"
	}
	return s
}

var entryInText = Rule{
	ID:       "entry-in-text",
	What:     "The entry point is in an executable section of an executable segment.",
	Why:      "Otherwise the program faults at its first instruction, or begins in code that no tool shows.",
	Evidence: "e_entry, PT_LOAD headers, section headers with SHF_EXECINSTR where the file has any.",
	Remedy:   "Link again. A packer or an injector that moves the entry must give its code a section.",
	Ref:      "System V gABI, chapter 4, ELF Header",
	Severity: Error,
	Check: func(in *Input) []Finding {
		f, entry := in.File, in.File.Header.Entry
		if s, ok := loads(f).find(entry, 1); !ok || !s.has(elf.PF_X) || entry-s.Vaddr >= s.Filesz {
			return one("e_entry", "the entry point %#x is not in the bytes of an executable PT_LOAD segment", entry)
		}
		if len(f.Sections) == 0 {
			return nil
		}
		for _, s := range f.Sections {
			if elf.SectionFlag(s.Flags)&elf.SHF_EXECINSTR != 0 && entry >= s.Addr && entry-s.Addr < s.Size {
				return nil
			}
		}
		return one("e_entry", "the entry point %#x is in no executable section, want .text", entry)
	},
}

var pageAlignment = Rule{
	ID:       "page-alignment",
	What:     "Every PT_LOAD segment has an alignment of at least one page (4 KiB), and its address and file offset agree modulo it.",
	Why:      "The kernel maps whole pages. Without the alignment it refuses the file, or maps bytes at other addresses than the program expects.",
	Evidence: "p_align, p_vaddr and p_offset of the PT_LOAD headers. That p_align is a power of two is a condition for reading the file at all.",
	Remedy:   "Link with the machine's page size (no -n, no --nmagic).",
	Ref:      "System V gABI, chapter 5, Program Header, p_align",
	Severity: Error,
	Check: func(in *Input) []Finding {
		var out collector
		for _, s := range loads(in.File) {
			name := segmentName(in.File.Progs, s.index)
			if s.Align < pageSize {
				out.add(name, "its p_align is %#x, want at least %#x", s.Align, pageSize)
			} else if (s.Vaddr-s.Off)%s.Align != 0 {
				out.add(name, "its p_vaddr %#x and p_offset %#x differ modulo its p_align %#x", s.Vaddr, s.Off, s.Align)
			}
		}
		return out
	},
}

// clip returns a printable copy of s, which comes from the file, cut to a length
// that a report can show. It is a copy because the file will be unmapped.
func clip(s string) string {
	const most = 200
	if len(s) > most {
		s = s[:most] + "…"
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == 0xfffd {
			return '?'
		}
		return r
	}, strings.Clone(s))
}
