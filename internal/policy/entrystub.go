package policy

// # golink's entry code
//
// golink puts a few instructions behind Go's text that the program begins with: they
// hand over to the runtime and, in a static PIE, first apply the relocations and
// make them read-only by mprotect (internal/arch/*/entry_exe.s and entry_pie.s).
// Go's tables do not know of that code, so it is recognised by comparing it with
// the code that golink uses, byte by byte but for the places that the linker fills
// in. Those must not add a system call.

import (
	"bytes"
	"debug/elf"
	"slices"

	"github.com/go3s/rules_go3s/internal/arch"
	"github.com/go3s/rules_go3s/internal/arch/amd64"
	"github.com/go3s/rules_go3s/internal/arch/arm64"
	"github.com/go3s/rules_go3s/internal/arch/riscv64"
	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/gobin"
)

var arches = map[string]*arch.Arch{"amd64": amd64.Arch, "arm64": arm64.Arch, "riscv64": riscv64.Arch}

// entryStub returns the addresses of golink's entry code, an empty range when the
// program begins with something else.
func entryStub(f *goelf.File) gobin.Range {
	a, entry := arches[f.GOARCH()], f.Header.Entry
	stub := a.EntryExe
	if elf.Type(f.Header.Type) == elf.ET_DYN {
		stub = a.EntryPIE
	}
	code, err := f.Bytes(entry, uint64(len(stub.Code)))
	if err != nil {
		return gobin.Range{}
	}
	scan := syscallScanners[f.GOARCH()].scan
	if !bytes.Equal(blank(a, stub, code), blank(a, stub, stub.Code)) || !slices.Equal(scan(code), scan(stub.Code)) {
		return gobin.Range{}
	}
	return gobin.Range{Start: entry, End: entry + uint64(len(code))}
}

// blank returns a copy of code in which the places that stub's relocations fill
// in are zero.
func blank(a *arch.Arch, stub arch.Stub, code []byte) []byte {
	code = slices.Clone(code)
	for _, r := range stub.Relocs {
		field := a.Relocs[r.Type]
		clear(code[r.Off-field.Back : r.Off+field.Size])
	}
	return code
}
