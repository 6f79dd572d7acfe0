package link

import (
	"maps"
	"slices"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/goabi"
)

// checkModule checks that the module data has the layout of the release's series: cmd/link leaves a relocation for every member that
// is an address, against a symbol that says what it is.
func (o *object) checkModule() error {
	i := slices.IndexFunc(o.sections, func(in inSection) bool { return in.Section != nil && in.Str == goabi.ModuleInfo })
	in, module := &o.sections[i], &o.series.Module
	if in.Size != module.Size {
		return o.errorf(in.Off, "section %s has %d bytes, want the %d of moduledata in %s: this release has another layout", in.Str, in.Size, module.Size, o.series.Name)
	}
	symbols := map[uint64]string{}
	for b := in.relas; len(b) >= goelf.RelaSize; b = b[goelf.RelaSize:] {
		r := readRela(b)
		if int64(r.sym) >= int64(o.symbols()) {
			return o.errorf(in.Off, "section %s: the relocation at %#x refers to symbol %d of %d", in.Str, r.off, r.sym, o.symbols())
		}
		symbols[r.off] = o.str(o.symbol(r.sym).name)
	}
	want := module.Symbols()
	for _, off := range slices.Sorted(maps.Keys(want)) {
		if got := symbols[off]; got != want[off] {
			return o.errorf(in.Off+off, "moduledata has the address of %q at offset %d, want %s as in %s: this release has another layout", got, off, want[off], o.series.Name)
		}
	}
	return nil
}
