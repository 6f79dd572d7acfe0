package golink

import (
	"debug/elf"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/go3s/rules_go3s/internal/arch"
	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/goobj"
	"github.com/go3s/rules_go3s/internal/hugepages"
	"github.com/go3s/rules_go3s/internal/outfile"
	"github.com/go3s/rules_go3s/internal/parallel"
)

// # Objects
//
// For an external linker, cmd/link writes a relocatable object, go.o. Its sections are those of a program; in one that is to be
// position-independent, read-only data that has addresses is in sections of its own. What depends on the distance of two sections is
// left to the other linker. A relocation names the symbol that it is against, or, for one of a group that is not in the symbol table,
// the group's symbol.

// layoutObject lays out what only an object has.
func (l *linker) layoutObject() {
	t := &l.sect[secTBSS]
	t.name, t.seg, t.laid, t.align = sectionNames[secTBSS], segData, true, wordSize
	for _, s := range l.buckets[kindTLSBSS] {
		t.size = goelf.AlignUp(t.size, l.align(s))
		l.sections[s], l.values[s] = secTBSS, t.size
		t.size += l.size(s)
	}
}

// placeObject gives the segments of an object their places in the file.
func (l *linker) placeObject() {
	text, ro, data := &l.segs[segText], &l.segs[segROData], &l.segs[segData]
	text.addr, text.off = 0, headerReserve
	text.size = l.sect[secText].size
	ro.off = headerReserve + ro.addr
	data.off = goelf.AlignUp(ro.off+ro.fileSize, l.arch.round)
}

// buildIDNote returns the note of the Go build ID.
func (l *linker) buildIDNote() []byte {
	return goelf.AppendNote(nil, goNote, goNoteBuildID, []byte(l.cfg.BuildID))
}

// An objectWriter is the state of writeObject.
type objectWriter struct {
	*linker
	file   []byte
	index  [numSections]uint16   // of sections in the file
	relas  [numSections][][]byte // parts
	symtab []byte
	strtab []byte
	number []uint32 // in the symbol table, by symbol
	labels map[uint64]uint32
	locals int
}

// writeObject returns the object.
func (l *linker) writeObject() []byte {
	data := l.segs[segData]
	symOff := goelf.AlignUp(data.off+data.fileSize, l.arch.round)
	if !l.checkGrowth(symOff) {
		return nil
	}
	w := &objectWriter{linker: l, number: array[uint32](&l.pool, len(l.defs)), labels: map[uint64]uint32{}}
	n := uint16(1)
	for id := secText; id < numSections; id++ {
		if l.sect[id].laid {
			w.index[id] = n
			n++
		}
	}
	w.symbols()
	const headers = 64 << 10
	relas := uint64(l.numRelocs*l.arch.maxFields()) * goelf.RelaSize
	w.file = hugepages.Bytes(int(symOff), int(symOff+uint64(len(w.symtab)+len(w.strtab))+relas+headers))
	w.fill()
	return w.finish(symOff)
}

// put appends an entry to the symbol table, and returns its number.
func (w *objectWriter) put(name string, info, other byte, section uint16, value, size uint64) uint32 {
	off := uint32(0)
	if name != "" {
		off = uint32(len(w.strtab))
		w.strtab = append(append(w.strtab, name...), 0)
	}
	w.symtab = goelf.AppendSymbol(w.symtab, elf.Sym64{Name: off, Info: info, Other: other, Shndx: section, Value: value, Size: size})
	return uint32(len(w.symtab)/goelf.SymbolSize) - 1
}

