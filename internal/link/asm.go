package link

import (
	"debug/elf"
	"errors"
	"fmt"

	"github.com/go3s/rules_go3s/internal/arch"
	"github.com/go3s/rules_go3s/internal/arch/all"
	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/goobj"
)

// asmBase is the address at which a program made by Asm is loaded: above the
// kernel's lowest address for user programs (vm.mmap_min_addr) and what cmd/link
// uses.
const asmBase = 0x400000

// An Object is a parsed Go object with the name that messages give it.
type Object struct {
	Name string
	*goobj.File
}

// symRef is a symbol of an object.
type symRef struct{ obj, sym int }

// Asm links Go assembler objects into the smallest ELF executable that common
// tools still understand: a program without the Go runtime, loaded at a fixed
// address, with one read-only executable segment of code and constants. Symbols
// that entry does not reach are left out.
//
// It refuses writable data, relocations that it does not know, symbols defined
// twice or not at all, and objects of different machines.
func Asm(objs []Object, entry string) ([]byte, error) {
	if len(objs) == 0 {
		return nil, fmt.Errorf("no object files")
	}
	a := all.Of(objs[0].GOARCH)
	if a == nil {
		return nil, fmt.Errorf("%s: architecture %s: want amd64, arm64 or riscv64", objs[0].Name, objs[0].GOARCH)
	}
	l := &asmLinker{arch: a, objs: objs, globals: map[string]symRef{}, addr: map[symRef]uint64{}}
	if err := l.collect(); err != nil {
		return nil, err
	}
	start, err := l.reach(entry)
	if err != nil {
		return nil, err
	}
	if len(l.undefined) > 0 {
		return nil, errors.Join(l.undefined...)
	}
	const base = asmBase + asmHeaders
	if err := l.layout(base); err != nil {
		return nil, err
	}
	relocs, err := l.lower(base)
	if err != nil {
		return nil, err
	}
	resolve := func(string) (uint64, bool) { return base, true }
	if err := applyStub(l.arch, l.image, base, relocs, resolve); err != nil {
		return nil, err
	}
	return l.write(l.addr[start]), nil
}

type asmLinker struct {
	arch    *arch.Arch
	objs    []Object
	globals map[string]symRef
	order   []symRef // reached symbols; code before constants
	addr    map[symRef]uint64
	image   []byte // contents of the one section
	// undefined says of the first references to symbols that no object defines
	// where they are.
	undefined []error
}

func (l *asmLinker) at(r symRef) *goobj.Symbol { return &l.objs[r.obj].Symbols[r.sym] }

// asmHeaders is the size of the ELF header and two program headers, which the
// first symbol follows.
const asmHeaders = 64 + 2*56

// collect fills globals.
func (l *asmLinker) collect() error {
	for i, o := range l.objs {
		if o.GOOS != "linux" || o.GOARCH != l.arch.GOARCH {
			return fmt.Errorf("%s: assembled for %s/%s, want linux/%s as %s", o.Name, o.GOOS, o.GOARCH, l.arch.GOARCH, l.objs[0].Name)
		}
		for j, s := range o.Symbols {
			if s.Static || s.Name == "" {
				continue
			}
			if prev, ok := l.globals[s.Name]; ok {
				return fmt.Errorf("symbol %s: defined in %s and in %s", s.Name, l.objs[prev.obj].Name, o.Name)
			}
			l.globals[s.Name] = symRef{i, j}
		}
	}
	return nil
}

// target returns the symbol that relocation r of object obj refers to.
func (l *asmLinker) target(obj int, r goobj.Reloc) (t symRef, ok bool) {
	if r.Target.Index >= 0 {
		return symRef{obj, r.Target.Index}, true
	}
	t, ok = l.globals[r.Target.Name]
	return t, ok
}

// place names the relocation r of symbol ref for messages.
func (l *asmLinker) place(ref symRef, r goobj.Reloc) string {
	return fmt.Sprintf("%s: %s+%#x", l.objs[ref.obj].Name, l.at(ref).Name, r.Off)
}

// maxUndefined is how many references to undefined symbols are told.
const maxUndefined = 20

// reach fills order with all that entry refers to, directly or not, itself first.
func (l *asmLinker) reach(entry string) (start symRef, err error) {
	start, ok := l.globals[entry]
	if !ok {
		return start, fmt.Errorf("entry symbol %s: not defined in %s", entry, l.objs[0].Name)
	}
	if k := l.at(start).Kind; k != goobj.KindText {
		return start, fmt.Errorf("%s: entry symbol %s is %v, want TEXT", l.objs[start.obj].Name, entry, k)
	}
	seen := map[symRef]bool{start: true}
	var text, rodata []symRef
	for work := []symRef{start}; len(work) > 0; {
		ref := work[0]
		work = work[1:]
		s := l.at(ref)
		switch s.Kind {
		case goobj.KindText:
			text = append(text, ref)
		case goobj.KindROData:
			rodata = append(rodata, ref)
		default:
			return start, fmt.Errorf("%s: symbol %s is %v: a program of bare assembly has TEXT and RODATA only", l.objs[ref.obj].Name, s.Name, s.Kind)
		}
		for _, r := range s.Relocs {
			t, ok := l.target(ref.obj, r)
			if !ok && len(l.undefined) == maxUndefined {
				return start, errors.Join(append(l.undefined, errors.New("and more symbols are not defined"))...)
			}
			if !ok {
				l.undefined = append(l.undefined, fmt.Errorf("%s: symbol %q: not defined", l.place(ref, r), r.Target.Name))
				continue
			}
			if !seen[t] {
				seen[t] = true
				work = append(work, t)
			}
		}
	}
	l.order = append(text, rodata...)
	return start, nil
}

