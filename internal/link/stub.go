package link

import (
	"bytes"
	"fmt"

	"github.com/go3s/rules_go3s/internal/arch"
	"github.com/go3s/rules_go3s/internal/arch/all"
)

// Stub links objects, one or more, into code that can be put anywhere and begins
// with the symbol _start: references to symbols that no object defines remain, as
// relocations.
func Stub(objs ...Object) (arch.Stub, error) {
	a := all.Of(objs[0].GOARCH)
	if a == nil {
		return arch.Stub{}, fmt.Errorf("%s: architecture %s: want amd64, arm64 or riscv64", objs[0].Name, objs[0].GOARCH)
	}
	l := &asmLinker{arch: a, objs: objs, globals: map[string]symRef{}, addr: map[symRef]uint64{}}
	if err := l.collect(); err != nil {
		return arch.Stub{}, err
	}
	if _, err := l.reach(startSymbol); err != nil {
		return arch.Stub{}, err
	}
	if err := l.layout(0); err != nil {
		return arch.Stub{}, err
	}
	relocs, err := l.lower(0)
	if err != nil {
		return arch.Stub{}, err
	}
	return arch.Stub{Code: l.image, Relocs: relocs}, nil
}

// Place returns the code of s for the address addr. resolve gives the addresses of
// the symbols that s refers to.
func Place(a *arch.Arch, s arch.Stub, addr uint64, resolve func(name string) (uint64, bool)) ([]byte, error) {
	code := bytes.Clone(s.Code)
	if err := applyStub(a, code, addr, s.Relocs, resolve); err != nil {
		return nil, err
	}
	return code, nil
}
