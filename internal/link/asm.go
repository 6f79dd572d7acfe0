package link

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"

	"github.com/go3s/rules_go3s/internal/arch"
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
	a := archOf(objs[0].GOARCH)
	if a == nil {
		return nil, fmt.Errorf("%s: architecture %s: want amd64, arm64 or riscv64", objs[0].Name, objs[0].GOARCH)
	}
	l := &asmLinker{arch: a, objs: objs, globals: map[string]symRef{}, addr: map[symRef]uint64{}}
	if err := l.collect(); err != nil {
		return nil, err
	}
	start, ok := l.globals[entry]
	if !ok {
		return nil, fmt.Errorf("entry symbol %s: not defined in %s", entry, objs[0].Name)
	}
	if k := l.at(start).Kind; k != goobj.KindText {
		return nil, fmt.Errorf("%s: entry symbol %s is %v, want TEXT", objs[start.obj].Name, entry, k)
	}
	if err := l.reach(start); err != nil {
		return nil, err
	}
	l.layout()
	if err := l.relocate(); err != nil {
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
func (l *asmLinker) target(obj int, r goobj.Reloc) (symRef, error) {
	if r.Target.Index >= 0 {
		return symRef{obj, r.Target.Index}, nil
	}
	if t, ok := l.globals[r.Target.Name]; ok {
		return t, nil
	}
	return symRef{}, fmt.Errorf("symbol %q: not defined", r.Target.Name)
}

// reach fills order with all that start refers to, directly or not.
func (l *asmLinker) reach(start symRef) error {
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
			return fmt.Errorf("%s: symbol %s is %v: a program of bare assembly has TEXT and RODATA only", l.objs[ref.obj].Name, s.Name, s.Kind)
		}
		for _, r := range s.Relocs {
			t, err := l.target(ref.obj, r)
			if err != nil {
				return fmt.Errorf("%s: %s+%#x: %w", l.objs[ref.obj].Name, s.Name, r.Off, err)
			}
			if !seen[t] {
				seen[t] = true
				work = append(work, t)
			}
		}
	}
	l.order = append(text, rodata...)
	return nil
}

// layout gives every reached symbol its address and copies its bytes.
func (l *asmLinker) layout() {
	for _, ref := range l.order {
		s := l.at(ref)
		align := max(int(s.Align), 1)
		if s.Kind == goobj.KindText {
			align = max(align, 16)
		} else if s.Align == 0 {
			align = min(8, 1<<(63-leadingZeros(uint64(s.Size)|1)))
		}
		for (asmHeaders+len(l.image))%align != 0 {
			l.image = append(l.image, 0)
		}
		l.addr[ref] = asmBase + asmHeaders + uint64(len(l.image))
		l.image = append(l.image, s.Data...)
		l.image = append(l.image, make([]byte, int(s.Size)-len(s.Data))...)
	}
}

// relocate resolves every relocation of the reached symbols in image.
func (l *asmLinker) relocate() error {
	for _, ref := range l.order {
		s := l.at(ref)
		off := l.addr[ref] - (asmBase + asmHeaders)
		for _, r := range s.Relocs {
			fields, ok := l.arch.LowerGo(r, off+uint64(r.Off))
			if !ok {
				return fmt.Errorf("%s: %s+%#x: Go relocation type %d to %s: unknown for %s", l.objs[ref.obj].Name, s.Name, r.Off, r.Type, r.Target.Name, l.arch.GOARCH)
			}
			to, err := l.target(ref.obj, r)
			if err != nil {
				return err
			}
			resolve := func(string) (uint64, bool) { return l.addr[to], true }
			if err := applyStub(l.arch, l.image, asmBase+asmHeaders, fields, resolve); err != nil {
				return fmt.Errorf("%s: %s+%#x to %s: %w", l.objs[ref.obj].Name, s.Name, r.Off, r.Target.Name, err)
			}
		}
	}
	return nil
}

// applyStub resolves relocs in code, which is loaded at addr.
func applyStub(a *arch.Arch, code []byte, addr uint64, relocs []arch.StubReloc, resolve func(string) (uint64, bool)) error {
	var highP, highT uint64 // of the last relocation that a Low one may complete
	for _, r := range relocs {
		k, ok := a.Relocs[r.Type]
		if !ok || r.Off < k.Back || r.Off+k.Size > uint64(len(code)) {
			return fmt.Errorf("relocation type %d at %#x: unknown, or outside %d bytes of code", r.Type, r.Off, len(code))
		}
		p, t := highP, highT
		if r.Symbol != "" {
			s, ok := resolve(r.Symbol)
			if !ok {
				return fmt.Errorf("symbol %q: not defined", r.Symbol)
			}
			p, t = addr+r.Off, s+uint64(r.Add)
			highP, highT = p, t
		}
		if err := k.Apply(code[r.Off-k.Back:r.Off+k.Size], p, t); err != nil {
			return fmt.Errorf("%s at %#x: %w", k.Name, p, err)
		}
	}
	return nil
}

// write returns the finished file.
func (l *asmLinker) write(entry uint64) []byte {
	const names = "\x00.text\x00.shstrtab\x00"
	end := uint64(asmHeaders + len(l.image))
	shoff := alignUp(end+uint64(len(names)), 8)
	var ident [elf.EI_NIDENT]byte
	copy(ident[:], elf.ELFMAG)
	ident[elf.EI_CLASS] = byte(elf.ELFCLASS64)
	ident[elf.EI_DATA] = byte(elf.ELFDATA2LSB)
	ident[elf.EI_VERSION] = byte(elf.EV_CURRENT)
	var b bytes.Buffer
	put := func(v any) { binary.Write(&b, binary.LittleEndian, v) } // cannot fail: fixed-size values into memory
	put(elf.Header64{
		Ident: ident, Type: uint16(elf.ET_EXEC), Machine: uint16(l.arch.Machine), Version: uint32(elf.EV_CURRENT),
		Entry: entry, Phoff: 64, Shoff: shoff, Flags: l.arch.Flags,
		Ehsize: 64, Phentsize: 56, Phnum: 2, Shentsize: 64, Shnum: 3, Shstrndx: 2,
	})
	put(elf.Prog64{Type: uint32(elf.PT_LOAD), Flags: uint32(elf.PF_R | elf.PF_X), Vaddr: asmBase, Paddr: asmBase, Filesz: end, Memsz: end, Align: l.arch.PageSize})
	put(elf.Prog64{Type: uint32(elf.PT_GNU_STACK), Flags: uint32(elf.PF_R | elf.PF_W), Align: 16})
	b.Write(l.image)
	b.WriteString(names)
	b.Write(make([]byte, shoff-uint64(b.Len())))
	put(elf.Section64{})
	put(elf.Section64{
		Name: 1, Type: uint32(elf.SHT_PROGBITS), Flags: uint64(elf.SHF_ALLOC | elf.SHF_EXECINSTR),
		Addr: asmBase + asmHeaders, Off: asmHeaders, Size: uint64(len(l.image)), Addralign: 16,
	})
	put(elf.Section64{Name: 7, Type: uint32(elf.SHT_STRTAB), Off: end, Size: uint64(len(names)), Addralign: 1})
	return b.Bytes()
}
