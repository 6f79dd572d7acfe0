package golink

import (
	"crypto/hmac"
	"crypto/sha256"
	"debug/elf"
	"encoding/binary"
	"slices"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/hugepages"
	"github.com/go3s/rules_go3s/internal/outfile"
	"github.com/go3s/rules_go3s/internal/parallel"
)

// # The file
//
// Headers and notes fill the first page, the notes at its end. Segments follow each other at multiples of the largest page size, and
// the names of the sections come last. It is the file that cmd/link writes, byte for byte.

// write returns the program.
func (l *linker) write() []byte {
	notes := l.notes()
	names := l.sectionNames(notes)
	data := l.segs[segData]
	namesOff := goelf.AlignUp(data.off+data.fileSize, l.arch.round)
	if !l.checkGrowth(namesOff) {
		return nil
	}
	size := int(namesOff) + len(names.Data())
	file := hugepages.Bytes(size, size)
	l.fill(outfile.InMemory(file))
	l.sumFIPS(file)
	copy(file[namesOff:], names.Data())
	l.writeHeaders(file, notes, names, namesOff)
	return file
}

// fill fills the file with contents.
func (l *linker) fill(file *outfile.File) {
	parallel.Do(l.contents(file, func([]sym) func(sym, []byte) { return l.relocate }))
}

// A program may have this many times the bytes of its archives, and these besides: what the objects declare without having it is zeros.
const (
	maxGrowth  = 4
	freeGrowth = 64 << 20
)

// checkGrowth reports a program of n bytes if that is too large.
func (l *linker) checkGrowth(n uint64) bool {
	limit := uint64(l.read)*maxGrowth + freeGrowth
	if n > limit {
		l.errorf("a program of %d bytes from archives of %d, want at most %d: %w", n, l.read, limit, ErrUnsupported)
	}
	return n <= limit
}

// fileOff returns where the file has address addr.
func (l *linker) fileOff(addr uint64) uint64 {
	for i := len(l.segs) - 1; i >= 0; i-- {
		if s := l.segs[i]; addr >= s.addr {
			return addr - s.addr + s.off
		}
	}
	return 0
}

// contents returns what fills the file, as jobs that can be done in any order. Each gives relocate, which newRelocate makes for its part of
// the symbols of a section, the bytes of each, without the zeros at their ends.
func (l *linker) contents(file *outfile.File, newRelocate func(part []sym) func(s sym, b []byte)) []func() {
	f := &filler{linker: l, file: file}
	text := l.sect[secText]
	var jobs []func()
	done := 0
	l.parts(l.text, func(part []sym) {
		relocate := newRelocate(part)
		start, end := l.values[part[0]], text.addr+text.size
		if done += len(part); done < len(l.text) {
			end = l.values[l.text[done]]
		}
		jobs = append(jobs, func() {
			f.part(text.off+start-text.addr, end-start, func(code []byte) {
				for i, s := range part {
					to := end
					if i+1 < len(part) {
						to = l.values[part[i+1]]
					}
					b := code[l.values[s]-start : to-start]
					n := copy(b, l.data(s))
					relocate(s, b[:n])
					for i := n; i < len(b); i++ {
						b[i] = l.arch.codePad
					}
				}
			})
		})
	})
	for _, s := range l.buckets[kindPCLnTab] {
		if own := l.owns[l.defs[s].idx]; own.generate != nil {
			sec := &l.sect[l.sections[s]]
			off := sec.off + l.values[s] - sec.addr
			own.generate(func(from, to uint64, fill func(b []byte)) {
				jobs = append(jobs, func() { f.part(off+from, to-from, fill) })
			})
		}
	}
	for k := kindType; k < kindBSS; k++ {
		if k == kindPCLnTab {
			continue
		}
		l.parts(l.buckets[k], func(part []sym) {
			relocate := newRelocate(part)
			jobs = append(jobs, func() {
				l.warm(part)
				sec := &l.sect[l.sections[part[0]]]
				start, last := l.values[part[0]], part[len(part)-1]
				f.part(sec.off+start-sec.addr, l.values[last]+l.size(last)-start, func(data []byte) {
					for _, s := range part {
						b := data[l.values[s]-start:]
						if n := copy(b, l.data(s)); l.attrs[s]&attrLeaf == 0 {
							relocate(s, b[:n])
						}
					}
				})
			})
		})
	}
	return jobs
}

// chunkSize is how many symbols a job is for at most.
const chunkSize = 2048

// parts calls f for parts of list, whose symbols follow each other in the file.
func (l *linker) parts(list []sym, f func(part []sym)) {
	for len(list) > 0 {
		n, end := 1, l.values[list[0]]+partSize
		for n < min(chunkSize, len(list)) && l.values[list[n]]+l.size(list[n]) <= end {
			n++
		}
		f(list[:n])
		list = list[n:]
	}
}

// sumFIPS fills in the sum of the FIPS 140 module.
func (l *linker) sumFIPS(file []byte) {
	h := hmac.New(sha256.New, make([]byte, fipsSum))
	h.Write([]byte("go fips object v1\n"))
	for i := 0; i < len(l.fips); i += 2 {
		from, to := l.values[l.fips[i]], l.values[l.fips[i+1]]
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], to-from)
		h.Write(n[:])
		h.Write(file[l.fileOff(from):][:to-from])
	}
	copy(file[l.fileOff(l.values[l.fipsInfo])+uint64(len(fipsMagic)):], h.Sum(nil))
}

// A note is an ELF note with a section of its own.
type note struct {
	name string
	data []byte
	addr uint64
}

