package hugepages

import (
	"syscall"
	"unsafe"
)

// advise asks for huge pages where b has whole ones. It is no matter if there are none.
func advise(b []byte) {
	if len(b) >= 2*Size {
		syscall.Madvise(whole(b), syscall.MADV_HUGEPAGE)
	}
}

// drop has the kernel take whole huge pages of b.
func drop(b []byte) {
	if b = whole(b); len(b) > 0 {
		syscall.Madvise(b, syscall.MADV_DONTNEED)
	}
}

// whole returns the huge pages that are all in b.
func whole(b []byte) []byte {
	skip := -int(uintptr(unsafe.Pointer(&b[0]))) & (Size - 1)
	if skip > len(b) {
		return nil
	}
	return b[skip : skip+(len(b)-skip)&^(Size-1)]
}