// symbols writes the symbol table: functions by address, then data by number. All are local but main, which cmd/link exports.
func (w *objectWriter) symbols() {
	const nameBytes = 64 // of a name, a guess
	w.symtab = array[uint8](&w.pool, goelf.SymbolSize*w.numReached)[:0]
	w.strtab = array[uint8](&w.pool, nameBytes*w.numReached+1)[:1]
	w.put("", 0, 0, 0, 0, 0)
	w.put("go.go", elf.ST_INFO(elf.STB_LOCAL, elf.STT_FILE), 0, uint16(elf.SHN_ABS), 0, 0)
	main := w.lookup("main", abi0)
	local := func(s sym, typ elf.SymType) {
		if s != main {
			w.symbol(s, elf.ST_INFO(elf.STB_LOCAL, typ))
		}
	}
	local(w.lookup("runtime.text", abi0), elf.STT_FUNC)
	var buf []reloc
	for _, s := range w.text {
		local(s, elf.STT_FUNC)
		if !w.arch.farCalls {
			continue
		}
		// The low part of an address names, by a label, the instruction with the high part.
		buf = w.relocs(s, buf)
		slices.SortStableFunc(buf, func(a, b reloc) int { return int(a.off) - int(b.off) })
		for _, r := range buf {
			if r.off != 0 && w.needsLabel(r.typ) {
				at := w.values[s] + uint64(r.off)
				info := elf.ST_INFO(elf.STB_LOCAL, elf.STT_FUNC)
				w.labels[at] = w.put(labelName, info, byte(elf.STV_HIDDEN), w.index[secText], at-w.sect[secText].addr, 0)
			}
		}
	}
	local(w.lookup("runtime.etext", abi0), elf.STT_FUNC)
	for s := sym(1); int(s) < len(w.defs); s++ {
		if k := w.kinds[s]; !w.reachable(s) || k <= kindTextEnd || k >= kindUnloaded || !w.isNamed(s) {
			continue
		}
		typ := elf.STT_OBJECT
		if w.kinds[s] == kindTLSBSS {
			typ = elf.STT_TLS
		}
		local(s, typ)
	}
	w.locals = len(w.symtab) / goelf.SymbolSize
	w.symbol(main, elf.ST_INFO(elf.STB_GLOBAL, elf.STT_FUNC))
}

const labelName = ".L0 "

// needsLabel reports whether relocations of type t have a part that completes the one before.
func (l *linker) needsLabel(t goobj.RelocType) bool {
	return t <= goobj.MaxReloc && slices.ContainsFunc(l.arch.fields[t], func(f field) bool { return f.Class == arch.Low })
}

// isNamed reports whether the symbol table has data symbol s.
func (w *objectWriter) isNamed(s sym) bool {
	if w.groupOf(s) != 0 && s != w.tab.data {
		return false
	}
	if w.attrs[s]&attrSpecial != 0 && w.sections[s] == secNone {
		return false // data of functions
	}
	name := w.name(s)
	return name != "" && name[0] != '.'
}

// groupOf returns the symbol of the group that s is of, 0 for none.
func (l *linker) groupOf(s sym) sym {
	if l.kinds[s] == kindPCLnTab && s == l.tab.find {
		return 0
	}
	if l.attrs[s]&attrGroup != 0 {
		return 0
	}
	return l.groups[l.kinds[s]]
}

func (w *objectWriter) symbol(s sym, info byte) {
	name := strings.ReplaceAll(w.name(s), "·", ".")
	if d := w.origin(s); d.obj != 0 && w.kinds[s].isText() && w.objs[d.obj].SymABI(d.idx) == abi0 {
		if other := w.lookup(w.name(s), abiInternal); other != 0 && w.kinds[other].isText() {
			name += ".abi0"
		}
	} else if key := (jumpKey{w.name(s), abi0}); w.jumps[key] == s && w.jumps[jumpKey{key.name, abiInternal}] != 0 {
		name += ".abi0"
	}
	sec := w.sections[s]
	w.number[s] = w.put(name, info, 0, w.index[sec], w.values[s]-w.sect[sec].addr, w.size(s))
}

// fill fills the sections, and collects their relocations.
func (w *objectWriter) fill() {
	var parts []*relocWriter
	parallel.Do(w.linker.contents(outfile.InMemory(w.file), func(part []sym) func(sym, []byte) {
		p := &relocWriter{objectWriter: w, part: part, sec: w.sections[part[0]]}
		parts = append(parts, p)
		return p.relocate
	}))
	for _, p := range parts {
		w.relas[p.sec] = append(w.relas[p.sec], p.relas)
	}
	if w.sect[secNote].laid {
		copy(w.file[w.sect[secNote].off:], w.buildIDNote())
	}
}

