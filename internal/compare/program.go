package compare

import (
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

	std       *Std
	build     *debug.BuildInfo
	funcs     map[string]*function
	files     map[string]bool            // package/file of all functions
	constants []byte                     // code and data in which constants of instructions are
	searched  map[string]bool            // what was looked for in constants, and whether it was found
	parts     map[uint64]bool            // constants that instructions put together
	text      *text                      // nil without Symbols
	data      map[string][]datum         // by name
	neutral   map[string]string          // contents without the name of the architecture
	embedded  map[string]string          // what is in an embedded file, by its name
	sections  map[string]string          // what is in a section that is not Go's, by its name
	relocs    map[string]int             // how many there are of a class
	pointers  map[string]map[string]bool // functions that data point to, by the name of data
	temps     map[string][]byte          // what the compiler copies into variables, by how it is shown; see maxTemp
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

	summed map[[16]byte]embeddedFile // what looks like an embedded file, by address and length
	toSum  int                       // how many bytes of such may follow
}

// usedIn is between an inlined function and the one that it is inlined into.
const usedIn = " in "

// A dataRef says that user refers to an address in data.
type dataRef struct {
	addr uint64
	user string
}

// Read takes apart the Go executable f. The Program shares no memory with it. name is
// for messages, std what is known of the standard library. The error says what
// the file lacks; it wraps gobin.ErrNotGo when that is Go's own tables.
func Read(name string, f *goelf.File, std *Std) (*Program, error) {
	r := &reader{f: f, rename: map[string]string{}, relocated: map[uint64]bool{}, Program: &Program{
		Name: name, GOARCH: f.GOARCH(), std: std, funcs: map[string]*function{}, files: map[string]bool{},
		data: map[string][]datum{}, neutral: map[string]string{}, embedded: map[string]string{}, sections: map[string]string{},
		relocs: map[string]int{}, parts: map[uint64]bool{},
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
	for _, step := range []func() error{r.readFuncs, r.readFuncValues, r.readCode, r.readRelocations, r.readData, r.readEmbedded,
		r.readSections} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	for _, fn := range r.funcs {
		r.files[gobin.PackageOf(fn.name)+"/"+fn.file] = true
	}
	return r.Program, nil
}

// readFuncs names all functions.
func (r *reader) readFuncs() error {
	g, err := gobin.ReadGoFunc(r.f) // without it, no inlined calls are known
	if err != nil {
		return err
	}
	gofunc, err := r.f.Bytes(g.Addr, g.Size)
	if err != nil {
		return err
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
			fn.stdFile = r.std.stdPath(info.File)
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
