package syscalls

import (
	"debug/elf"
	"fmt"
	"maps"
	"slices"

	"github.com/go3s/rules_go3s/internal/disasm"
	"github.com/go3s/rules_go3s/internal/gobin"
)

// # Entering code elsewhere than at a function's first instruction
//
// The graph is about functions that call each other by name. Code can go elsewhere: into the middle of an
// instruction, to bytes that no function has, to an address that it makes of another one, or that is in it as
// a number. Where the file shows that, the place is a dynamic site, or the function is interpreted as if
// it began there with nothing known. An address that the program computes from what it reads at run time is
// not seen.

// entries are what one function does of that kind.
type entries struct {
	nowhere []disasm.Inst // calls and jumps to no function
	between []disasm.Inst // branches into the middle of an instruction of the function itself
	formed  []disasm.Inst // instructions that form the address of code that is no function's entry
	far     []disasm.Inst // those that go to another code segment
	pushed  []disasm.Inst // those that put the address of code on the stack, as a call does, to return to
	numbers []uint64      // constants that are addresses of code
	follows bool          // there may be such, and there are indirect calls or jumps
}

// betweenInstructions returns which of the branches go to none of the addresses in seen, which ascend.
func betweenInstructions(branches []disasm.Inst, seen []uint64) []disasm.Inst {
	return slices.DeleteFunc(branches, func(i disasm.Inst) bool {
		_, found := slices.BinarySearch(seen, i.Target)
		return found
	})
}

// judgeEntries notes what function f does. Bytes that the function has for data decode into instructions, too; what
// it does not reach does not count.
func (a *Analysis) judgeEntries(g *graph, f int, e *entries) {
	reached := func(i disasm.Inst) bool {
		fl := a.flow(f)
		return fl == nil || fl.at(i.PC) != nil
	}
	for _, i := range e.nowhere {
		if reached(i) {
			a.addDynamic(f, i.PC, nil, a.nowhere(i.Target))
		}
	}
	for _, i := range e.between {
		if reached(i) && !a.harmless(f, i.Target) {
			a.addDynamic(f, i.PC, nil, fmt.Sprintf("it goes to %#x, into the middle of an instruction", i.Target))
		}
	}
	for _, i := range e.far {
		if reached(i) {
			a.addDynamic(f, i.PC, nil, "it goes to another code segment, where bytes are other instructions")
		}
	}
	for _, i := range e.pushed { // no compiler does
		a.addDynamic(f, i.PC, nil, "it puts the address of code on the stack, to which it may return")
	}
	for _, i := range e.formed {
		at := g.index[a.program.Find(i.Ref).Addr]
		g.inside[at] = append(g.inside[at], i.Ref)
		delete(a.flows, at)
		if at != f && a.changed(f, i) {
			a.addDynamic(f, i.PC, nil, fmt.Sprintf("it makes an address of %#x, which is in %s but not its entry: where code goes with that cannot be told", i.Ref, a.name(at)))
		}
	}
	for _, n := range e.numbers {
		if to, ok := g.index[n]; ok && !slices.Contains(g.asConstant[to], f) {
			g.asConstant[to] = append(g.asConstant[to], f)
		}
	}
	if e.follows {
		a.followNumbers(g, f)
	}
}

// harmless reports whether the instructions at target, which is in the middle of one of function f, do no more than to
// compute and to continue at an instruction of the function that is known.
func (a *Analysis) harmless(f int, target uint64) bool {
	fl, fn := a.flow(f), &a.program.Funcs[f]
	for n := 0; fl != nil && n < 64 && target < fn.End(); n++ {
		if i := fl.index(target); i < len(fl.insts) && fl.insts[i].PC == target {
			return true
		}
		i := a.program.Arch.Decode(fn.Code[target-fn.Addr:], target)
		switch {
		case i.Flow == disasm.Return:
			return true
		case i.Flow != disasm.Next:
			return false
		}
		target += uint64(i.Len)
	}
	return false
}

// changed reports whether function f, where instruction i forms an address, may continue to compute with it or to call it: all it may do is
// to keep it, as the runtime does with addresses to return to. Registers are followed to where code goes elsewhere.
func (a *Analysis) changed(f int, i disasm.Inst) bool {
	fn, arch := &a.program.Funcs[f], a.program.Arch
	var effects []disasm.Effect
	holds := map[disasm.Reg]bool{}
	for in := range a.program.Insts(&disasm.Func{Addr: i.PC, Code: fn.Code[i.PC-fn.Addr:]}) {
		code := fn.Code[in.PC-fn.Addr:]
		effects = arch.Effects(effects[:0], code, in.PC)
		if in.PC == i.PC {
			for _, e := range effects {
				holds[e.Dst] = true
			}
			continue
		}
		switch in.Flow {
		case disasm.Return, disasm.Stop:
			return false
		case disasm.Next:
		default:
			return slices.ContainsFunc(arch.ArgRegs, func(r disasm.Reg) bool { return holds[r] }) || in.Flow == disasm.CallIndirect ||
				in.Flow == disasm.JumpIndirect
		}
		for _, e := range effects {
			switch e.Op {
			case disasm.Store, disasm.StoreImm, disasm.StoreAny:
				continue
			case disasm.Add, disasm.AddReg, disasm.SubReg, disasm.Merge:
				if holds[e.Src] || holds[e.Src2] || e.Op == disasm.Merge && holds[e.Dst] {
					return true
				}
			case disasm.Move:
				holds[e.Dst] = holds[e.Src]
				continue
			case disasm.Clobber, disasm.ClobberAll: // computed in a way that is not modelled, perhaps of what it held
				if holds[e.Dst] || e.Op == disasm.ClobberAll && len(holds) > 0 {
					return true
				}
			}
			delete(holds, e.Dst)
		}
		if !slices.ContainsFunc(slices.Collect(maps.Values(holds)), func(held bool) bool { return held }) {
			return false
		}
	}
	return false
}

