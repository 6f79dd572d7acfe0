package golink

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go3s/rules_go3s/internal/goobj"
	"github.com/go3s/rules_go3s/internal/parallel"
)

// A library is a package of the program.
type library struct {
	path        string
	file        string
	from        string // who imports it first, for messages
	fingerprint [8]byte
	imports     []*library
	units       []*object
	isMain      bool
}

// An object is an object file of a package.
type object struct {
	*goobj.Object
	lib      *library
	files    []string
	hashes   []nameHash // of the names from its NonPkgDefs on
	wrappers []uint32   // outlines of the names of its functions for assembly
	// contentText says that there are functions among its content-addressed symbols, which are half of all.
	contentText bool
	base        sym                // of its first symbol
	self        uint32             // how many symbols it has in PkgDefs
	newContents sym                // the first of the content-addressed symbols that no object before it has
	contents    []sym              // its content-addressed symbols
	named       []sym              // those that it defines or refers to by name
	refs        [numRefLists][]sym // the same, by what references call them
	pkgs        []numbers          // of the packages that its references count
	text        []sym              // its needed functions, in order
	dupText     []sym              // those that other packages may define, too, and changed ones
	// order of its file table in the function table, -1 for an object without functions there
	unit int
}

// Lists of symbols that references name by firstRefList and the numbers after it.
const (
	firstRefList = goobj.RefHashed
	numRefLists  = goobj.RefNone - firstRefList + 1
)

// numbers are those of the symbols that a package defines for others: n from base on.
type numbers struct {
	base sym
	n    uint32
}

// errTooMany ends the list of errors.
var errTooMany = errors.New("too many errors")

const maxErrors = 20

// errorf records an error; the link goes on to the end of the phase.
func (l *linker) errorf(format string, args ...any) { l.fail(fmt.Errorf(format, args...)) }

func (l *linker) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.errs) < maxErrors {
		l.errs = append(l.errs, err)
	} else if len(l.errs) == maxErrors {
		l.errs = append(l.errs, errTooMany)
	}
}

// failed returns the errors so far as one.
func (l *linker) failed() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return errors.Join(l.errs...)
}

// load opens the packages of the program: main, and what packages import. They are opened on all processors, and added in the order in
// which imports name them.
func (l *linker) load() {
	opened := l.openAll()
	l.addLibrary("main", l.cfg.Main, "the command line", [8]byte{})
	for n := 0; n < len(l.libs); n++ {
		lib := l.libs[n]
		o := opened[lib.path]
		if o.err != nil {
			l.errorf("package %s, imported by %s: %w", lib.path, lib.from, o.err)
		}
		l.read += int64(len(o.data))
		for _, m := range o.objects {
			l.addObject(lib, m)
		}
		if lib.path == "main" && !lib.isMain {
			l.errorf("%s: not package main", lib.file)
		}
		if n == len(l.libs)-1 && l.byPath["runtime"] == nil {
			file := l.cfg.Packages["runtime"]
			if file == "" {
				l.errorf("package runtime: no archive: every Go program needs it")
				return
			}
			l.addLibrary("runtime", file, "the linker", [8]byte{})
		}
	}
}

func (l *linker) addLibrary(path, file, from string, fingerprint [8]byte) *library {
	if lib := l.byPath[path]; lib != nil {
		return lib
	}
	lib := &library{path: path, file: file, from: from, fingerprint: fingerprint}
	l.byPath[path] = lib
	l.libs = append(l.libs, lib)
	return lib
}

// openAll opens the archives that imports lead to, by package path.
func (l *linker) openAll() map[string]*archive {
	return parallel.Walk([]string{"main", "runtime"}, func(path string) (a *archive, imports []string) {
		file := l.cfg.Packages[path]
		if path == "main" {
			file = l.cfg.Main
		}
		if file == "" { // addObject says who imports it
			return &archive{}, nil
		}
		a = l.cfg.Archives.open(file)
		for _, o := range a.objects {
			for _, i := range o.imports {
				imports = append(imports, i.Path)
			}
		}
		return a, imports
	})
}

// ErrUnsupported is about programs that Link refuses although there is nothing wrong with them: the SDK's linker can link them.
var ErrUnsupported = errors.New("this needs the SDK's linker")