// A relocWriter relocates a part of the symbols, which are in one section.
type relocWriter struct {
	*objectWriter
	part  []sym
	sec   uint8
	relas []byte
	buf   []reloc
}

// makeRoom makes room for all relocations that can come.
func (w *relocWriter) makeRoom() {
	n := 0
	for _, s := range w.part {
		n += w.countRelocs(s)
	}
	w.relas = array[uint8](&w.pool, max(n, 1)*w.arch.maxFields()*goelf.RelaSize)[:0] // not nil, which asks for room
}

// rela appends a relocation at off of symbol s.
func (w *relocWriter) rela(s sym, off uint64, typ uint32, number uint32, add int64) {
	if number == 0 {
		w.errorf("%s: relocation type %d to a symbol that the symbol table lacks", w.name(s), typ)
	}
	w.relas = goelf.AppendRela(w.relas, w.values[s]-w.sect[w.sec].addr+off, number, typ, add)
}

// target returns the number of the symbol that a relocation to t names, and the offset of t from it.
func (w *objectWriter) target(t sym) (number uint32, off int64) {
	named := t
	if g := w.groupOf(t); g != 0 {
		named = g
	}
	return w.number[named], int64(w.values[t] - w.values[named])
}

// relocate applies those relocations of s to b, its bytes, that depend on one section alone, and writes the others.
func (w *relocWriter) relocate(s sym, b []byte) {
	if w.relas == nil {
		w.makeRoom()
	}
	w.buf = w.relocs(s, w.buf)
	for i := range w.buf {
		r := &w.buf[i]
		if r.size == 0 {
			continue
		}
		if w.isLocal(s, r) {
			w.relocateOne(s, r, b)
			continue
		}
		if r.off < 0 || int64(r.off)+int64(r.size) > int64(len(b)) || r.typ > goobj.MaxReloc {
			w.errorf("%s: relocation of %d bytes at %d, outside of its %d bytes", w.name(s), r.size, r.off, len(b))
			continue
		}
		if !w.checkTarget(s, r) {
			continue
		}
		t := r.sym
		if r.typ == goobj.RelocAddr && r.weak && !w.reachable(t) {
			t = w.lookup("runtime.unreachableMethod", abiInternal)
		}
		if t == 0 && (r.typ == goobj.RelocTLSLE || r.typ == goobj.RelocTLSIE) {
			t = w.lookup("runtime.tlsg", abi0)
		}
		if r.typ == goobj.RelocRISCVJALTramp {
			w.shortenCall(r, w.values[s]+uint64(r.off))
			t = r.sym
		}
		fields := w.arch.fields[r.typ]
		if fields == nil {
			w.errorf("%s: reference to %s at %d: relocation type %d: not known for %s", w.name(s), w.name(t), r.off, r.typ, w.arch.GOARCH)
			continue
		}
		number, off := w.target(t)
		add := r.add + off
		if r.typ == goobj.RelocAddr {
			if r.size != wordSize {
				w.errorf("%s: address of %s in %d bytes, want %d", w.name(s), w.name(t), r.size, wordSize)
				continue
			}
			if w.arch.addendsInPlace {
				binary.LittleEndian.PutUint64(b[r.off:], uint64(add))
			}
		}
		if !w.arch.addendsInPlace {
			clear(b[r.off:][:r.size])
		}
		for _, f := range fields {
			at := uint64(r.off) + f.Off
			if f.Class != arch.Low {
				w.rela(s, at, f.Type, number, add+f.Add)
				continue
			}
			high := w.values[s] + uint64(r.off)
			label := w.labels[high]
			if r.off == 0 {
				label = w.number[s]
			}
			w.rela(s, at, f.Type, label, 0)
		}
	}
}

// isLocal reports whether r does not depend on the distance of two sections, nor on the address of one.
func (w *objectWriter) isLocal(s sym, r *reloc) bool {
	switch r.typ {
	case goobj.RelocMethodOff, goobj.RelocAddrOff, goobj.RelocSize, goobj.RelocConst:
		return true
	case goobj.RelocCall, goobj.RelocPCRel:
		return r.sym == 0 || w.sections[r.sym] == w.sections[s]
	}
	return false
}

