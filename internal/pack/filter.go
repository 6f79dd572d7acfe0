package pack

import (
	"debug/elf"

	"github.com/go3s/rules_go3s/internal/pack/unpacker"
)

// A filter is an unpacker's filter with its list.
type filter struct {
	unpacker.Filter
	list []byte
}

// filter returns the image as it is to be compressed, and how to restore it.
func (m *image) filter() ([]byte, []filter) {
	var filters []filter
	out := m.bytes()
	if f, ok := m.filterFuncTable(out); ok {
		filters = append(filters, f)
	}
	for i, s := range m.segments {
		if s.Prot&protExec == 0 {
			continue
		}
		end := uint64(len(out))
		if i+1 < len(m.segments) {
			end = min(end, m.segments[i+1].Start)
		}
		if s.Start >= end {
			continue
		}
		code := out[s.Start:end]
		for _, k := range siteKinds[elf.Machine(m.f.Header.Machine)] {
			sites := frequent(k.find(code, uint32(s.Start)), k.size)
			if len(sites) == 0 {
				continue
			}
			for _, site := range sites {
				k.add(code[site.at:], uint32(site.at))
			}
			list := k.list(sites)
			filters = append(filters, filter{unpacker.Filter{Kind: k.filter, Start: s.Start, Size: end - s.Start, ListSize: uint64(len(list))},
				list})
		}
	}
	return out, filters
}
