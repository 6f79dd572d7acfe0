package pcln

import (
	"fmt"
	"sort"
	"strings"

	"github.com/go3s/rules_go3s/internal/goabi"
)

// A Func is a function of a program of the tier External.
type Func struct {
	Index int
	Name  string // in the program before names were taken out
	Alias string // in the program as it is
	ID    uint8  // funcID, internal/abi/symtab.go
	Entry uint64 // text offset in bytes
	End   uint64
	Args  bool // tracebacks print arguments
}

// A Frame is a call at an instruction, inlined or not.
type Frame struct {
	Func      string // name of the function called
	ID        uint8  // its funcID
	File      string // "?" when not known, as the runtime has it
	Line      int
	StartLine int // line of the func keyword; 0 when not known
	Inlined   bool
}

// IsWrapper reports whether the function is one that the compiler made to call
// another one, which tracebacks leave out.
func (f *Frame) IsWrapper() bool { return f.ID == goabi.FuncIDWrapper }

// maxSharing is how often each byte of the names may be part of the name of a function. Names that end another one share its bytes.
const maxSharing = 16

// Functions returns all functions by ascending entry.
func (s *Symbols) Functions() ([]Func, error) {
	t := s.table
	n := namer{tag: s.Tag()}
	left := len(t.names) * maxSharing
	names := string(t.names) // that all names are parts of
	funcs := make([]Func, t.count)
	for i := range funcs {
		var r funcRecord
		if err := t.readFunc(i, &r); err != nil {
			return nil, err
		}
		name, _, ok := strings.Cut(names[min(uint64(r.name), uint64(len(names))):], "\x00")
		if !ok {
			return nil, t.errorf(0, "no function name ends after offset %#x of %#x", r.name, len(names))
		}
		if left -= len(name); left < 0 {
			return nil, t.errorf(0, "the names of the functions up to %d are %d times as long as all names together: the file is damaged", i, maxSharing)
		}
		if i > 0 && t.entry(i) < t.entry(i-1) {
			return nil, t.errorf(0, "function %d begins before the one before it", i)
		}
		args := false
		if r.funcdata[goabi.FuncDataArgInfo] != goabi.NoFuncData {
			info, err := t.data(&r, goabi.FuncDataArgInfo, 0, 0)
			if err != nil {
				return nil, err
			}
			args = len(info) > 1
		}
		funcs[i] = Func{i, name, n.next(name, r.id), r.id, t.entry(i), t.entry(i + 1), args}
	}
	return funcs, nil
}

// Frames returns the calls at byte off of function i: those inlined there, the
// innermost first, and the function itself.
func (s *Symbols) Frames(i int, off uint64) ([]Frame, error) {
	t := s.table
	if i < 0 || i >= t.count {
		return nil, fmt.Errorf("%s: there is no function %d of %d", t.f.Name, i, t.count)
	}
	var r funcRecord
	if err := t.readFunc(i, &r); err != nil {
		return nil, err
	}
	var list []Frame
	var passed chain
	hasTree := r.funcdata[goabi.FuncDataInlTree] != goabi.NoFuncData
	for hasTree {
		index, err := t.valueIn(r.pcdata[goabi.PCDataInlTree], r.size, off)
		if err != nil {
			return nil, err
		}
		if index < 0 || passed.again(index) {
			break
		}
		if len(list) == maxInlined {
			return nil, t.errorf(0, "function %d has more than %d calls inlined into each other", i, maxInlined)
		}
		call, err := t.inlinedCall(&r, index)
		if err != nil {
			return nil, err
		}
		name, err := t.name(call.name)
		if err != nil {
			return nil, err
		}
		f := Frame{Func: name, ID: call.id, StartLine: int(call.startLine), Inlined: true}
		if f.File, f.Line, err = t.fileLine(&r, off); err != nil {
			return nil, err
		}
		list = append(list, f)
		off = uint64(call.parent)
	}
	f := Frame{ID: r.id, StartLine: int(r.startLine)}
	var err error
	if f.Func, err = t.name(r.name); err != nil {
		return nil, err
	}
	if f.File, f.Line, err = t.fileLine(&r, off); err != nil {
		return nil, err
	}
	return append(list, f), nil
}

// fileLine returns the place in the source of byte off of the function of r
// (runtime/symtab.go, funcline1).
func (t *Table) fileLine(r *funcRecord, off uint64) (file string, line int, err error) {
	l, err := t.valueIn(r.line, toEnd, off)
	if err != nil {
		return "", 0, err
	}
	f, err := t.valueIn(r.file, toEnd, off)
	if err != nil {
		return "", 0, err
	}
	if l == -1 || f == -1 {
		return "?", 0, nil
	}
	if file, ok := t.file(r.cu, f); ok {
		return file, int(l), nil
	}
	return "?", int(l), nil
}

// FindOffset returns the function that the text offset is in.
func FindOffset(funcs []Func, off uint64) (*Func, bool) {
	i := sort.Search(len(funcs), func(i int) bool { return funcs[i].Entry > off }) - 1
	if i < 0 || off >= funcs[i].End {
		return nil, false
	}
	return &funcs[i], true
}

// Text returns the address of the text, in a PIE relative to where it is loaded.
func (s *Symbols) Text() uint64 { return s.header.Text }

// Instruction returns the size of the smallest instruction in bytes.
func (s *Symbols) Instruction() uint64 { return s.header.Instruction }

// IsInlined reports whether name is what a program of the tier External calls an
// inlined call that it knows of.
func IsInlined(name string) bool {
	return name == hiddenName || name == hiddenRuntimeName || isReflectMethod(name)
}

// TagOf returns the tag in a function's name, if it has one.
func TagOf(name string) (tag string, ok bool) {
	rest := strings.TrimLeft(name, "~")
	number, rest, ok := strings.Cut(rest, ".")
	if !ok || number == "" || strings.Trim(number, "0123456789abcdef") != "" {
		return "", false
	}
	if inner, isWrapper := strings.CutPrefix(rest, "(*"); isWrapper {
		if rest, ok = strings.CutSuffix(inner, ").m"); !ok {
			return "", false
		}
	}
	return rest, len(rest) == TagLength && strings.Trim(rest, "0123456789abcdef") == ""
}