// finish writes headers, symbols and relocations: to the end of the file, from off on.
func (w *objectWriter) finish(off uint64) []byte {
	symOff := off
	strOff := symOff + uint64(len(w.symtab))
	shstrOff := strOff + uint64(len(w.strtab))
	headers := []elf.Section64{{}}
	sectionNames := []string{""}
	add := func(name string, h elf.Section64) {
		sectionNames = append(sectionNames, name)
		headers = append(headers, h)
	}
	for id := secText; id < numSections; id++ {
		s := w.sect[id]
		if !s.laid {
			continue
		}
		h := w.sectionHeader(id, 0)
		h.Addr = 0
		switch {
		case id == secNote:
			h.Type = uint32(elf.SHT_NOTE)
		case id == secTBSS:
			h.Type = uint32(elf.SHT_NOBITS)
			h.Flags |= uint64(elf.SHF_TLS)
		case s.relro:
			h.Flags |= uint64(elf.SHF_WRITE)
		}
		add(s.name, h)
	}
	symIndex := uint32(len(headers))
	add(".symtab", elf.Section64{
		Type: uint32(elf.SHT_SYMTAB), Off: symOff, Size: uint64(len(w.symtab)), Link: symIndex + 1, Info: uint32(w.locals),
		Addralign: 8, Entsize: goelf.SymbolSize,
	})
	add(".strtab", elf.Section64{Type: uint32(elf.SHT_STRTAB), Off: strOff, Size: uint64(len(w.strtab)), Addralign: 1})
	shstrIndex := len(headers)
	add(sectionNamesName, elf.Section64{Type: uint32(elf.SHT_STRTAB), Off: shstrOff, Addralign: 1})
	relas := uint64(0)
	firstRela := len(headers)
	for id := secText; id < secBSS; id++ {
		if s := w.sect[id]; s.laid && id != secPCLnTab && id != secNote {
			size := uint64(0)
			for _, part := range w.relas[id] {
				size += uint64(len(part))
			}
			add(relaPrefix+s.name, elf.Section64{
				Type: uint32(elf.SHT_RELA), Off: relas, Size: size, Link: symIndex,
				Info: uint32(w.index[id]), Addralign: 8, Entsize: goelf.RelaSize,
			})
			relas += size
		}
	}
	endRela := len(headers)
	add(".note.GNU-stack", elf.Section64{Type: uint32(elf.SHT_PROGBITS), Addralign: 1})

	// The name of a section is the end of that of its relocations.
	shstrtab := []byte{0}
	at := map[string]uint32{"": 0}
	write := func(name string) {
		at[name] = uint32(len(shstrtab))
		shstrtab = append(append(shstrtab, name...), 0)
	}
	for _, name := range sectionNames[firstRela:endRela] {
		at[name[len(relaPrefix):]] = uint32(len(shstrtab) + len(relaPrefix))
		write(name)
	}
	for i, name := range sectionNames {
		if _, ok := at[name]; !ok {
			write(name)
		}
		headers[i].Name = at[name]
	}
	headers[shstrIndex].Size = uint64(len(shstrtab))
	relaOff := goelf.AlignUp(shstrOff+uint64(len(shstrtab)), 8)
	for i := firstRela; i < endRela; i++ {
		headers[i].Off += relaOff
	}

	h := goelf.NewHeader(elf.ET_REL, w.arch.ELF, w.arch.elfFlags)
	h.Shoff, h.Shnum, h.Shstrndx = goelf.HeaderSize, uint16(len(headers)), uint16(shstrIndex)
	file := w.file // which has room for what follows
	copy(file, append(goelf.Encode(h), goelf.Encode(headers)...))
	file = append(append(append(file, w.symtab...), w.strtab...), shstrtab...)
	file = append(file, make([]byte, relaOff-uint64(len(file)))...)
	for id := range w.relas {
		for _, part := range w.relas[id] {
			file = append(file, part...)
		}
	}
	return file
}

const relaPrefix = ".rela"
