//go:build unpacker

package unpacker

import "unsafe"

// The second half of a large image is unpacked by another thread, if the process may use
// several processors and have one more thread. It lives on the stack below what the first
// thread needs of it, and is gone before the program starts. Signals find no handler yet, so
// nothing else uses that stack.

const (
	cloneVM            = 0x100
	cloneFS            = 0x200
	cloneFiles         = 0x400
	cloneSighand       = 0x800
	cloneThread        = 0x10000
	cloneSysvsem       = 0x40000
	cloneParentSettid  = 0x100000
	cloneChildCleartid = 0x200000
	cloneFlags         = cloneVM | cloneFS | cloneFiles | cloneSighand | cloneThread | cloneSysvsem | cloneParentSettid | cloneChildCleartid

	futexWait = 0
)

const (
	// How many bytes below the stack pointer of the start are the first thread's. The
	// kernel has mapped 128 KiB there, less only where the limit of the stack is.
	ownStack = 8 << 10
	maskSize = 1024 // bytes: 8192 processors
)

// A helper is what both threads know of each other. It is at the top of the second one's
// stack.
type helper struct {
	header, image uintptr // numbers: for storing pointers the compiler wants a garbage collector
	tid           uint32  // of the thread, which the kernel clears when it is gone
	worked        uint32  // 1 when the thread has done its part
}

// spawn starts a thread that calls help with w and exits. Its stack is below w. It
// is the assembler's, beside _start.
func spawn(flags uintptr, w *helper, tid *uint32) uintptr

// acquire returns what is at p, before it reads anything else. It is the assembler's.
func acquire(p *uint32) uint32

// unpackAll unpacks the image, with another thread if it can.
//
//go:nosplit
func unpackAll(h *Header, image, sp unsafe.Pointer) bool {
	below := unsafe.Pointer((uintptr(sp) - ownStack) &^ 63)
	if h.Half == 0 || !several(unsafe.Add(below, -maskSize)) {
		return Unpack(h, image)
	}
	w := (*helper)(unsafe.Add(below, -64))
	w.header, w.image, w.tid, w.worked = uintptr(unsafe.Pointer(h)), uintptr(image), 0, 0
	if isError(spawn(cloneFlags, w, &w.tid)) {
		return Unpack(h, image)
	}
	worked := h.unpackBefore(image)
	for {
		tid := acquire(&w.tid)
		if tid == 0 {
			return worked && w.worked != 0
		}
		syscall(sysFutex, uintptr(unsafe.Pointer(&w.tid)), futexWait, uintptr(tid), 0, 0, 0)
	}
}

// help is what the second thread does.
//
//go:nosplit
func help(w *helper) {
	if (*Header)(unsafe.Pointer(w.header)).unpackRest(unsafe.Pointer(w.image)) {
		w.worked = 1
	}
}

// several reports whether the process may use more than one processor. It needs
// maskSize bytes at mask.
//
//go:nosplit
func several(mask unsafe.Pointer) bool {
	n := syscall(sysSchedGetaffinity, 0, maskSize, uintptr(mask), 0, 0, 0)
	if isError(n) || n > maskSize {
		return false
	}
	found := false
	for end := uintptr(mask) + n; uintptr(mask) < end; mask = unsafe.Add(mask, 8) {
		w := load64(mask)
		if w&(w-1) != 0 || found && w != 0 {
			return true
		}
		found = found || w != 0
	}
	return false
}
