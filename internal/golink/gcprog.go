package golink

import (
	"encoding/binary"
)

// # Description of data for the garbage collector
//
// For .data and for .bss the runtime has a program that makes a bit for each word, 1 for a pointer: literal bits, at most 127 at a
// time, and repetitions of what was before. Package runtime runs it in runGCProg. That the encoding is still cmd/link's is not looked up in
// sources: comparing whole programs says so (TestIdentity).

const wordSize = 8

type gcProgram struct {
	*linker
	out   []byte
	index uint64 // bits so far
	lit   [127]byte
	nlit  int
	steps int // bound: types of a malformed object may contain each other
	name  string
	bad   bool
}

// maxGCSteps bounds the types that are looked at for one program.
const maxGCSteps = 1 << 26

// gcProgram makes the program for the symbols of kind k, size bytes in all, the contents of the symbol of that name.
func (l *linker) gcProgram(name string, k kind, size uint64) {
	p := &gcProgram{linker: l, name: name}
	for _, s := range l.buckets[k] {
		t := l.goType(s)
		if t == 0 {
			l.errorf("variable %s: no type, which the garbage collector needs (%d bytes)", l.name(s), l.size(s))
			continue
		}
		p.addType(l.values[s], t, 0)
	}
	p.zeroUntil(size / wordSize)
	p.flush()
	p.out = append(p.out, 0)
	_, o := l.define(name, kindROData)
	o.addBytes(p.out)
}

func (p *gcProgram) fault(t sym, why string) {
	if !p.bad {
		p.errorf("type %s: %s", p.linker.name(t), why)
	}
	p.bad = true
}

// addType adds the pointers of type t at off.
func (p *gcProgram) addType(off uint64, t sym, depth int) {
	d, ok := p.typeDesc(t)
	if p.bad {
		return
	}
	if p.steps++; !ok || depth > 1000 || p.steps > maxGCSteps {
		p.fault(t, "no well-formed descriptor")
		return
	}
	switch d.kind() {
	case kindArray:
		elem, n := d.target(typeSize), d.word(typeSize+16)
		p.addType(off, elem, depth+1)
		if n > 1 && !p.bad {
			e, ok := p.typeDesc(elem)
			if !ok {
				p.fault(t, "no well-formed element type")
				return
			}
			p.zeroUntil((off + e.size()) / wordSize)
			p.repeat(e.size()/wordSize, n-1)
		}
	case kindStruct:
		d.fields(func(field sym, at uint64) bool {
			f, ok := p.typeDesc(field)
			if !ok {
				p.fault(t, "no well-formed type of a field")
				return false
			}
			if f.ptrBytes() != 0 {
				p.addType(off+at, field, depth+1)
			}
			return true
		})
	default:
		if d.has(tflagGCMaskOnDemand) {
			p.fault(t, "no pointer mask")
			return
		}
		mask := p.data(d.target(typeGCData))
		n := d.ptrBytes() / wordSize
		if n > uint64(len(mask))*8 {
			p.fault(t, "its pointer mask is shorter than the type")
			return
		}
		for i := range n {
			if mask[i/8]>>(i%8)&1 != 0 {
				p.pointer(t, off/wordSize+i)
			}
		}
	}
}

func (p *gcProgram) pointer(t sym, index uint64) {
	if index < p.index || index > maxData/wordSize {
		p.fault(t, "its pointers are not in order")
		return
	}
	p.zeroUntil(index)
	p.bit(1)
}

func (p *gcProgram) bit(b byte) {
	if p.nlit == len(p.lit) {
		p.flush()
	}
	p.lit[p.nlit] = b
	p.nlit++
	p.index++
}

func (p *gcProgram) zeroUntil(index uint64) {
	if index <= p.index {
		return
	}
	n := index - p.index
	if n < 4*8 {
		for range n {
			p.bit(0)
		}
		return
	}
	p.bit(0)
	p.flush()
	p.repeat(1, n-1)
}

// repeat repeats the last n bits c times.
func (p *gcProgram) repeat(n, c uint64) {
	if n == 0 || c == 0 {
		return
	}
	p.flush()
	if n < 128 {
		p.out = append(p.out, 0x80|byte(n))
	} else {
		p.out = append(p.out, 0x80)
		p.out = binary.AppendUvarint(p.out, n)
	}
	p.out = binary.AppendUvarint(p.out, c)
	p.index += n * c
}

func (p *gcProgram) flush() {
	if p.nlit == 0 {
		return
	}
	p.out = append(p.out, byte(p.nlit))
	for i := 0; i < p.nlit; i += 8 {
		var b byte
		for j, bit := range p.lit[i:min(i+8, p.nlit)] {
			b |= bit << j
		}
		p.out = append(p.out, b)
	}
	p.nlit = 0
}
