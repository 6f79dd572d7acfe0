//go:build unpacker

package unpacker

import "unsafe"

// applyFilter undoes one filter of this machine.
//
//go:nosplit
func applyFilter(kind uint64, p unsafe.Pointer, n uintptr, list, listEnd unsafe.Pointer) bool {
	switch kind {
	case FilterFuncTable:
		return funcTable(p, n, list, listEnd)
	case FilterJAL:
		return jalSites(p, n, list, listEnd)
	case FilterAUIPC:
		return auipcSites(p, n, list, listEnd)
	}
	return false
}
