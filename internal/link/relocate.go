package link

import (
	"debug/elf"
	"fmt"

	"github.com/go3s/rules_go3s/internal/arch"
	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/goabi"
)

// A rela is a relocation entry.
type rela struct {
	off    uint64
	typ    uint32
	sym    uint32
	addend int64
}

func readRela(b []byte) rela {
	info := le.Uint64(b[8:])
	return rela{off: le.Uint64(b), typ: uint32(info), sym: uint32(info >> 32), addend: int64(le.Uint64(b[16:]))}
}

// putRela writes r over the relocation entry at the start of b.
func putRela(b []byte, r rela) { goelf.AppendRela(b[:0], r.off, r.sym, r.typ, r.addend) }

// relocError returns an error that names the relocation r of section s.
func (l *linker) relocError(s *section, r rela, format string, args ...any) error {
	name := fmt.Sprintf("type %d", r.typ)
	if k := l.kind(r.typ); k != nil {
		name = k.Name
	}
	target := fmt.Sprintf("symbol %d", r.sym)
	if int(r.sym) < l.obj.symbols() {
		target = l.obj.symbolName(l.obj.symbol(r.sym))
	}
	return fmt.Errorf("%s: section %s offset %#x: relocation %s to %s%+d: %s",
		l.obj.name, s.name, r.off, name, target, r.addend, fmt.Sprintf(format, args...))
}

// relocate resolves every relocation in the image.
func (l *linker) relocate() error {
	if l.obj.program != nil {
		return l.writeProgram()
	}
	var tlsOffset int64
	for _, g := range l.segments {
		if g.typ == elf.PT_TLS {
			tlsOffset = l.arch.TLSOffset(g.memsz, g.align)
		}
	}
	return l.eachSection(func(s *section) error {
		if s.in == nil || len(s.in.relas) == 0 {
			return nil
		}
		return l.relocateSection(s, tlsOffset)
	})
}

// relocateSection resolves the relocations of s. tlsOffset is the distance from
// the thread pointer to the TLS segment.
func (l *linker) relocateSection(s *section, tlsOffset int64) error {
	out := l.image[s.off : s.off+s.in.Size]
	symbols := uint32(l.obj.symbols())
	var pairing arch.Pairing
	for i := 0; i < len(s.in.relas); i += goelf.RelaSize {
		r := readRela(s.in.relas[i:])
		k := l.kind(r.typ)
		if k == nil {
			return l.relocError(s, r, "unknown for %s", l.arch.GOARCH)
		}
		if r.off < k.Back || r.off > uint64(len(out)) || uint64(len(out))-r.off < k.Size {
			return l.relocError(s, r, "outside the %#x bytes of the section", len(out))
		}
		if r.sym >= symbols {
			return l.relocError(s, r, "the symbol table has %d entries", symbols)
		}
		sym := l.obj.symbol(r.sym)
		if sym.section == uint16(elf.SHN_UNDEF) || sym.section >= uint16(elf.SHN_LORESERVE) {
			return l.relocError(s, r, "the symbol is in no section")
		}
		to := &l.obj.sections[sym.section]
		if to.out == nil {
			return l.relocError(s, r, "the symbol is in section %s, which the output lacks", to.Str)
		}
		isTLS := k.Class == arch.TLS || k.Class == arch.TLSHigh
		if isTLS != (to.kind == goabi.TLS) {
			return l.relocError(s, r, "the symbol is in section %s", to.Str)
		}
		place := s.addr + r.off
		target := to.out.addr + sym.value + uint64(r.addend)
		if isTLS {
			target = uint64(tlsOffset) + sym.value + uint64(r.addend)
		}
		apply, place, target, err := pairing.Next(k, place, target)
		if err != nil {
			return l.relocError(s, r, "%v", err)
		}
		if err := apply(out[r.off-k.Back:r.off+k.Size], place, target); err != nil {
			return l.relocError(s, r, "%v", err)
		}
	}
	return nil
}
