package policy

import (
	"debug/elf"
	"runtime/debug"
	"sync"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/gobin"
)

// An Input is a file together with what it is expected to be. The Go tables of
// the file are read once, when the first rule asks for them.
type Input struct {
	File *goelf.File
	Settings
	packed bool // it is a packed file, in which the tables of Go are compressed

	buildInfo func() (*debug.BuildInfo, error)
	funcs     func() (*gobin.FuncTable, error)
	module    func() (*gobin.Module, error)
	packages  func() (*packageSet, error)
	noNames   func() string // why the packages cannot be told, "" when they can
	// runtimeData is what the runtime's own code refers to.
	runtimeData func() (*runtimeData, error)
	original    func() (*Input, error) // what a packed file unpacks to
	unpacked    *goelf.File            // the file of original; nil before that is asked for
}

// NewInput returns an Input for f.
func NewInput(f *goelf.File) *Input {
	in := &Input{File: f}
	in.buildInfo = sync.OnceValues(func() (*debug.BuildInfo, error) { return gobin.ReadBuildInfo(f) })
	in.funcs = sync.OnceValues(func() (*gobin.FuncTable, error) {
		t, err := gobin.ReadFuncTable(f)
		if err == nil && in.Symbols != nil {
			return in.Symbols.FuncTable(f, t)
		}
		return t, err
	})
	in.module = sync.OnceValues(func() (*gobin.Module, error) {
		t, err := in.funcs()
		if err != nil {
			return nil, err
		}
		return gobin.ReadModule(f, t)
	})
	in.packages = sync.OnceValues(func() (*packageSet, error) {
		t, err := in.funcs()
		if err != nil {
			return nil, err
		}
		return newPackageSet(t), nil
	})
	in.noNames = sync.OnceValue(func() string { return readNames(in) })
	in.runtimeData = sync.OnceValues(func() (*runtimeData, error) { return readRuntimeData(in) })
	in.original = sync.OnceValues(func() (*Input, error) { return unpack(in) })
	return in
}

// close ends the use of what a packed file unpacks to.
func (in *Input) close() {
	if in.unpacked != nil {
		in.unpacked.Close()
	}
}

// reason returns the text of an error about the file without the file's path, which
// a report must not depend on.
func (in *Input) reason(err error) string {
	return goelf.Reason(in.File, err)
}

// segments returns the program headers of type t.
func segments(f *goelf.File, t elf.ProgType) []*elf.Prog64 {
	var out []*elf.Prog64
	for i := range f.Progs {
		if elf.ProgType(f.Progs[i].Type) == t {
			out = append(out, &f.Progs[i])
		}
	}
	return out
}

// sectionAt returns the name of the SHF_ALLOC section that addr is in, "" when
// there is none.
func sectionAt(f *goelf.File, addr uint64) string {
	for i := range f.Sections {
		s := &f.Sections[i]
		if elf.SectionFlag(s.Flags)&elf.SHF_ALLOC != 0 && addr >= s.Addr && addr-s.Addr < s.Size {
			return s.Str
		}
	}
	return ""
}
