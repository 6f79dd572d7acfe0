package compare

import (
	"debug/elf"
	"encoding/binary"

	"github.com/go3s/rules_go3s/internal/disasm"
	"github.com/go3s/rules_go3s/internal/gobin"
)

// # Code
//
// What functions refer to is read from their instructions; a reference inside an inlined call counts as the inlined function's. But
// the standard library names no function of other packages: an inlined function of it has such a reference from its arguments, or
// because the compiler moved the instruction there, and it counts as that of the function around it.

// readCode finds what functions refer to. A reference inside an inlined call is
// the inlined function's.
func (r *reader) readCode() error {
	text := r.mod.Text.Start
	for i := range r.disasm.Funcs {
		code := &r.disasm.Funcs[i]
		n, ok := r.table.Find(code.Addr - text)
		if !ok || !code.Go || isTrampoline(code.Name) {
			continue
		}
		info := &r.infos[n]
		callers := make([]string, len(info.Inlined)+1)
		callers[0] = r.names[n]
		busy := make([]bool, len(callers)) // whether it refers to something
		for c, in := range info.Inlined {
			name := r.rewrite(plainName(in.Name))
			callers[c+1] = name
			if f := r.fn(name); f.file == "" {
				f.file, f.stdFile = base(in.File), r.std.stdPath(in.File)
			}
		}
		// Data are used by the inlined function and by those around it.
		around := func(c int) string {
			out := callers[c]
			for c > 0 {
				c = info.Inlined[c-1].Parent + 1
				out += usedIn + callers[c]
			}
			return out
		}
		r.constants = append(r.constants, code.Code...)
		var immediates builder
		for x := range r.disasm.Insts(code) {
			if r.GOARCH == "arm64" && x.Flow == disasm.Next {
				immediates.step(r.disasm.Arch, code.Code[x.PC-code.Addr:], x.PC, r.parts)
			}
			if x.Flow == disasm.Next && x.Ref == 0 {
				continue
			}
			at := info.CallAt(x.PC-text) + 1
			link := func(to string, how use) {
				at := at
				for pkg := gobin.PackageOf(to); pkg != "" && !r.std.packages[pkg] && at > 0 && r.std.packages[gobin.PackageOf(callers[at])]; {
					at = info.Inlined[at-1].Parent + 1
				}
				if r.link(callers[at], to, how); to == "" {
					return
				}
				if rule, _ := r.std.explainName(to); rule == "" {
					busy[at] = true
				}
			}
			switch x.Flow {
			case disasm.Syscall, disasm.Syscall32:
				link(systemCall, called)
			case disasm.Call, disasm.Jump, disasm.Branch:
				if x.Taken {
					r.fn(callers[at]).indirect = true // as on amd64, where no register is followed
				} else if x.Target < code.Addr || x.Target >= code.End() {
					link(r.funcAt(x.Target, false), called)
				}
			case disasm.CallIndirect:
				r.fn(callers[at]).indirect = true
			}
			if x.Ref != 0 {
				link(r.valueAt(x.Ref), addressed)
				r.uses = append(r.uses, dataRef{x.Ref, around(at)})
			}
		}
		for c := len(info.Inlined) - 1; c >= 0; c-- {
			parent, how := info.Inlined[c].Parent+1, inlined
			if busy[c+1] {
				busy[parent] = true
				how |= active
			}
			r.link(callers[parent], callers[c+1], how)
		}
	}
	return nil
}

// valueAt returns the function that addr is the entry or the value of, if any.
func (r *reader) valueAt(addr uint64) string {
	to := r.funcAt(addr, true)
	// A function value is the address of a word that holds the entry.
	if to == "" && r.funcValues.Start <= addr && addr < r.funcValues.End {
		if b, err := r.f.Bytes(addr, 8); err == nil {
			to = r.funcAt(binary.LittleEndian.Uint64(b), true)
		}
	}
	return to
}

// readFuncValues finds the words that function values without variables are the
// addresses of (go:funcdesc): the longest row of entries outside of code. Other
// words with entries, in interface tables and dictionaries of generic code, are
// known in code by chance only.
func (r *reader) readFuncValues() error {
	for i := range r.f.Sections {
		s := &r.f.Sections[i]
		if flags := elf.SectionFlag(s.Flags); flags&elf.SHF_ALLOC == 0 || flags&elf.SHF_EXECINSTR != 0 {
			continue
		}
		b, err := r.f.SectionData(s)
		if err != nil {
			return err
		}
		row := gobin.Range{}
		for at := -s.Addr & 7; at+8 <= uint64(len(b)); at += 8 {
			if r.funcAt(binary.LittleEndian.Uint64(b[at:]), true) == "" {
				row = gobin.Range{}
				continue
			}
			if row.End == 0 {
				row.Start = s.Addr + at
			}
			row.End = s.Addr + at + 8
			if row.End-row.Start > r.funcValues.End-r.funcValues.Start {
				r.funcValues = row
			}
		}
	}
	return nil
}

// funcAt returns the name of the function that the address is in, or, when entry
// is set, at the start of.
func (r *reader) funcAt(addr uint64, entry bool) string {
	off := addr - r.mod.Text.Start
	i, ok := r.table.Find(off)
	if !ok || entry && r.table.At(i).Entry != off {
		return ""
	}
	return r.names[i]
}
