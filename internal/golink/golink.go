// Package golink links a Go program from the archives that the compiler wrote. It makes the file that the SDK's linker makes, byte for
// byte, a program or an object for an external linker: that is its specification, and how it is tested. What it was not taught, it
// refuses by name: C code, coverage counters, a GOEXPERIMENT, and releases of other series.
//
// # Phases
//
// The order is given by what needs what.
//
//	load             open the archives that imports lead to, from main on
//	loadNames        number all symbols, merge definitions of the same (names.go)
//	initTasks        order the initialization of packages: it is data, and what it refers to is needed (inittask.go)
//	reach            find what the program needs (reach.go); everything after this looks at that alone
//	renumber         give that new numbers (renumber.go)
//	setUp, setStrings  give variables that the linker sets their contents: what is needed decides which
//	orderText        order functions (text.go)
//	checkStack, findTypeLinks  check that functions without a stack check have room (stack.go); beside that, sort types by name (setup.go)
//	layoutText       give functions their addresses (text.go, jumps.go): the tables of functions are by address
//	typeLinks, buildInfo   make data that refers to symbols
//	makeFuncTable    find the sizes of the tables of functions (pclncollect.go, pclntab.go)
//	makeGroups, makeModule, layoutData  sort data by kind and size, and lay it out (data.go): writable data first, since
//	                 the garbage collector's description of it is read-only data (gcprog.go)
//	assignAddresses  give sections and symbols their addresses
//	write            fill the file: contents, relocations, tables; then the FIPS 140 sum, which is of what was filled in
//	writeObject      in its place, for an object (object.go)
//	toProgram, writeProgram  in the place of the last three, where package link decides about addresses (program.go)
//
// A symbol that the linker makes has a number, too, and numbers break ties: so symbols are made in the order of cmd/link even where nothing
// else asks for it.
//
// # Hostile input
//
// Package goobj checks what says where something is in an object. References between symbols are checked where they are followed
// ([linker.resolve]), contents that the linker interprets where it reads them. An error does not end a phase: the link continues without
// what is wrong, to the end of the phase, and then reports up to 20 errors.
//
// # Debugging
//
// TestIdentity names the first symbol in each section that differs from cmd/link's file. When it is one of the same size as its neighbour,
// look for symbols that are numbered in another order; when all after it is moved, for one that only one of the linkers has.
package golink

import (
	"cmp"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/go3s/rules_go3s/internal/goobj"
	"github.com/go3s/rules_go3s/internal/parallel"
)

// A Config says what to link.
type Config struct {
	Main     string            // archive of package main
	Packages map[string]string // archives of the other packages, by package path
	GOROOT   string            // the program's runtime.GOROOT(); "" for none
	// XDefs set string variables: pairs of "importpath.name" and value. For one name the last one counts.
	XDefs [][2]string
	// ModInfo is the build information, as debug.ReadBuildInfo and go version -m show it.
	ModInfo string
	BuildID string // Go build ID; "" for none
	// FuncAlign is the alignment of functions in bytes, one that IsFuncAlign takes; 0 for the machine's.
	FuncAlign int
	// PIE makes an object for a position-independent program. Link does not take it.
	PIE bool
	// Archives are files that are open already; who gives them closes them. Without it, Link opens and closes what it reads.
	Archives *Archives
}

// IsFuncAlign reports whether functions can be aligned to n bytes.
func IsFuncAlign(n int) bool { return n >= 1 && n <= maxFuncAlign && n&(n-1) == 0 }

const maxFuncAlign = 4096

// An Image is a linked program.
type Image struct {
	File []byte
}

// linker is the state of a link.
type linker struct {
	cfg       Config
	object    bool // for an external linker, not a program
	program   bool // what an object would have, for package link
	arch      *machine
	funcAlign uint64
	symFlags  goobj.SymFlags
	release   *release
	header    string // line that each object begins with
	version   string // Go release

	libs     []*library
	byPath   map[string]*library
	byPrefix map[string]*object // the first object of a package, by the path as symbols spell it
	objs     []*object          // the first is unused
	pool     pool
	warmed   atomic.Uint32 // written only: see warm
	read     int64         // bytes of all archives

	defs           []def
	owns           []*own // the first ones are what symbols 0 and 1 are
	kinds          []kind
	attrs          []uint8
	aligns         []uint8  // logarithm of the alignment plus one, 0 for none
	sizes          []uint32 // in bytes, of those that an object defines
	ifaces         bitSet   // types that are used as interfaces, as far as that is known
	firstUndefined sym      // the first of those that no object defines: references to nothing, and what the linker makes
	needed         bitSet   // from reach to renumber
	varTypes       bitSet   // of variables with pointers; as long
	kept           keptSet  // by the numbers before renumber; nil until then
	values         []uint64 // address
	sections       []uint8
	names          *nameTable
	builtins       []sym

	pulledVars []pulledVar
	sizeFixups []sizeFixup
	strings    map[string]string // values of string variables
	dupPkg     map[sym]*library  // packages of functions that are laid out with another package than the one that defines them

	jumps map[jumpKey]sym

	numReached, numRelocs int   // at least as many as symbols that are needed, and as their relocations
	linked                []sym // needed types that reflection finds by name, and interface tables
	types                 []typeLink
	itabs                 []sym

	mainTasks sym
	module    sym
	typeWords [3]int // offsets in the module data of what sortTypes fills in
	text      []sym
	buckets   [numKinds][]sym
	groups    [numKinds]sym // symbols that relocations in an object name in the place of those of a kind
	fips      [8]sym
	fipsInfo  sym
	tab       *funcTable
	sect      [numSections]section
	segs      [numSegments]segment

	mu   sync.Mutex
	errs []error
}

