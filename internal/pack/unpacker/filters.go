//go:build !unpacker

package unpacker

import "unsafe"

// applyFilter undoes one filter, of any machine. It reports whether the list is one
// of this kind for n bytes.
func applyFilter(kind uint64, p unsafe.Pointer, n uintptr, list, listEnd unsafe.Pointer) bool {
	switch kind {
	case FilterFuncTable:
		return funcTable(p, n, list, listEnd)
	case FilterRel32:
		return rel32Sites(p, n, list, listEnd)
	case FilterBranch26:
		return branch26Sites(p, n, list, listEnd)
	case FilterADRP:
		return adrpSites(p, n, list, listEnd)
	case FilterJAL:
		return jalSites(p, n, list, listEnd)
	case FilterAUIPC:
		return auipcSites(p, n, list, listEnd)
	}
	return false
}
