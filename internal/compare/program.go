package compare

import (
	"debug/elf"
	"encoding/binary"
	"fmt"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/go3s/rules_go3s/internal/disasm"
	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/gobin"
)

// systemCall is what a function calls that enters the kernel.
const systemCall = "(system call)"

// A Program is what Compare compares of one file.
type Program struct {
	Name   string // as findings show it
	GOARCH string

	// Symbols says whether the file has a symbol table with Go's data: without it,
	// strings and data are not compared.
	Symbols bool

	build     *debug.BuildInfo
	funcs     map[string]*function
	files     map[string]bool            // package/file of all functions
	constants []byte                     // code and data in which constants of instructions are
	searched  map[string]bool            // what was looked for in constants, and whether it was found
	parts     map[uint64]bool            // constants that instructions put together
	text      *text                      // nil without Symbols
	data      map[string][]string        // contents by name
	neutral   map[string]string          // contents without the name of the architecture
	embedded  map[string]string          // what is in an embedded file, by its name
	sections  map[string]string          // what is in a section that is not Go's, by its name
	relocs    map[string]int             // how many there are of a class
	pointers  map[string]map[string]bool // functions that data point to, by the name of data
	temps     map[string][]byte          // contents of the compiler's data, by how they are shown
}

// A function is one of a Program's functions, whether it has code of its own or
// was inlined wherever it is called.
type function struct {
	name     string
	file     string // base name of its source
	line     int
	stdFile  string          // the source as the standard library's table names it, "" for others
	alone    bool            // has code of its own
	refs     map[string]use  // functions that it calls, inlines or takes the address of
	users    map[string]bool // functions that do that to it
	vars     map[string]bool // variables and constants that it refers to, by symbol; not for the standard library
	indirect bool            // calls what a variable or an interface holds
}

// A use says how a function refers to another.
type use uint8

const (
	called    use = 1 << iota // by a call or jump
	inlined                   // its body is part of the function's code
	active                    // inlined, and the body refers to something
	addressed                 // by its address, as a function value
)

// reader collects a Program.
type reader struct {
	*Program
	disasm *disasm.Program
	f      *goelf.File
	table  *gobin.FuncTable
	mod    *gobin.Module
	names  []string // of table's functions, as this package has them
	infos  []gobin.FuncInfo
	rename map[string]string // from link names to those of this package, where they differ

	funcValues gobin.Range     // see readFuncValues
	relocated  map[uint64]bool // addresses of the words that are relocated at start
	uses       []dataRef       // of data by code
}

// usedIn stands between an inlined function and the one that it is inlined into.
const usedIn = " in "

// A dataRef says that user refers to an address in data.
type dataRef struct {
	addr uint64
	user string
}

// Read takes apart the Go executable f. The Program shares no memory with it. name is
// for messages. The error says what
// the file lacks; it wraps gobin.ErrNotGo when that is Go's own tables.
func Read(name string, f *goelf.File) (*Program, error) {
	r := &reader{f: f, rename: map[string]string{}, relocated: map[uint64]bool{}, Program: &Program{
		Name: name, GOARCH: f.GOARCH(), funcs: map[string]*function{}, files: map[string]bool{},
		data: map[string][]string{}, neutral: map[string]string{}, embedded: map[string]string{}, sections: map[string]string{}, relocs: map[string]int{}, parts: map[uint64]bool{},
		pointers: map[string]map[string]bool{}, temps: map[string][]byte{}, searched: map[string]bool{},
	}}
	var err error
	if len(f.Sections) == 0 {
		return nil, fmt.Errorf("%s: the file has no section headers: compare it before they are removed", f.Name)
	}
	if r.build, err = gobin.ReadBuildInfo(f); err != nil {
		return nil, err
	}
	if r.disasm, err = disasm.Open(f); err != nil {
		return nil, err
	}
	if r.table, r.mod = r.disasm.Table, r.disasm.Module; r.table == nil {
		return nil, fmt.Errorf("%s: no Go function table: %w", f.Name, gobin.ErrNotGo)
	}
	for _, step := range []func() error{r.readFuncs, r.readFuncValues, r.readCode, r.readRelocations, r.readData, r.readEmbedded, r.readSections} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	for _, fn := range r.funcs {
		r.files[packageOf(fn.name)+"/"+fn.file] = true
	}
	return r.Program, nil
}

// readFuncs names all functions.
func (r *reader) readFuncs() error {
	var gofunc []byte // without it, no inlined calls are known
	if g, err := gobin.ReadGoFunc(r.f); err == nil {
		gofunc, _ = r.f.Bytes(g.Addr, g.Size)
	}
	n := r.table.Len()
	r.names, r.infos = make([]string, n), make([]gobin.FuncInfo, n)
	for i := range n {
		r.names[i] = plainName(r.table.At(i).Name)
		r.infos[i] = r.table.Info(i, gofunc)
		if before, number, _, ok := counted(r.names[i]); ok {
			// Closures come with the place of the function that they are in, which
			// the first of them gives when there is no code of its own.
			key := before + number
			place := r.place(i)
			if strings.HasPrefix(number, "func") {
				place = "func" + place // no init function
			}
			if r.rename[key] == "" || r.names[i] == key {
				r.rename[key] = before + place
			}
		}
	}
	for i, name := range r.names {
		r.names[i] = r.rewrite(name)
		if name == "" || isTrampoline(r.table.At(i).Name) {
			continue
		}
		fn := r.fn(r.names[i])
		// An assembler function and its wrapper have the same name: the wrapper is
		// of no interest.
		if info := &r.infos[i]; !fn.alone || !info.Wrapper {
			fn.file, fn.line, fn.alone = base(info.File), info.Line, true
			fn.stdFile = std().stdPath(info.File)
		}
	}
	return nil
}

