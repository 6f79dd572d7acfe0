package syscalls

// # One function
//
// A function is interpreted over sets of possible values, forward from its entry,
// until nothing changes. What it was entered with stays symbolic, so that the callers can be
// asked for it. Instructions that are not modelled make what they write unknown.
//
// Three things are taken for granted, which Go's compiler and assembler sources keep: a
// callee does not write to the stack slots of its caller unless it was given their address; a
// store through a pointer does not hit a spilled argument unless the function's
// stack address was handed out; and an instruction sees one value of the stack pointer
// however it is reached. The last tells where a call does not return: the compiler puts
// unrelated code after it, most often with another stack pointer.

import (
	"encoding/binary"
	"maps"
	"slices"

	"github.com/go3s/rules_go3s/internal/disasm"
)

// A flow is an interpreted function.
type flow struct {
	a     *Analysis
	fn    *disasm.Func
	insts []disasm.Inst
	start map[uint64]*state // states at the starts of blocks
	buf   []disasm.Effect
}

// maxSteps bounds the work on one program, in instructions interpreted. The test
// program of net/http takes 25 thousand.
const maxSteps = 4 << 20

// interpret returns the flow of fn. extra are addresses inside of it at which other
// functions enter it, table are those to which an indirect jump may go. It fails
// when the program takes too much work.
func (a *Analysis) interpret(fn *disasm.Func, extra, table []uint64) (*flow, bool) {
	f := &flow{a: a, fn: fn, start: map[uint64]*state{}}
	leader := map[uint64]bool{fn.Addr: true}
	for i := range a.program.Insts(fn) {
		f.insts = append(f.insts, i)
		if f.inside(&i) {
			leader[i.Target] = true
		}
	}
	for _, pc := range slices.Concat(extra, table) {
		leader[pc] = true
	}

	var work []uint64
	enter := func(pc uint64, s *state) {
		old, ok := f.start[pc]
		switch {
		case !ok:
			f.start[pc] = s.clone()
		case !old.merge(s):
			return
		}
		if !slices.Contains(work, pc) {
			work = append(work, pc)
		}
	}
	// pastCall are states that reach the start of a block only if the call before it
	// returns, by the address of the block. They wait until all others have arrived.
	pastCall := map[uint64]*state{}
	enter(fn.Addr, entryState(a.program.Arch))
	for _, pc := range extra {
		enter(pc, midState(a.program.Arch))
	}
	for {
		if len(work) == 0 {
			for _, pc := range slices.Sorted(maps.Keys(pastCall)) {
				if old, ok := f.start[pc]; !ok || equal(old.regs[a.program.Arch.SP], pastCall[pc].regs[a.program.Arch.SP]) {
					enter(pc, pastCall[pc])
				}
			}
			if len(work) == 0 {
				return f, true
			}
		}
		pc := work[len(work)-1]
		work = work[:len(work)-1]
		s := f.start[pc].clone()
		afterCall := false
		for n := f.index(pc); n < len(f.insts); n++ {
			i := &f.insts[n]
			if i.PC != pc && leader[i.PC] {
				if afterCall {
					pastCall[i.PC] = s
				} else {
					enter(i.PC, s)
				}
				break
			}
			if f.a.steps++; f.a.steps > maxSteps {
				return nil, false
			}
			if i.Flow == disasm.Call && f.inside(i) && i.Target != fn.Addr {
				// Assembly has subroutines inside of a function.
				called := s.clone()
				called.regs[a.program.Arch.SP] = s.regs[a.program.Arch.SP].plus(-a.program.Arch.CallPush)
				enter(i.Target, called)
			}
			f.step(s, i)
			switch {
			case i.Flow == disasm.Call || i.Flow == disasm.CallIndirect:
				afterCall = true
			case i.Flow != disasm.Next || len(f.buf) > 0: // not a NOP
				afterCall = false
			}
			if i.Flow != disasm.Call && f.inside(i) {
				enter(i.Target, s)
			}
			if i.Flow == disasm.JumpIndirect {
				for _, target := range table {
					enter(target, s)
				}
			}
			if i.Flow == disasm.Jump || i.Flow == disasm.JumpIndirect || i.Flow == disasm.Return || i.Flow == disasm.Stop {
				break
			}
		}
	}
}

// inside reports whether i goes to an address inside of the function.
func (f *flow) inside(i *disasm.Inst) bool {
	switch i.Flow {
	case disasm.Call, disasm.Jump, disasm.Branch:
		return i.Target >= f.fn.Addr && i.Target < f.fn.End()
	}
	return false
}

// index returns the index of the first instruction at or after pc.
func (f *flow) index(pc uint64) int {
	n, _ := slices.BinarySearchFunc(f.insts, pc, func(i disasm.Inst, pc uint64) int {
		switch {
		case i.PC < pc:
			return -1
		case i.PC > pc:
			return 1
		}
		return 0
	})
	return n
}

