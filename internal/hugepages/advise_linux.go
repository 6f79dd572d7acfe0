package hugepages

import (
	"syscall"
	"unsafe"
)

// advise asks for huge pages where b has whole ones. It is no matter if there are none.
func advise(b []byte) {
	if len(b) < 2*Size {
		return
	}
	skip := -int(uintptr(unsafe.Pointer(&b[0]))) & (Size - 1)
	syscall.Madvise(b[skip:skip+(len(b)-skip)&^(Size-1)], syscall.MADV_HUGEPAGE)
}