// place says where function i is in the sources.
func (r *reader) place(i int) string {
	info := &r.infos[i]
	if info.File == "" {
		return "#"
	}
	return "(" + base(info.File) + ":" + strconv.Itoa(info.Line) + ")"
}

// rewrite replaces the count in a name.
func (r *reader) rewrite(name string) string {
	if before, number, after, ok := counted(name); ok {
		if to := r.rename[before+number]; to != "" {
			return to + after
		}
		return before + "#" + after
	}
	return name
}

// fn returns the function with that name and makes it when there is none.
func (r *reader) fn(name string) *function {
	fn := r.funcs[name]
	if fn == nil {
		fn = &function{name: name, refs: map[string]use{}, users: map[string]bool{}}
		r.funcs[name] = fn
	}
	return fn
}

// link notes that from refers to to.
func (r *reader) link(from, to string, how use) {
	// "go:" functions are marks of the linker.
	if from == to || from == "" || to == "" || strings.HasPrefix(to, "go:") {
		return
	}
	r.fn(from).refs[to] |= how
	if to != systemCall {
		r.fn(to).users[from] = true
	}
}

// readCode finds what functions refer to. A reference inside an inlined call is
// the inlined function's.
func (r *reader) readCode() error {
	text := r.mod.Text.Start
	for i := range r.disasm.Funcs {
		code := &r.disasm.Funcs[i]
		n, ok := r.table.Find(code.Addr - text)
		if !ok || !code.Go || isTrampoline(code.Name) {
			continue
		}
		info := &r.infos[n]
		callers := make([]string, len(info.Inlined)+1)
		callers[0] = r.names[n]
		busy := make([]bool, len(callers)) // whether it refers to something
		for c, in := range info.Inlined {
			name := r.rewrite(plainName(in.Name))
			callers[c+1] = name
			if f := r.fn(name); f.file == "" {
				f.file, f.stdFile = base(in.File), std().stdPath(in.File)
			}
		}
		// Data are used by the inlined function and by those around it.
		around := func(c int) string {
			out := callers[c]
			for c > 0 {
				c = info.Inlined[c-1].Parent + 1
				out += usedIn + callers[c]
			}
			return out
		}
		r.constants = append(r.constants, code.Code...)
		var immediates builder
		for x := range r.disasm.Insts(code) {
			if r.GOARCH == "arm64" && x.Flow == disasm.Next {
				immediates.step(r.disasm.Arch, code.Code[x.PC-code.Addr:], x.PC, r.parts)
			}
			if x.Flow == disasm.Next && x.Ref == 0 {
				continue
			}
			at := info.CallAt(x.PC-text) + 1
			caller, to := callers[at], ""
			switch x.Flow {
			case disasm.Syscall, disasm.Syscall32:
				to = systemCall
				r.link(caller, to, called)
			case disasm.Call, disasm.Jump, disasm.Branch:
				if x.Taken {
					r.fn(caller).indirect = true // as on amd64, where no register is followed
				} else if x.Target < code.Addr || x.Target >= code.End() {
					to = r.funcAt(x.Target, false)
					r.link(caller, to, called)
				}
			case disasm.CallIndirect:
				r.fn(caller).indirect = true
			}
			if x.Ref != 0 {
				to = r.dataAt(caller, x.Ref)
				r.uses = append(r.uses, dataRef{x.Ref, around(at)})
			}
			if rule, _ := std().explainName(to); to != "" && rule == "" {
				busy[at] = true
			}
		}
		for c := len(info.Inlined) - 1; c >= 0; c-- {
			parent, how := info.Inlined[c].Parent+1, inlined
			if busy[c+1] {
				busy[parent] = true
				how |= active
			}
			r.link(callers[parent], callers[c+1], how)
		}
	}
	return nil
}

// dataAt notes that user refers to the data at addr, and returns the function that
// this means, if any.
func (r *reader) dataAt(user string, addr uint64) string {
	to := r.funcAt(addr, true)
	// A function value is the address of a word that holds the entry.
	if to == "" && r.funcValues.Start <= addr && addr < r.funcValues.End {
		if b, err := r.f.Bytes(addr, 8); err == nil {
			to = r.funcAt(binary.LittleEndian.Uint64(b), true)
		}
	}
	r.link(user, to, addressed)
	return to
}

// readFuncValues finds the words that function values without variables are the
// addresses of (go:funcdesc): the longest row of entries outside of code. Other
// words with entries, in interface tables and dictionaries of generic code, are
// known in code by chance only.
func (r *reader) readFuncValues() error {
	for i := range r.f.Sections {
		s := &r.f.Sections[i]
		if flags := elf.SectionFlag(s.Flags); flags&elf.SHF_ALLOC == 0 || flags&elf.SHF_EXECINSTR != 0 {
			continue
		}
		b, err := r.f.SectionData(s)
		if err != nil {
			return err
		}
		row := gobin.Range{}
		for at := -s.Addr & 7; at+8 <= uint64(len(b)); at += 8 {
			if r.funcAt(binary.LittleEndian.Uint64(b[at:]), true) == "" {
				row = gobin.Range{}
				continue
			}
			if row.End == 0 {
				row.Start = s.Addr + at
			}
			row.End = s.Addr + at + 8
			if row.End-row.Start > r.funcValues.End-r.funcValues.Start {
				r.funcValues = row
			}
		}
	}
	return nil
}

// funcAt returns the name of the function that the address is in, or, when entry
// is set, at the start of.
func (r *reader) funcAt(addr uint64, entry bool) string {
	off := addr - r.mod.Text.Start
	i, ok := r.table.Find(off)
	if !ok || entry && r.table.At(i).Entry != off {
		return ""
	}
	return r.names[i]
}