// nowhere says where a call or jump goes that no function is at.
func (a *Analysis) nowhere(target uint64) string {
	for _, o := range a.program.Others {
		if target >= o.Addr && target-o.Addr < uint64(len(o.Code)) {
			return fmt.Sprintf("it goes to %#x, to %s that the kernel maps executable", target, o.What)
		}
	}
	return fmt.Sprintf("it goes to %#x, where no function is", target)
}

// vsyscallPage is where the kernel has calls of its own on amd64 (arch/x86/entry/vsyscall).
const vsyscallPage = 0xffffffffff600000

// isCode reports whether addr is in a page that is mapped executable, or of the kernel's vsyscall page.
func (a *Analysis) isCode(addr uint64) bool {
	for _, r := range a.executable {
		if addr >= r.Start && addr < r.End {
			return true
		}
	}
	return addr&^0xfff == vsyscallPage
}

// followNumbers finds where indirect calls and jumps of function f go whose target is a number in its code.
func (a *Analysis) followNumbers(g *graph, f int) {
	fl := a.flow(f)
	fn := &a.program.Funcs[f]
	for i := range a.program.Insts(fn) {
		if i.Flow != disasm.CallIndirect && i.Flow != disasm.JumpIndirect {
			continue
		}
		reg, off, ok := a.program.Arch.IndirectTarget(fn.Code[i.PC-fn.Addr:])
		if !ok || fl == nil {
			continue
		}
		for _, at := range a.stateAt(f, i.PC).regs[reg].plus(off).atoms {
			if at.kind != constant || !a.isCode(uint64(at.n)) {
				continue
			}
			to := a.program.Find(uint64(at.n))
			if to == nil {
				a.addDynamic(f, i.PC, nil, a.nowhere(uint64(at.n)))
				continue
			}
			t := g.index[to.Addr]
			e := edge{caller: f, pc: i.PC, jump: i.Flow == disasm.JumpIndirect, inside: uint64(at.n) != to.Addr}
			if e.inside {
				g.inside[t] = append(g.inside[t], uint64(at.n))
				delete(a.flows, t)
			}
			g.callers[t] = append(g.callers[t], e)
		}
	}
}

// maxOther is how many bytes that are executable but said to be no code are looked at alone. More of them
// are a program that nobody has looked at.
const maxOther = 4096

// scanOthers looks at bytes that are executable but said to be no code for what enters the kernel, at each place where
// an instruction may begin.
func (a *Analysis) scanOthers() {
	for n, o := range a.program.Others {
		name := "(" + o.What + ")"
		if len(o.Code) > maxOther && slices.ContainsFunc(o.Code, func(c byte) bool { return c != 0 }) {
			a.addOther(name, o.Addr, fmt.Sprintf("these %d bytes are mapped executable, and nothing says what is code in them", len(o.Code)))
		}
		code, end := o.Code, o.Addr+uint64(len(o.Code))
		// An instruction may reach into what follows.
		if next := a.program.Find(end); next != nil {
			code = slices.Concat(code, next.Code[:min(len(next.Code), 4)])
		} else if n+1 < len(a.program.Others) && a.program.Others[n+1].Addr == end {
			code = slices.Concat(code, a.program.Others[n+1].Code[:min(len(a.program.Others[n+1].Code), 4)])
		}
		for _, off := range a.program.Arch.Enters(code, o.Addr) {
			if off < len(o.Code) {
				a.addOther(name, o.Addr+uint64(off), "a system call is in these bytes, which the kernel maps executable")
			}
		}
	}
}

// addOther notes a place outside of functions where the number is not known.
func (a *Analysis) addOther(name string, addr uint64, reason string) {
	a.dynamic = append(a.dynamic, Dynamic{Site: Site{Function: name, Address: fmt.Sprintf("%#x", addr)}, Reason: reason})
}

// executableRanges returns the addresses that the kernel maps executable, as far as a number in the code can be one: not in a PIE,
// which is anywhere.
func (a *Analysis) executableRanges() []gobin.Range {
	var out []gobin.Range
	f := a.program.File
	for i := range f.Progs {
		if p := &f.Progs[i]; elf.Type(f.Header.Type) == elf.ET_EXEC && elf.ProgType(p.Type) == elf.PT_LOAD &&
			elf.ProgFlag(p.Flags)&elf.PF_X != 0 {
			addr, data := f.Mapped(p)
			out = append(out, gobin.Range{Start: addr, End: addr + uint64(len(data))})
		}
	}
	return out
}
