package syscalls

import (
	"bytes"
	"runtime"
	"slices"

	"github.com/go3s/rules_go3s/internal/disasm"
	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/gobin"
)

// An edge is a direct call of a function, or a jump to its entry, by another one.
type edge struct {
	caller int // index of the function
	pc     uint64
	jump   bool // the caller's stack frame is gone
	inside bool // not to the entry but into the middle
}

// A graph is who calls and who knows whom. Functions are indices of Program.Funcs.
type graph struct {
	index   map[uint64]int // function by address
	callers [][]edge
	// sites are the system call instructions of each function.
	sites [][]disasm.Inst
	// inside are the addresses other than its first at which other functions enter a function.
	inside map[int][]uint64
	// words are the addresses inside of a function that data holds: jump tables.
	words map[int][]uint64
	// takers are the functions that form the address of a function or of a function
	// value for it.
	takers [][]int
	// inData says that data holds the address of a function.
	inData []bool
	// writable are the addresses of writable data that each function names.
	writable []refs
	// indirect says that a function has an indirect jump.
	indirect []bool
	// asConstant are the functions that hold the address of a function as a number.
	asConstant map[int][]int
}

// refs are addresses that a function names, in the order of its code.
type refs []ref

type ref struct {
	pc, addr uint64
	load     bool // the instruction only reads what is at the address
}

// scan decodes the whole program once. It fails when relocations cannot be read.
func (a *Analysis) scan() (*graph, error) {
	p := a.program
	n := len(p.Funcs)
	g := &graph{
		index:    make(map[uint64]int, n),
		callers:  make([][]edge, n),
		sites:    make([][]disasm.Inst, n),
		inside:   map[int][]uint64{},
		words:    map[int][]uint64{},
		takers:   make([][]int, n),
		inData:   make([]bool, n),
		writable: make([]refs, n),
		indirect: make([]bool, n),

		asConstant: map[int][]int{},
	}
	for i := range p.Funcs {
		g.index[p.Funcs[i].Addr] = i
	}
	type found struct {
		calls []disasm.Inst // calls and jumps out of the function
		known []uint64      // addresses of functions that it forms
		entries
		// runsOn says that the last instruction is followed by the next function.
		runsOn bool
	}
	all := make([]found, n)
	// Functions are independent of each other; each worker takes every so many-th.
	workers := runtime.GOMAXPROCS(0)
	var waits []func()
	for w := range workers {
		waits = append(waits, goelf.Go(func() {
			for f := w; f < n; f += workers {
				fn := &p.Funcs[f]
				var last disasm.Inst
				var seen []uint64 // addresses of instructions
				var inside []disasm.Inst
				hasIndirect := false
				broken := len(fn.Code) // offset of the first bytes that are no instruction
				for i := range p.Insts(fn) {
					last = i
					seen = append(seen, i.PC)
					if off := int(i.PC - fn.Addr); i.Flow == disasm.Stop && off < broken && !isTrap(fn.Code[off:off+i.Len]) {
						broken = off
					}
					switch i.Flow {
					case disasm.Syscall, disasm.Syscall32:
						g.sites[f] = append(g.sites[f], i)
					case disasm.Far:
						all[f].far = append(all[f].far, i)
					case disasm.CallIndirect:
						hasIndirect = true
					case disasm.JumpIndirect:
						g.indirect[f], hasIndirect = true, true
					case disasm.Call, disasm.Jump, disasm.Branch:
						outside := i.Target < fn.Addr || i.Target >= fn.End()
						if i.Flow == disasm.Call || outside {
							all[f].calls = append(all[f].calls, i)
						}
						if !outside {
							inside = append(inside, i)
						}
					}
					if n, pushed, ok := p.Arch.Immediate(fn.Code[i.PC-fn.Addr:]); ok && a.isCode(n) {
						all[f].numbers = append(all[f].numbers, n)
						if pushed {
							all[f].pushed = append(all[f].pushed, i)
						}
					}
					if i.Ref == 0 {
						continue
					}
					if target, ok := a.funcAt(g, i.Ref); ok {
						all[f].known = append(all[f].known, target)
					} else if to := p.Find(i.Ref); to != nil && to.Go && !a.onlyLoads(fn, &i) {
						all[f].formed = append(all[f].formed, i)
					} else if a.isWritable(i.Ref) {
						g.writable[f] = append(g.writable[f], ref{i.PC, i.Ref, a.onlyLoads(fn, &i)})
					}
				}
				g.sites[f] = append(g.sites[f], hidden(p.Arch, fn, broken, g.sites[f])...)
				all[f].between = betweenInstructions(inside, seen)
				all[f].follows = hasIndirect && len(all[f].numbers) > 0
				switch last.Flow {
				case disasm.Branch, disasm.Syscall, disasm.Syscall32:
					all[f].runsOn = true
				case disasm.Next: // the compiler puts a NOP after a last call that does not return
					all[f].runsOn = len(p.Arch.Effects(nil, fn.Code[last.PC-fn.Addr:], last.PC)) > 0
				}
			}
		}))
	}
	for _, wait := range waits {
		wait()
	}

	for f := range all {
		for _, i := range all[f].calls {
			fn := p.Find(i.Target)
			if fn == nil {
				all[f].nowhere = append(all[f].nowhere, i)
				continue
			}
			to := g.index[fn.Addr]
			e := edge{caller: f, pc: i.PC, jump: i.Flow != disasm.Call, inside: i.Target != fn.Addr}
			if e.inside && f == to {
				continue // a call of a part of itself
			}
			if e.inside {
				g.inside[to] = append(g.inside[to], i.Target)
			}
			g.callers[to] = append(g.callers[to], e)
		}
		if end := p.Funcs[f].End(); all[f].runsOn && f+1 < n && p.Funcs[f+1].Addr == end {
			g.callers[f+1] = append(g.callers[f+1], edge{caller: f, pc: end, jump: true})
		}
		for _, addr := range all[f].known {
			to := g.index[addr]
			if l := g.takers[to]; len(l) == 0 || l[len(l)-1] != f {
				g.takers[to] = append(g.takers[to], f)
			}
		}
	}
	if err := a.scanData(g); err != nil {
		return nil, err
	}
	a.graph = g
	for f := range all {
		a.judgeEntries(g, f, &all[f].entries)
	}
	if !a.unpacker { // which is known, and goes nowhere else
		a.scanOthers()
	}
	return g, nil
}

