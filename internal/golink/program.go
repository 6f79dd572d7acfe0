package golink

import (
	"slices"

	"github.com/go3s/rules_go3s/internal/goobj"
	"github.com/go3s/rules_go3s/internal/link"
	"github.com/go3s/rules_go3s/internal/outfile"
	"github.com/go3s/rules_go3s/internal/parallel"
)

// # Programs in memory
//
// Where the program is to have no symbol table, nobody needs go.o. Package link then gets the sections of the object that there would be,
// and where they have addresses, and lays out the program: it decides where sections are. After that their symbols have addresses, and
// contents are written to where they are in the file.

// Layout lays out a program as cmd/link does for an external linker, and has use link it. The program is gone when use has returned.
func Layout(cfg Config, use func(*link.Program) error) error {
	l := newLinker(cfg)
	l.object, l.program = true, true
	_, err := l.run(func() ([]byte, error) {
		if err := l.layOut(); err != nil {
			return nil, err
		}
		p := l.toProgram()
		if err := l.failed(); err != nil {
			return nil, err
		}
		return nil, use(p)
	})
	return err
}

// toProgram returns the program for package link.
func (l *linker) toProgram() *link.Program {
	p := &link.Program{GOARCH: l.arch.GOARCH, GoVersion: l.version}
	var ids []int
	var jobs []func()
	index := map[uint8]int{}
	size := uint64(0) // in the file
	for id := secText; id < numSections; id++ {
		s := &l.sect[id]
		if !s.laid {
			continue
		}
		index[uint8(id)] = len(ids)
		ids = append(ids, id)
		p.Sections = append(p.Sections, link.ProgramSection{Name: s.name, Align: s.align, Size: s.size})
		if id < secBSS {
			size += s.size
		}
	}
	if !l.checkGrowth(size) { // before there is room for it
		return nil
	}
	for i, id := range ids {
		if id == secNote {
			p.Sections[i].Data = l.buildIDNote()
		}
		if l.cfg.PIE && l.hasAddresses(id) {
			jobs = append(jobs, func() { p.Sections[i].Addresses = l.addresses(id) })
		}
	}
	parallel.Do(jobs)
	main := l.lookup("main", abi0)
	if l.sections[main] != secText {
		l.errorf("main: not defined: the archive of package runtime is not complete")
		return nil
	}
	p.Main = l.values[main]
	for k := kindNoPtrData; k <= kindNoPtrBSS; k++ {
		for _, s := range l.buckets[k] {
			if name := l.name(s); link.IsSectionVariable(name) {
				p.Variables = append(p.Variables, link.ProgramVariable{
					Name: name, Section: index[l.sections[s]], Off: l.values[s], Size: l.size(s),
				})
			}
		}
	}
	p.Write = func(image *outfile.File, locations []link.Location) error {
		for i, id := range ids {
			l.sect[id].addr, l.sect[id].off = locations[i].Addr, locations[i].Off
		}
		l.sect[secTBSS].addr = 0 // thread-local storage has offsets
		return l.writeProgram(image)
	}
	return p
}

// writeProgram fills image, in which sections have their places.
func (l *linker) writeProgram(image *outfile.File) error {
	text := l.sect[secText].addr
	for _, s := range l.text {
		l.values[s] += text
	}
	for _, name := range []string{"runtime.text", "runtime.etext"} {
		l.values[l.lookup(name, abi0)] += text
	}
	l.placeSymbols()
	l.fill(image)
	return l.failed()
}

// hasAddresses reports whether a position-independent program can have addresses in section id.
func (l *linker) hasAddresses(id int) bool {
	return l.sect[id].relro || secBuildInfo <= id && id < secBSS
}

// addresses returns the offsets of the addresses in section id.
func (l *linker) addresses(id int) []uint32 {
	offs := array[uint32](&l.pool, min(int(l.sect[id].size/wordSize), l.numRelocs))[:0]
	for k := kindType; k < kindBSS; k++ {
		list := l.buckets[k]
		if len(list) == 0 || int(l.sections[list[0]]) != id {
			continue
		}
		for _, s := range list {
			if l.attrs[s]&attrLeaf != 0 {
				continue
			}
			at := l.values[s]
			d := l.defs[s]
			if d.obj == 0 {
				for _, r := range l.owns[d.idx].relocs {
					if r.typ == goobj.RelocAddr {
						offs = append(offs, uint32(at)+uint32(r.off))
					}
				}
				continue
			}
			o := l.objs[d.obj]
			from, to := o.Relocs(d.idx)
			for n := from; n < to; n++ {
				if r := o.Reloc(n); r.Type()&^goobj.WeakReloc == goobj.RelocAddr {
					offs = append(offs, uint32(at)+uint32(r.Off()))
				}
			}
		}
	}
	if !slices.IsSorted(offs) { // relocations of a symbol may be in any order
		slices.Sort(offs)
	}
	return shorten(&l.pool, slices.Compact(offs))
}
