// Package syscalls finds the system calls that an executable can make, from its
// code alone: every instruction that enters the kernel, and every number that can be in
// the number register there. Where a number comes from a caller, as in Go's
// syscall.Syscall, the callers are asked in turn, until nothing new turns up.
//
// It errs to one side. A number that cannot be told is reported as a dynamic site, never
// left out; all functions in the file count, whether or not somebody calls
// them. What it takes for granted is listed in flow.go, and that code is neither written at
// run time nor entered in the middle of an instruction.
package syscalls

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/go3s/rules_go3s/internal/disasm"
	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/gobin"
	"github.com/go3s/rules_go3s/internal/pack"
)

// A Report is what an executable can ask of the kernel.
type Report struct {
	Schema  int       `json:"schema"` // SchemaVersion
	File    string    `json:"file"`
	GOARCH  string    `json:"goarch"`
	Calls   []Call    `json:"calls"`             // ascending by name
	Dynamic []Dynamic `json:"dynamic,omitempty"` // places whose number is not known
	// UnverifiedGo says that a Go release later than all known ones was read by the newest one's tables, because that was asked for.
	UnverifiedGo string `json:"unverified_go,omitempty"`

	symbols bool // the file has a symbol table
}

// SchemaVersion is that of the JSON form of a Report.
const SchemaVersion = 1

// ParseReport reads the JSON form of a Report. It lacks what Add needs of dynamic sites: analyse all files of a program at once.
func ParseReport(data []byte) (*Report, error) {
	r := &Report{}
	if err := json.Unmarshal(data, r); err != nil {
		return nil, err
	}
	if r.Schema != SchemaVersion {
		return nil, fmt.Errorf("schema is %d, want %d", r.Schema, SchemaVersion)
	}
	if _, ok := Tables[r.GOARCH]; !ok {
		return nil, fmt.Errorf("goarch is %q, want one of %v", r.GOARCH, slices.Sorted(maps.Keys(Tables)))
	}
	for i, c := range r.Calls {
		if c.Name == "" || len(c.Sites) == 0 && c.Implied == "" {
			return nil, fmt.Errorf("calls[%d], %q: want a name, and sites or what implies the call", i, c.Name)
		}
		if slices.ContainsFunc(c.Sites, func(s Site) bool { return len(s.Chain) == 0 }) {
			return nil, fmt.Errorf("calls[%d], %q: a site has no chain", i, c.Name)
		}
	}
	for i, d := range r.Dynamic {
		if d.Function == "" {
			return nil, fmt.Errorf("dynamic[%d]: want the name of a function", i)
		}
	}
	return r, nil
}

// A Call is a system call that the executable can make.
type Call struct {
	Name   string `json:"name"` // the kernel's, or "syscall_N" where Table has none for the number
	Number int64  `json:"number"`
	Sites  []Site `json:"sites,omitempty"` // ascending by address
	// Implied says why the kernel's own code makes the call on behalf of the program, if that
	// is the case and the program has no site for it.
	Implied string `json:"implied,omitempty"`
}

// A Site is a place in the code that chooses a number.
type Site struct {
	Function string `json:"function"`
	Address  string `json:"address"` // hexadecimal
	// Through are the functions from there to the instruction that enters the kernel; none
	// if it is in Function.
	Through []string `json:"through,omitempty"`
	// Chain is a shortest way of calls and function values from main.main, or if there is
	// none from where else the program begins, to Function.
	Chain []string `json:"chain"`
}

// A Dynamic is a place where the number is not known.
type Dynamic struct {
	Site
	Reason string `json:"reason"`

	unnamed bool // the number is in a variable, of which a symbol table would tell more
}