// addObject adds an object of lib to the program, and the packages that it imports.
func (l *linker) addObject(lib *library, m openedObject) {
	if m.err != nil {
		l.fail(m.err)
		return
	}
	g, name := m.Object, m.Name
	if l.header == "" {
		l.header = g.Line
		if err := l.setTarget(g); err != nil {
			l.fail(err)
			return
		}
	}
	if g.Line != l.header {
		l.errorf("%s: compiled for %q, but package main for %q: want one release and one configuration for all packages of a program",
			name, g.Line, l.header)
	}
	for _, d := range g.Directives {
		// The runtime exports main for a C library's start-up code, which only an external linker puts before it.
		if len(d) == 0 || d[0] != "cgo_export_static" {
			l.errorf("%s: directive %q: %w", name, d, ErrUnsupported)
		}
	}
	if g.Flags&goobj.FlagUnlinkable != 0 {
		l.errorf("%s: compiled without -p: it cannot be linked", name)
	}
	if unknown := g.Flags &^ knownFlags; unknown != 0 {
		l.errorf("%s: flags %#x, which are not known: %w", name, uint32(unknown), ErrUnsupported)
	}
	o := &object{Object: g, lib: lib, files: m.files, unit: -1}
	lib.isMain = lib.isMain || g.Main
	prefix := pathToPrefix(lib.path)
	if l.byPrefix[prefix] == nil {
		l.byPrefix[prefix] = o
	}
	lib.units = append(lib.units, o)
	l.objs = append(l.objs, o)
	if g.Fingerprint != [8]byte{} {
		if lib.fingerprint == [8]byte{} {
			lib.fingerprint = g.Fingerprint
		}
		l.checkFingerprint(lib, g.Fingerprint, name)
	}
	for _, i := range m.imports {
		path := i.Path
		dep := l.byPath[path]
		if dep == nil {
			file := l.cfg.Packages[path]
			if file == "" {
				l.errorf("package %s, imported by %s: no archive", path, lib.path)
				continue
			}
			dep = l.addLibrary(path, file, lib.path, i.Fingerprint)
		} else if dep.fingerprint != [8]byte{} {
			l.checkFingerprint(dep, i.Fingerprint, lib.file)
		}
		lib.imports = append(lib.imports, dep)
	}
}

// knownFlags are the flags that objects may have (cmd/internal/goobj, ObjFlag…).
const knownFlags = goobj.FlagShared | goobj.FlagAssembly | goobj.FlagUnlinkable | goobj.FlagStd

func (l *linker) checkFingerprint(lib *library, fp [8]byte, where string) {
	if lib.fingerprint != fp {
		l.errorf("package %s: export data has fingerprint %x, but %s was compiled with %x: the archives are not of one build",
			lib.path, lib.fingerprint, where, fp)
	}
}

// pathToPrefix returns how names of symbols spell a package path (cmd/internal/objabi, PathToPrefix).
func pathToPrefix(path string) string {
	slash := strings.LastIndexByte(path, '/')
	escape := func(i int) bool {
		c := path[i]
		return c <= ' ' || c == '.' && i > slash || c == '%' || c == '"' || c >= 0x7f
	}
	if !slices.ContainsFunc([]byte(path), func(c byte) bool { return c <= ' ' || c == '.' || c == '%' || c == '"' || c >= 0x7f }) {
		return path
	}
	var b strings.Builder
	for i := range len(path) {
		if escape(i) {
			fmt.Fprintf(&b, "%%%02x", path[i])
		} else {
			b.WriteByte(path[i])
		}
	}
	return b.String()
}

// inDependencyOrder returns the packages so that each comes after what it imports.
func inDependencyOrder(libs []*library) ([]*library, error) {
	order := make([]*library, 0, len(libs))
	const visiting, visited = 1, 2
	state := make(map[*library]int, len(libs))
	type step struct {
		lib  *library
		next int
	}
	for _, root := range libs {
		if state[root] == visited {
			continue
		}
		state[root] = visiting
		for stack := []step{{root, 0}}; len(stack) > 0; {
			top := &stack[len(stack)-1]
			if top.next == len(top.lib.imports) {
				state[top.lib] = visited
				order = append(order, top.lib)
				stack = stack[:len(stack)-1]
				continue
			}
			dep := top.lib.imports[top.next]
			top.next++
			switch state[dep] {
			case visiting:
				return nil, fmt.Errorf("import cycle through package %s", dep.path)
			case 0:
				state[dep] = visiting
				stack = append(stack, step{dep, 0})
			}
		}
	}
	return order, nil
}