// at returns the state before the instruction at pc, or at the end of the function; nil
// when it is not reached.
func (f *flow) at(pc uint64) *state {
	var from uint64
	found := false
	for start := range f.start {
		if start <= pc && (!found || start > from) {
			from, found = start, true
		}
	}
	if !found {
		return nil
	}
	s := f.start[from].clone()
	for n := f.index(from); n < len(f.insts); n++ {
		i := &f.insts[n]
		if i.PC == pc {
			return s
		}
		f.step(s, i)
		switch i.Flow {
		case disasm.Jump, disasm.JumpIndirect, disasm.Return, disasm.Stop:
			return nil
		}
	}
	if pc == f.fn.End() {
		return s
	}
	return nil
}

// step is one instruction.
func (f *flow) step(s *state, i *disasm.Inst) {
	arch := f.a.program.Arch
	f.buf = arch.Effects(f.buf[:0], f.fn.Code[i.PC-f.fn.Addr:], i.PC)
	switch i.Flow {
	case disasm.Call, disasm.CallIndirect:
		s.call(arch)
		return
	case disasm.Syscall, disasm.Syscall32:
		s.forget()
		for _, r := range arch.KernelClobbers {
			s.regs[r] = anything
		}
		return
	}
	for n := range f.buf {
		f.apply(s, &f.buf[n])
	}
}

// call is what a callee may have done when it returns.
func (s *state) call(arch *disasm.Arch) {
	for _, r := range arch.ArgRegs {
		if s.regs[r].pointsToStack() {
			s.escaped = true
		}
	}
	for r := range s.regs {
		if reg := disasm.Reg(r); reg != arch.SP && reg != arch.Zero {
			s.regs[r] = anything
		}
	}
	s.forget()
}

func (f *flow) apply(s *state, e *disasm.Effect) {
	arch := f.a.program.Arch
	get := func(r disasm.Reg) value {
		if int(r) >= len(s.regs) {
			return anything
		}
		return s.regs[r]
	}
	set := func(v value) {
		if e.Dst != arch.Zero && int(e.Dst) < len(s.regs) {
			s.regs[e.Dst] = v
		}
	}
	// address returns the value of base + Imm.
	address := func(base disasm.Reg) value {
		if base == disasm.NoReg {
			return single(constant, e.Imm)
		}
		return get(base).plus(e.Imm)
	}
	switch e.Op {
	case disasm.Set:
		set(single(constant, e.Imm))
	case disasm.Move:
		v := get(e.Src)
		if e.Size == 4 {
			v = v.low32(false)
		}
		set(v)
	case disasm.Merge:
		set(join(get(e.Dst), get(e.Src)))
	case disasm.Add:
		v := get(e.Src).plus(e.Imm)
		if e.Size == 4 {
			v = v.low32(e.Signed)
		}
		set(v)
	case disasm.AddReg, disasm.SubReg:
		x, y := get(e.Src), get(e.Src2)
		if n, ok := y.only(constant); ok {
			if e.Op == disasm.SubReg {
				n = -n
			}
			set(x.plus(n))
		} else if n, ok := x.only(constant); ok && e.Op == disasm.AddReg {
			set(y.plus(n))
		} else {
			set(anything)
		}
	case disasm.Insert:
		set(get(e.Dst).transform(func(a atom) (atom, bool) {
			a.n = a.n&^(0xffff<<e.Shift) | e.Imm<<e.Shift
			if e.Size == 4 {
				a.n = int64(uint32(a.n))
			}
			return a, a.kind == constant
		}))
	case disasm.Load:
		set(f.load(s, address(e.Src), e))
	case disasm.Store, disasm.StoreImm:
		v := single(constant, e.Value)
		if e.Op == disasm.Store {
			v = get(e.Src)
		}
		where := address(e.Dst)
		if off, ok := where.only(stackAddr); ok {
			s.store(off, int64(e.Size), v)
		} else if _, ok := where.only(constant); !ok {
			s.forget()
		}
		if v.pointsToStack() && e.Src != arch.FramePointer && e.Src != arch.SP {
			s.escaped = true
		}
	case disasm.StoreAny:
		s.forget()
	case disasm.Clobber:
		set(anything)
	case disasm.ClobberAll:
		for r := range s.regs {
			if reg := disasm.Reg(r); reg != arch.SP && reg != arch.Zero {
				s.regs[r] = anything
			}
		}
	}
}

// load returns what is at address where.
func (f *flow) load(s *state, where value, e *disasm.Effect) value {
	if off, ok := where.only(stackAddr); ok {
		switch v := s.slot(off); {
		case e.Size == 8:
			return v
		case e.Size == 4:
			return v.low32(e.Signed)
		}
		return anything
	}
	if addr, ok := where.only(constant); ok && e.Size >= 4 {
		if b := f.a.readOnly(uint64(addr), uint64(e.Size)); b != nil {
			if e.Size == 8 {
				return single(constant, int64(binary.LittleEndian.Uint64(b)))
			}
			return single(constant, int64(binary.LittleEndian.Uint32(b))).low32(e.Signed)
		}
		if e.Size == 8 && f.a.isWritable(uint64(addr)) {
			return single(variable, addr)
		}
	}
	return anything
}