// Add adds what another file of the same program can ask of the kernel, such as the packed form,
// whose unpacking code makes calls of its own. Where r has the variables that hold numbers from a symbol table, the other
// file, in which there is none, adds no dynamic site for them. It fails for another machine.
func (r *Report) Add(other *Report) error {
	if r.GOARCH != other.GOARCH {
		return fmt.Errorf("%s is for %s and %s for %s: want files of one program", r.File, r.GOARCH, other.File, other.GOARCH)
	}
	for _, c := range other.Calls {
		i := slices.IndexFunc(r.Calls, func(mine Call) bool { return mine.Number == c.Number })
		if i < 0 {
			r.Calls = append(r.Calls, c)
			continue
		}
		mine := &r.Calls[i]
		for _, s := range c.Sites {
			if !slices.ContainsFunc(mine.Sites, s.same) {
				mine.Sites = append(mine.Sites, s)
			}
		}
		if c.Implied == "" {
			mine.Implied = ""
		}
	}
	for _, d := range other.Dynamic {
		known := r.symbols && d.unnamed || slices.ContainsFunc(r.Dynamic, func(mine Dynamic) bool {
			return mine.same(d.Site) && mine.Reason == d.Reason
		})
		if !known {
			r.Dynamic = append(r.Dynamic, d)
		}
	}
	slices.SortFunc(r.Calls, compareCalls)
	r.UnverifiedGo = cmp.Or(r.UnverifiedGo, other.UnverifiedGo)
	return nil
}

// same reports whether o is the same place, reached the same way.
func (s Site) same(o Site) bool {
	return s.Function == o.Function && s.Address == o.Address && slices.Equal(s.Through, o.Through)
}

func compareCalls(x, y Call) int {
	return cmp.Or(cmp.Compare(x.Name, y.Name), cmp.Compare(x.Number, y.Number))
}

// An Analysis is the work on one executable.
type Analysis struct {
	program  *disasm.Program
	unpacker bool // all code is the unpacker of a packed program
	graph    *graph
	flows    map[int]*flow
	table    Table
	// executable are the addresses that the kernel maps executable; relocs what is relocated at start, ascending.
	executable []gobin.Range
	relocs     []goelf.Relocation

	calls   map[int64][]Site
	dynamic []Dynamic
	needs   []need
	known   map[need]bool
	via     map[need]*step
	steps   int // instructions interpreted
}

// A need is a value at the entry of a function that is used as a number.
type need struct {
	fn  int
	loc atom // entryReg or entryStack
}

// A step is the way from a function to the instruction that enters the kernel.
type step struct {
	fn   int
	next *step
}

// Analyze returns what f can ask of the kernel. name is its name in the report. Of a packed program that is
// what its unpacker and what the program in it can ask. It fails when Go's tables in f are damaged, and when f is packed
// and cannot be unpacked.
func Analyze(f *goelf.File, name string) (*Report, error) {
	if !pack.IsPacked(f) {
		return analyzeFile(f, name, false)
	}
	original, err := pack.Unpack(f)
	if err != nil {
		return nil, err
	}
	defer original.Close()
	original.LaterGo = f.LaterGo
	r, err := analyzeFile(original, name, false)
	if err != nil {
		return nil, err
	}
	outside, err := analyzeFile(f, name, true)
	if err != nil {
		return nil, err
	}
	if err := r.Add(outside); err != nil {
		return nil, err
	}
	return r, nil
}