// maxZeros is how many bytes of zeros a program may have that the objects do not: padding, and the rest of symbols that are
// larger than their data.
const maxZeros = 4 << 20

// layout gives every reached symbol its address, from base on, and copies its
// bytes.
func (l *asmLinker) layout(base uint64) error {
	zeros := uint64(0)
	for _, ref := range l.order {
		s := l.at(ref)
		align := uint64(max(s.Align, 1))
		switch {
		case s.Kind == goobj.KindText:
			align = max(align, 16)
		case s.Align == 0: // as cmd/link: by size, up to a word
			for align < 8 && align*2 <= uint64(s.Size) {
				align *= 2
			}
		}
		if align&(align-1) != 0 || align > l.arch.PageSize {
			return fmt.Errorf("%s: symbol %s has alignment %d, want a power of two up to %d", l.objs[ref.obj].Name, s.Name, align, l.arch.PageSize)
		}
		padding, rest := -(base+uint64(len(l.image)))&(align-1), uint64(s.Size)-uint64(len(s.Data))
		if zeros += padding + rest; zeros > maxZeros {
			return fmt.Errorf("%s: symbol %s has %d bytes, %d of them zero: want at most %d bytes of zeros in all constants; memory for a program's data comes from mmap",
				l.objs[ref.obj].Name, s.Name, s.Size, rest, maxZeros)
		}
		l.image = append(l.image, make([]byte, padding)...)
		l.addr[ref] = base + uint64(len(l.image))
		l.image = append(l.image, s.Data...)
		l.image = append(l.image, make([]byte, rest)...)
	}
	return nil
}

// startSymbol is what the relocations of lower call the first byte of the image.
const startSymbol = "_start"

// lower translates every relocation of the reached symbols. Defined symbols become
// distances from startSymbol.
func (l *asmLinker) lower(base uint64) ([]arch.StubReloc, error) {
	var out []arch.StubReloc
	for _, ref := range l.order {
		for _, r := range l.at(ref).Relocs {
			t, defined := l.target(ref.obj, r)
			name := r.Target.Name
			if defined {
				r.Target.Name = startSymbol
				r.Add += int64(l.addr[t] - base)
			}
			fields, ok := l.arch.LowerGo(r, l.addr[ref]-base+uint64(r.Off))
			if !ok {
				return nil, fmt.Errorf("%s: Go relocation type %d to %s: unknown for %s", l.place(ref, r), r.Type, name, l.arch.GOARCH)
			}
			out = append(out, fields...)
		}
	}
	return out, nil
}

// applyStub resolves relocs in code, which is loaded at addr.
func applyStub(a *arch.Arch, code []byte, addr uint64, relocs []arch.StubReloc, resolve func(string) (uint64, bool)) error {
	for i, r := range relocs {
		k, ok := a.Relocs[r.Type]
		if !ok || r.Off < k.Back || r.Off+k.Size > uint64(len(code)) {
			return fmt.Errorf("relocation type %d at %#x: unknown, or outside %d bytes of code", r.Type, r.Off, len(code))
		}
		of := arch.Completed(relocs, i)
		s, ok := resolve(of.Symbol)
		if !ok {
			return fmt.Errorf("symbol %q: not defined", of.Symbol)
		}
		p := addr + of.Off
		if err := k.Apply(code[r.Off-k.Back:r.Off+k.Size], p, s+uint64(of.Add)); err != nil {
			return fmt.Errorf("%s at %#x: %w", k.Name, p, err)
		}
	}
	return nil
}

// write returns the finished file.
func (l *asmLinker) write(entry uint64) []byte {
	const names = "\x00.text\x00.shstrtab\x00"
	end := uint64(asmHeaders + len(l.image))
	shoff := goelf.AlignUp(end+uint64(len(names)), 8)
	h := goelf.NewHeader(elf.ET_EXEC, l.arch.ELF, l.arch.Flags)
	h.Entry, h.Phoff, h.Shoff, h.Phnum, h.Shnum, h.Shstrndx = entry, goelf.HeaderSize, shoff, 2, 3, 2
	b := append(goelf.Encode(h), goelf.Encode([]elf.Prog64{
		{Type: uint32(elf.PT_LOAD), Flags: uint32(elf.PF_R | elf.PF_X), Vaddr: asmBase, Paddr: asmBase, Filesz: end, Memsz: end,
			Align: l.arch.PageSize},
		{Type: uint32(elf.PT_GNU_STACK), Flags: uint32(elf.PF_R | elf.PF_W), Align: 16},
	})...)
	b = append(append(b, l.image...), names...)
	b = append(b, make([]byte, shoff-uint64(len(b)))...)
	return append(b, goelf.Encode([]elf.Section64{
		{},
		{Name: 1, Type: uint32(elf.SHT_PROGBITS), Flags: uint64(elf.SHF_ALLOC | elf.SHF_EXECINSTR),
			Addr: asmBase + asmHeaders, Off: asmHeaders, Size: uint64(len(l.image)), Addralign: 16},
		{Name: 7, Type: uint32(elf.SHT_STRTAB), Off: end, Size: uint64(len(names)), Addralign: 1},
	})...)
}