// notes returns the notes, the first one at the lowest address: with a build ID, that of Go, and the GNU one, which is derived from it.
func (l *linker) notes() []note {
	id := l.cfg.BuildID
	if id == "" {
		return nil
	}
	const gnuIDSize = 20
	sum := sha256.Sum256([]byte(id))
	sum[0] ^= 0xff // as cmd/link does, so that it is no plain SHA-256
	notes := []note{
		{name: sectionNames[secNote], data: l.buildIDNote()},
		{name: ".note.gnu.build-id", data: goelf.AppendNote(nil, "GNU\x00", gnuNoteBuildID, sum[:gnuIDSize])},
	}
	addr := l.sect[secText].addr
	for i := len(notes) - 1; i >= 0; i-- {
		addr -= uint64(len(notes[i].data))
		notes[i].addr = addr
	}
	return notes
}

// Notes of build IDs.
const (
	goNote         = "Go\x00\x00"
	goNoteBuildID  = 4
	gnuNoteBuildID = 3
)

// A nameList is a section of names.
type nameList struct {
	goelf.Strings
	off map[string]uint32
}

func (n *nameList) add(name string) { n.off[name] = n.Add(name) }

const sectionNamesName = ".shstrtab"

func (l *linker) sectionNames(notes []note) *nameList {
	n := &nameList{off: map[string]uint32{}}
	for _, note := range notes {
		n.add(note.name)
	}
	for id := secText; id < numSections; id++ {
		if l.sect[id].laid {
			n.add(l.sect[id].name)
		}
	}
	n.add(sectionNamesName)
	return n
}

// writeHeaders writes the ELF header, program and section headers, and the notes.
func (l *linker) writeHeaders(file []byte, notes []note, names *nameList, namesOff uint64) {
	base := l.segs[segText].addr
	sections := []elf.Section64{{}}
	for _, n := range notes {
		copy(file[n.addr-base:], n.data)
		sections = append(sections, elf.Section64{
			Name: names.off[n.name], Type: uint32(elf.SHT_NOTE), Flags: uint64(elf.SHF_ALLOC),
			Addr: n.addr, Off: n.addr - base, Size: uint64(len(n.data)), Addralign: 4,
		})
	}
	for id := secText; id < numSections; id++ {
		if s := &l.sect[id]; s.laid {
			sections = append(sections, l.sectionHeader(id, names.off[s.name]))
		}
	}
	sections = append(sections, elf.Section64{
		Name: names.off[sectionNamesName], Type: uint32(elf.SHT_STRTAB), Off: namesOff, Size: uint64(len(names.Data())), Addralign: 1,
	})

	progs := []elf.Prog64{{
		Type: uint32(elf.PT_PHDR), Flags: uint32(elf.PF_R), Off: goelf.HeaderSize,
		Vaddr: base + goelf.HeaderSize, Paddr: base + goelf.HeaderSize, Align: l.arch.round,
	}}
	if len(notes) > 0 {
		n := notes[0]
		size := uint64(len(n.data))
		progs = append(progs, elf.Prog64{
			Type: uint32(elf.PT_NOTE), Flags: uint32(elf.PF_R), Off: n.addr - base,
			Vaddr: n.addr, Paddr: n.addr, Filesz: size, Memsz: size, Align: 4,
		})
	}
	flags := [numSegments]elf.ProgFlag{elf.PF_R | elf.PF_X, elf.PF_R, elf.PF_R | elf.PF_W}
	for i, s := range l.segs {
		progs = append(progs, elf.Prog64{
			Type: uint32(elf.PT_LOAD), Flags: uint32(flags[i]), Off: s.off,
			Vaddr: s.addr, Paddr: s.addr, Filesz: s.fileSize, Memsz: s.size, Align: l.arch.round,
		})
	}
	progs = append(progs, elf.Prog64{Type: uint32(elf.PT_GNU_STACK), Flags: uint32(elf.PF_R | elf.PF_W), Align: 8})
	phdrs := uint64(len(progs)) * goelf.ProgHeaderSize
	progs[0].Filesz, progs[0].Memsz = phdrs, phdrs

	h := goelf.NewHeader(elf.ET_EXEC, l.arch.ELF, l.arch.elfFlags)
	h.Entry, h.Phoff, h.Shoff = l.values[l.lookup(l.arch.entry, abi0)], goelf.HeaderSize, goelf.HeaderSize+phdrs
	h.Phnum, h.Shnum, h.Shstrndx = uint16(len(progs)), uint16(len(sections)), uint16(len(sections)-1)
	b := slices.Concat(goelf.Encode(h), goelf.Encode(progs), goelf.Encode(sections))
	room := uint64(headerReserve)
	if len(notes) > 0 {
		room = notes[0].addr - base
	}
	if uint64(len(b)) > room {
		l.errorf("headers of %d bytes, want at most %d: the build ID is too long", len(b), room)
		return
	}
	copy(file, b)
}

func (l *linker) sectionHeader(id int, name uint32) elf.Section64 {
	s := l.sect[id]
	h := elf.Section64{
		Name: name, Type: uint32(elf.SHT_PROGBITS), Flags: uint64(elf.SHF_ALLOC), Addr: s.addr,
		Off: s.off, Size: s.size, Addralign: s.align,
	}
	switch s.seg {
	case segText:
		h.Flags |= uint64(elf.SHF_EXECINSTR)
	case segData:
		h.Flags |= uint64(elf.SHF_WRITE)
	}
	if id == secBSS || id == secNoPtrBSS {
		h.Type = uint32(elf.SHT_NOBITS)
	}
	return h
}