// analyzeFile is Analyze of f as the kernel starts it. unpacker says that all code in f is the unpacker of this release.
func analyzeFile(f *goelf.File, name string, unpacker bool) (*Report, error) {
	p, err := disasm.Open(f)
	if err != nil {
		return nil, err
	}
	a := &Analysis{
		program:  p,
		unpacker: unpacker,
		flows:    map[int]*flow{},
		table:    Tables[p.Arch.GOARCH],
		calls:    map[int64][]Site{},
		known:    map[need]bool{},
		via:      map[need]*step{},
	}
	a.executable = a.executableRanges()
	if err := f.Relocations(func(r goelf.Relocation) error { a.relocs = append(a.relocs, r); return nil }); err != nil {
		return nil, err
	}
	slices.SortStableFunc(a.relocs, func(x, y goelf.Relocation) int { return cmp.Compare(x.Site, y.Site) })
	if a.graph, err = a.scan(); err != nil {
		return nil, err
	}
	for fn, sites := range a.graph.sites {
		for _, i := range sites {
			switch i.Flow {
			case disasm.Syscall32:
				a.addDynamic(fn, i.PC, nil, "it enters the kernel as a 32-bit program does, with other numbers")
			case disasm.Stop:
				a.addDynamic(fn, i.PC, nil, "bytes of a system call follow on bytes that are no instruction")
			default:
				s := a.stateAt(fn, i.PC)
				a.number(fn, i.PC, nil, s.regs[p.Arch.SyscallNumber])
			}
		}
	}
	for len(a.needs) > 0 {
		n := a.needs[0]
		a.needs = a.needs[1:]
		a.askCallers(n)
	}
	r := a.report(name)
	if problem := gobin.LaterGo(f); problem != nil {
		r.UnverifiedGo = problem.Error()
	}
	return r, nil
}

// flow returns the interpretation of function fn, nil when the program takes too much work.
func (a *Analysis) flow(fn int) *flow {
	f, ok := a.flows[fn]
	if !ok {
		var table []uint64
		if a.graph.indirect[fn] {
			table = sortedUnique(a.graph.words[fn])
		}
		f, _ = a.interpret(&a.program.Funcs[fn], sortedUnique(a.graph.inside[fn]), table)
		a.flows[fn] = f
	}
	return f
}

// stateAt returns the state of function fn before the instruction at pc. Code that the
// interpretation does not reach is read from the last point before it where a jump
// could lead.
func (a *Analysis) stateAt(fn int, pc uint64) *state {
	f := a.flow(fn)
	if f == nil {
		return midState(a.program.Arch)
	}
	if s := f.at(pc); s != nil {
		return s
	}
	s := midState(a.program.Arch)
	for i := range f.insts {
		switch in := &f.insts[i]; {
		case in.PC >= pc:
			return s
		case in.Flow == disasm.Next, in.Flow == disasm.Call, in.Flow == disasm.CallIndirect, in.Flow == disasm.Syscall:
			f.step(s, in)
		default:
			s = midState(a.program.Arch)
		}
	}
	return s
}

// number notes that v, seen in fn at pc, is the number of a system call. next is the way from there
// to the kernel.
func (a *Analysis) number(fn int, pc uint64, next *step, v value) {
	if !isConstant(v) && a.perThread(fn, pc, next) {
		return
	}
	if v.unknown {
		a.addDynamic(fn, pc, next, "the number is computed or read from memory")
		return
	}
	for _, at := range v.atoms {
		switch at.kind {
		case constant:
			a.addCall(fn, pc, next, at.n)
		case variable:
			n, name, ok := a.variable(uint64(at.n))
			switch {
			case ok:
				a.addCall(fn, pc, next, n)
			case name == "":
				a.addDynamic(fn, pc, next, fmt.Sprintf("the number is in a variable at %#x, of which nothing is known without a symbol table", at.n))
				a.dynamic[len(a.dynamic)-1].unnamed = true
			default:
				a.addDynamic(fn, pc, next, "the number is in "+name+", which the program may write")
			}
		case stackAddr:
			a.addDynamic(fn, pc, next, "the number is an address")
		default:
			a.need(need{fn, at}, next)
		}
	}
}

// isConstant reports whether v is one of some numbers.
func isConstant(v value) bool {
	return !v.unknown && !slices.ContainsFunc(v.atoms, func(a atom) bool { return a.kind != constant })
}

// need asks for the value at the entry of a function.
func (a *Analysis) need(n need, next *step) {
	if !a.known[n] {
		a.known[n] = true
		a.via[n] = &step{n.fn, next}
		a.needs = append(a.needs, n)
	}
}