// Link links a program.
func Link(cfg Config) (*Image, error) {
	l := newLinker(cfg)
	file, err := l.run(l.link)
	if err != nil {
		return nil, err
	}
	return &Image{File: file}, nil
}

// Object returns the relocatable object that cmd/link makes for an external linker, without debugging information.
func Object(cfg Config) ([]byte, error) {
	l := newLinker(cfg)
	l.object = true
	return l.run(l.link)
}

// run runs link, and ends the use of the archives and of memory.
func (l *linker) run(link func() ([]byte, error)) (file []byte, err error) {
	if l.cfg.Archives == nil {
		l.cfg.Archives = &Archives{}
		defer l.cfg.Archives.Close()
	}
	defer l.pool.end()
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		switch r := recover().(type) {
		case nil:
		case interface{ Addr() uintptr }: // a mapped file ends before the page
			file, err = nil, errors.New("an archive was cut off while it was linked")
		default:
			panic(r)
		}
	}()
	return link()
}

func newLinker(cfg Config) *linker {
	return &linker{
		cfg: cfg, byPath: map[string]*library{}, byPrefix: map[string]*object{}, objs: []*object{nil},
		owns: []*own{noSym: {}, notNeeded: {name: "a symbol that is not needed"}}, dupPkg: map[sym]*library{},
	}
}

// maxBuildID bounds a build ID in bytes: it is in the first page of the file.
const maxBuildID = 1024

// link returns the program, or the object.
func (l *linker) link() ([]byte, error) {
	if err := l.layOut(); err != nil {
		return nil, err
	}
	l.assignAddresses()
	file := l.write
	if l.object {
		file = l.writeObject
	}
	data := file()
	if err := l.failed(); err != nil {
		return nil, err
	}
	return data, nil
}

// layOut does all that can be done before sections have addresses.
func (l *linker) layOut() error {
	if l.cfg.PIE && !l.object {
		return fmt.Errorf("a position-independent program: %w", ErrUnsupported)
	}
	if n := l.cfg.FuncAlign; n != 0 && !IsFuncAlign(n) {
		return fmt.Errorf("functions aligned to %d bytes, want a power of two up to %d", n, maxFuncAlign)
	}
	if n := len(l.cfg.BuildID); n > maxBuildID {
		return fmt.Errorf("build ID of %d bytes, want at most %d", n, maxBuildID)
	}
	for _, phase := range []func(){
		l.load,
		l.loadNames,
		l.loadFIPS,
		l.initTasks,
		l.reach,
		l.renumber,
		l.setUp,
		l.orderText,
		l.setStrings,
		func() { parallel.Do([]func(){l.checkStack, l.findTypeLinks}) },
		l.layoutText,
		l.typeLinks,
		l.buildInfo,
		l.makeFuncTable,
		l.makeGroups,
		l.makeModule,
		l.layoutData,
	} {
		phase()
		if err := l.failed(); err != nil {
			return err
		}
	}
	return nil
}

// setTarget derives machine and release from the first object.
func (l *linker) setTarget(o *goobj.Object) error {
	if l.arch = machines[o.GOARCH]; l.arch == nil || o.GOOS != "linux" {
		return fmt.Errorf("%s: compiled for %s/%s: %w", o.Name, o.GOOS, o.GOARCH, ErrUnsupported)
	}
	l.funcAlign = cmp.Or(uint64(l.cfg.FuncAlign), l.arch.funcAlign)
	r, err := releaseOf(o)
	if err != nil {
		return fmt.Errorf("%s: %w", o.Name, err)
	}
	l.release, l.version = r, o.Version
	l.symFlags = r.symFlags()
	l.builtins = make([]sym, len(r.builtins))
	return nil
}
