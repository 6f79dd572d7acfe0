package link

import (
	"fmt"

	"github.com/go3s/rules_go3s/internal/arch"
)

// Stub links the object o into code that can be put anywhere: references to
// symbols that o does not define remain, as relocations.
func Stub(o Object) (arch.Stub, error) {
	a := archOf(o.GOARCH)
	if a == nil {
		return arch.Stub{}, fmt.Errorf("%s: architecture %s: want amd64, arm64 or riscv64", o.Name, o.GOARCH)
	}
	l := &asmLinker{arch: a, objs: []Object{o}, globals: map[string]symRef{}, addr: map[symRef]uint64{}}
	if err := l.collect(); err != nil {
		return arch.Stub{}, err
	}
	if _, err := l.reach(startSymbol); err != nil {
		return arch.Stub{}, err
	}
	l.layout(0)
	relocs, err := l.lower(0)
	if err != nil {
		return arch.Stub{}, err
	}
	return arch.Stub{Code: l.image, Relocs: relocs}, nil
}