// askCallers finds out what n can be.
func (a *Analysis) askCallers(n need) {
	fn := &a.program.Funcs[n.fn]
	way := a.via[n]
	if a.program.File.Header.Entry == fn.Addr {
		a.addDynamic(n.fn, fn.Addr, way.next, "the number is what the kernel started the program with")
	}
	if a.graph.inData[n.fn] {
		a.addDynamic(n.fn, fn.Addr, way.next, "the number is an argument, and data holds the address of the function")
	}
	for _, taker := range a.graph.takers[n.fn] {
		a.addDynamic(taker, a.program.Funcs[taker].Addr, way, "makes a function value of "+a.name(n.fn)+", whose argument is the number")
	}
	for _, holder := range a.graph.asConstant[n.fn] {
		a.addDynamic(holder, a.program.Funcs[holder].Addr, way, "holds the address of "+a.name(n.fn)+" as a number, and the argument of that is the number of a system call")
	}
	for _, e := range a.graph.callers[n.fn] {
		if e.inside {
			continue // interpreted as an entry where nothing is known
		}
		var s *state
		if e.pc == a.program.Funcs[e.caller].End() {
			if f := a.flow(e.caller); f != nil {
				s = f.at(e.pc)
			}
			if s == nil {
				continue // the end is not reached
			}
		} else {
			s = a.stateAt(e.caller, e.pc)
		}
		a.number(e.caller, e.pc, way, a.argument(s, n.loc, e))
	}
}

// argument returns the value that loc, in terms of the callee's entry, has at a call.
func (a *Analysis) argument(s *state, loc atom, e edge) value {
	if loc.kind == entryReg {
		return s.regs[loc.n]
	}
	sp, ok := s.regs[a.program.Arch.SP].only(stackAddr)
	if !ok {
		return anything
	}
	if !e.jump {
		sp -= a.program.Arch.CallPush
	}
	return s.slot(sp + loc.n)
}

func (a *Analysis) site(fn int, pc uint64, next *step) Site {
	s := Site{Function: a.name(fn), Address: fmt.Sprintf("%#x", pc)}
	for ; next != nil; next = next.next {
		s.Through = append(s.Through, a.name(next.fn))
	}
	return s
}

func (a *Analysis) addCall(fn int, pc uint64, next *step, n int64) {
	number := int64(uint32(n)) // what the kernel looks at
	a.calls[number] = append(a.calls[number], a.site(fn, pc, next))
}

func (a *Analysis) addDynamic(fn int, pc uint64, next *step, reason string) {
	a.dynamic = append(a.dynamic, Dynamic{Site: a.site(fn, pc, next), Reason: reason})
}

// report puts together what was found.
func (a *Analysis) report(name string) *Report {
	r := &Report{Schema: SchemaVersion, File: name, GOARCH: a.program.Arch.GOARCH, Calls: []Call{}, Dynamic: a.dynamic,
		symbols: a.hasSymbols()}
	for number, sites := range a.calls {
		r.Calls = append(r.Calls, Call{Name: a.table.Name(number), Number: number, Sites: sites})
	}
	a.addImplied(r)
	chains := a.chains()
	finish := func(s *Site) {
		if s.Chain = chains[s.Function]; s.Chain == nil {
			s.Chain = []string{s.Function} // bytes in no function
		}
	}
	byAddress := func(x, y Site) int {
		return cmp.Or(cmp.Compare(len(x.Address), len(y.Address)), cmp.Compare(x.Address, y.Address))
	}
	for i := range r.Calls {
		for j := range r.Calls[i].Sites {
			finish(&r.Calls[i].Sites[j])
		}
		slices.SortFunc(r.Calls[i].Sites, byAddress)
	}
	for i := range r.Dynamic {
		finish(&r.Dynamic[i].Site)
	}
	slices.SortFunc(r.Dynamic, func(x, y Dynamic) int { return cmp.Or(byAddress(x.Site, y.Site), cmp.Compare(x.Reason, y.Reason)) })
	slices.SortFunc(r.Calls, compareCalls)
	return r
}
