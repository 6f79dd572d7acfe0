package disasm

import "iter"

// Insts yields the instructions of fn in the order of their addresses. Bytes that
// are none are yielded as Stop, and decoding continues after them: on amd64 with
// the next byte.
func (p *Program) Insts(fn *Func) iter.Seq[Inst] {
	return func(yield func(Inst) bool) {
		if !p.Arch.combine {
			for off := 0; off < len(fn.Code); {
				i := p.Arch.decode(fn.Code[off:], fn.Addr+uint64(off))
				if !yield(i) {
					return
				}
				off += i.Len
			}
			return
		}
		c := constants{arch: p.Arch}
		for off := 0; off < len(fn.Code); {
			code, pc := fn.Code[off:], fn.Addr+uint64(off)
			i := p.Arch.decode(code, pc)
			if i.Flow != Stop {
				c.step(&i, code)
			}
			if !yield(i) {
				return
			}
			off += i.Len
		}
	}
}

// constants follows registers that hold an address which instructions in a row put
// together: ADRP or AUIPC with the ADD, load, store or jump after it. A linker
// puts no jump target between these.
type constants struct {
	arch  *Arch
	known uint64 // a bit for each register
	whole uint64 // those that hold an address put together, not its upper part
	value [33]uint64
	buf   []Effect
}

// step fills in i.Ref where an address is put together or used in its last part, not where code continues from it, as a
// loop over an array does, and makes an indirect jump to a known address a direct one.
func (c *constants) step(i *Inst, code []byte) {
	switch i.Flow {
	case CallIndirect, JumpIndirect:
		if base, off := indirectTarget(c.arch, code); c.known>>base&1 == 1 {
			i.Target, i.Taken = c.value[base]+uint64(off), c.whole>>base&1 == 1
			if i.Flow == CallIndirect {
				i.Flow = Call
			} else {
				i.Flow = Jump
			}
		}
		c.known = 0
		return
	case Call, Jump, Return, Syscall, Syscall32:
		c.known = 0 // what follows a jump is reached from elsewhere
		return
	}
	if c.known == 0 && !c.arch.startsAddress(code) {
		return
	}
	c.buf = c.arch.effects(c.buf[:0], code, i.PC)
	for _, e := range c.buf {
		switch e.Op {
		case Set:
			if c.arch.startsAddress(code) {
				c.set(e.Dst, uint64(e.Imm), i.Ref != 0)
			} else {
				c.forget(e.Dst) // a number
			}
		case Add:
			if e.Size != 4 && c.knows(e.Src) {
				sum := c.value[e.Src] + uint64(e.Imm)
				if c.whole>>e.Src&1 == 0 {
					i.Ref = sum
				}
				c.set(e.Dst, sum, true)
			} else {
				c.forget(e.Dst)
			}
		case Load:
			if c.knows(e.Src) && c.whole>>e.Src&1 == 0 && i.Ref == 0 {
				i.Ref = c.value[e.Src] + uint64(e.Imm)
			}
			c.forget(e.Dst)
		case Store, StoreImm:
			if c.knows(e.Dst) && c.whole>>e.Dst&1 == 0 && i.Ref == 0 {
				i.Ref = c.value[e.Dst] + uint64(e.Imm)
			}
		case StoreAny:
		case ClobberAll:
			c.known = 0
		default:
			c.forget(e.Dst)
		}
	}
}

func (c *constants) knows(r Reg) bool { return r < 64 && c.known>>r&1 == 1 }
func (c *constants) forget(r Reg)     { c.known &^= 1 << r }

func (c *constants) set(r Reg, v uint64, whole bool) {
	if r == c.arch.Zero {
		return
	}
	c.known |= 1 << r
	c.whole &^= 1 << r
	if whole {
		c.whole |= 1 << r
	}
	c.value[r] = v
}

// startsAddress reports whether the instruction at the start of code can begin to put an
// address together.
func (a *Arch) startsAddress(code []byte) bool {
	if a == arm64 {
		return code[3]&0x1f == 0x10 // ADR, ADRP
	}
	return code[0]&0x7f == 0x17 // AUIPC
}

// indirectTarget returns the register and the offset from it to which the
// indirect call or jump at the start of code goes.
func indirectTarget(a *Arch, code []byte) (base Reg, off int64) {
	if a == arm64 {
		return Reg(uint32(code[1])<<3&0x18 | uint32(code[0])>>5), 0
	}
	w, _ := wordRISCV64(code)
	return Reg(field(w, 15, 5)), signed(w, 20, 12)
}
