package policy

// # golink's entry code
//
// golink puts a few instructions after Go's text that the program begins with: they
// hand over to the runtime and, in a static PIE, first apply the relocations and
// make them read-only by mprotect, where they are many after a change to huge pages
// (internal/arch/*/entry_exe.s, entry_pie.s and entry_huge.s).
// Go's tables do not know of that code, so it is recognised by comparing it with
// the code that golink uses, byte by byte but for the places that the linker fills
// in. Those must not add a system call.

import (
	"debug/elf"
	"slices"

	"github.com/go3s/rules_go3s/internal/arch"
	"github.com/go3s/rules_go3s/internal/arch/all"
	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/gobin"
)

// entryStub returns the addresses of golink's entry code, an empty range when the
// program begins with something else.
func entryStub(f *goelf.File) gobin.Range {
	stub := entryStubOf(f)
	return gobin.Range{Start: f.Header.Entry, End: f.Header.Entry + uint64(len(stub.Code))}
}

// entryStubOf returns which of golink's entry codes the program begins with, one
// without code when it is none.
func entryStubOf(f *goelf.File) arch.Stub {
	a := all.Of(f.GOARCH())
	if a == nil {
		return arch.Stub{}
	}
	stubs := []arch.Stub{a.EntryExe}
	if elf.Type(f.Header.Type) == elf.ET_DYN {
		stubs = []arch.Stub{a.EntryPIE, a.EntryPIEHuge()}
	}
	scan := syscallScanners[f.GOARCH()].scan
	for _, stub := range stubs {
		code, err := f.Bytes(f.Header.Entry, uint64(len(stub.Code)))
		if err == nil && a.Is(stub, code) && slices.Equal(scan(code), scan(stub.Code)) {
			return stub
		}
	}
	return arch.Stub{}
}
