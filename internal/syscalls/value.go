package syscalls

import (
	"cmp"
	"slices"

	"github.com/go3s/rules_go3s/internal/disasm"
)

// An atomKind says what an atom stands for.
type atomKind uint8

const (
	constant   atomKind = iota // the number n
	entryReg                   // what register n held when the function was entered
	entryStack                 // what the 8 bytes at stack pointer + n held then
	stackAddr                  // the address stack pointer at entry + n
	variable                   // what the 8 bytes of writable memory at address n hold
)

// An atom is one of the things that a value can be.
type atom struct {
	kind atomKind
	n    int64
}

func compareAtoms(a, b atom) int {
	return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.n, b.n))
}

// maxAtoms limits the size of a value; a larger one is unknown.
const maxAtoms = 64

// A value is what a register or a stack slot can hold at some point: one of its
// atoms, which ascend, or anything if unknown. The zero value is that of code that is
// not reached.
type value struct {
	unknown bool
	atoms   []atom
}

var anything = value{unknown: true}

func single(kind atomKind, n int64) value { return value{atoms: []atom{{kind, n}}} }

// join returns what is a or b.
func join(a, b value) value {
	switch {
	case a.unknown || b.unknown:
		return anything
	case len(b.atoms) == 0 || slices.Equal(a.atoms, b.atoms):
		return a
	case len(a.atoms) == 0:
		return b
	}
	all := slices.Concat(a.atoms, b.atoms)
	slices.SortFunc(all, compareAtoms)
	if all = slices.Compact(all); len(all) > maxAtoms {
		return anything
	}
	return value{atoms: all}
}

func equal(a, b value) bool { return a.unknown == b.unknown && slices.Equal(a.atoms, b.atoms) }

// transform applies f to each atom. Where f fails the value is unknown.
func (v value) transform(f func(atom) (atom, bool)) value {
	if v.unknown {
		return v
	}
	out := value{}
	for _, a := range v.atoms {
		b, ok := f(a)
		if !ok {
			return anything
		}
		out = join(out, value{atoms: []atom{b}})
	}
	return out
}

// plus returns v + n.
func (v value) plus(n int64) value {
	if n == 0 {
		return v
	}
	return v.transform(func(a atom) (atom, bool) {
		a.n += n
		return a, a.kind == constant || a.kind == stackAddr
	})
}

// low32 returns the lower half of v, extended by zeros or by the sign. What came in at
// entry stays as it is: the kernel looks at the lower half of a number only.
func (v value) low32(signed bool) value {
	return v.transform(func(a atom) (atom, bool) {
		if a.kind == constant {
			a.n = int64(uint32(a.n))
			if signed {
				a.n = int64(int32(a.n))
			}
		}
		return a, a.kind != stackAddr
	})
}

// only returns the number that v is for certain.
func (v value) only(kind atomKind) (n int64, ok bool) {
	if v.unknown || len(v.atoms) != 1 || v.atoms[0].kind != kind {
		return 0, false
	}
	return v.atoms[0].n, true
}

// pointsToStack reports whether v may be an address of the stack frame.
func (v value) pointsToStack() bool {
	return slices.ContainsFunc(v.atoms, func(a atom) bool { return a.kind == stackAddr })
}

// A state is what is known of registers and stack at one point of a function.
type state struct {
	regs [33]value
	// slots are 8 bytes each, by offset from the stack pointer at entry. One that is
	// missing holds what it held at entry if it belongs to the caller (offset
	// >= 0), else anything.
	slots map[int64]value
	// lost says that missing slots of the caller hold anything.
	lost bool
	// escaped says that somebody else may know an address of the stack frame.
	escaped bool
}

func (s *state) clone() *state {
	c := *s
	c.slots = make(map[int64]value, len(s.slots))
	for k, v := range s.slots {
		c.slots[k] = v
	}
	return &c
}

func (s *state) slot(off int64) value {
	if v, ok := s.slots[off]; ok {
		return v
	}
	if off >= 0 && !s.lost {
		return single(entryStack, off)
	}
	return anything
}

// merge makes s what is s or o, and reports whether it changed.
func (s *state) merge(o *state) bool {
	changed := false
	for r := range s.regs {
		if v := join(s.regs[r], o.regs[r]); !equal(v, s.regs[r]) {
			s.regs[r], changed = v, true
		}
	}
	for k, old := range s.slots {
		if v := join(old, o.slot(k)); !equal(v, old) {
			s.slots[k], changed = v, true
		}
	}
	for k, theirs := range o.slots {
		if _, ok := s.slots[k]; ok {
			continue
		}
		old := s.slot(k)
		if v := join(old, theirs); !equal(v, old) {
			s.slots[k], changed = v, true
		}
	}
	if o.lost && !s.lost || o.escaped && !s.escaped {
		s.lost, s.escaped, changed = s.lost || o.lost, s.escaped || o.escaped, true
	}
	return changed
}

// store puts v into the size bytes at offset off.
func (s *state) store(off int64, size int64, v value) {
	for k := range s.slots { // what overlaps is no longer known
		if k < off+size && off < k+8 {
			s.slots[k] = anything
		}
	}
	// A caller's slot that is partly written must not look untouched.
	for k := off - 7; k < off+size; k++ {
		if k >= 0 && k%8 == 0 {
			s.slots[k] = anything
		}
	}
	if size == 8 {
		s.slots[off] = v
	}
}

// forget is a write to memory that may be any part of the stack frame that the function
// itself owns, and of the caller's part if that is known to others.
func (s *state) forget() {
	for k := range s.slots {
		if k < 0 || s.escaped {
			delete(s.slots, k)
		}
	}
	s.lost = s.lost || s.escaped
}

// entryState is the state at the entry of a function.
func entryState(a *disasm.Arch) *state {
	s := &state{slots: map[int64]value{}}
	for r := range s.regs {
		s.regs[r] = single(entryReg, int64(r))
	}
	s.regs[a.SP] = single(stackAddr, 0)
	if z := a.Zero; z != disasm.NoReg {
		s.regs[z] = single(constant, 0)
	}
	return s
}

// midState is the state where nothing is known.
func midState(a *disasm.Arch) *state {
	s := &state{slots: map[int64]value{}, escaped: true}
	for r := range s.regs {
		s.regs[r] = anything
	}
	if z := a.Zero; z != disasm.NoReg {
		s.regs[z] = single(constant, 0)
	}
	s.forget()
	return s
}
