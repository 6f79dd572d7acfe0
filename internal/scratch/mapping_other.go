//go:build !linux

package scratch

import goelf "github.com/go3s/rules_go3s/internal/elf"

// There are no mappings: everything is of the heap.
type mapping struct{ data []byte }

func mapTemporary(uint64) *mapping { return nil }

func (m *mapping) drop() {}

func (m *mapping) parse(name string) (*goelf.File, error) { return goelf.Parse(name, m.data) }

func (m *mapping) close() {}