// isTrap reports whether code, which is no instruction that continues, is a trap or padding.
func isTrap(code []byte) bool {
	switch string(code) {
	case "\xcc", "\xf4", "\x0f\x0b": // INT3, HLT, UD2 of amd64
		return true
	case "\x00\x00", "\x02\x90": // padding, C.EBREAK of riscv64
		return true
	}
	return code[0] == 0xcd || len(code) > 2 // INT of amd64; longer ones have been decoded
}

// systemCalls are the bytes of the instructions that enter the kernel where instructions differ in
// length, by GOARCH. Behind bytes that are no instruction they may be overlooked.
var systemCalls = map[string][][]byte{
	"amd64":   {{0x0f, 0x05}, {0x0f, 0x34}, {0xcd, 0x80}},
	"riscv64": {{0x73, 0, 0, 0}},
}

// hidden returns a Stop for each place in fn from offset broken on that looks like a system call and
// is not in sites.
func hidden(arch *disasm.Arch, fn *disasm.Func, broken int, sites []disasm.Inst) []disasm.Inst {
	var out []disasm.Inst
	for _, pattern := range systemCalls[arch.GOARCH] {
		for off := broken; off < len(fn.Code); off += int(arch.CodeAlign) {
			pc := fn.Addr + uint64(off)
			if bytes.HasPrefix(fn.Code[off:], pattern) && !slices.ContainsFunc(sites, func(i disasm.Inst) bool { return pc-i.PC < uint64(i.Len) }) {
				out = append(out, disasm.Inst{PC: pc, Len: len(pattern), Flow: disasm.Stop})
			}
		}
	}
	return out
}

// funcAt returns the function that addr is the entry of, or whose address data at addr
// holds that is not written after the start, as a function value does.
func (a *Analysis) funcAt(g *graph, addr uint64) (uint64, bool) {
	if _, ok := g.index[addr]; ok {
		return addr, true
	}
	if word, ok := a.constantWord(addr); ok {
		if _, ok := g.index[word]; ok {
			return word, true
		}
	}
	return 0, false
}

// onlyLoads reports whether all that instruction i does with i.Ref is to read there.
func (a *Analysis) onlyLoads(fn *disasm.Func, i *disasm.Inst) bool {
	effects := a.program.Arch.Effects(nil, fn.Code[i.PC-fn.Addr:], i.PC)
	return len(effects) == 1 && effects[0].Op == disasm.Load
}

// name returns how reports call function f.
func (a *Analysis) name(f int) string {
	if name := a.program.Funcs[f].Name; name != "" {
		return gobin.Printable(name)
	}
	return "code without a name"
}

// sortedUnique sorts s and drops repetitions.
func sortedUnique(s []uint64) []uint64 {
	slices.Sort(s)
	return slices.Compact(s)
}
