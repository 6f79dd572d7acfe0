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
	// A mask is at the end of that.
	ownStack = 8 << 10
)

// A helper is what both threads know of each other. It is at the top of the second one's
// stack.
type helper struct {
	header, end, image uintptr // numbers: for storing pointers the compiler wants a garbage collector
	tid                uint32  // of the thread, which the kernel clears when it is gone
	begun              uint32  // 1 when the thread runs
	worked             uint32  // 1 when the thread has done its part
}

// spawn starts a thread that calls help with w and exits. Its stack is below w. It
// is the assembler's, beside _start.
func spawn(flags uintptr, w *helper, tid *uint32) uintptr

// acquire returns what is at p, before it reads anything else. It is the assembler's.
func acquire(p *uint32) uint32

// unpackAll unpacks the image from the payload that ends at end, with another thread if it
// can, and reports whether the payload was whole. The thread sums the data, too: the second
// half is decoded sooner.
//
//go:nosplit
func unpackAll(h *Header, end, image, sp unsafe.Pointer) bool {
	own := unsafe.Pointer((uintptr(sp) - ownStack) &^ 63)
	allowed := mask{own, 0}
	if h.Half == 0 || !allowed.several() {
		return h.whole(end) && Unpack(h, image)
	}
	w := (*helper)(unsafe.Add(own, -64))
	w.header, w.end, w.image = uintptr(unsafe.Pointer(h)), uintptr(end), uintptr(image)
	w.tid, w.begun, w.worked = 0, 0, 0
	tid := spawn(cloneFlags, w, &w.tid)
	if isError(tid) {
		return h.whole(end) && Unpack(h, image)
	}
	// There are kernels that leave a new thread where it was made, behind this one, until
	// they balance load milliseconds later.
	if cpu := processor(); allowed.has(cpu) {
		allowed.toggle(cpu)
		allowed.set(tid)
	}
	worked := h.unpackBefore(image)
	if cpu := processor(); acquire(&w.begun) == 0 && cpu < allowed.size*8 {
		// The other processors are busy, and this one is of no use until the thread has run.
		allowed.clear()
		allowed.toggle(cpu)
		allowed.set(tid)
	}
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
	w.begun = 1
	h := (*Header)(unsafe.Pointer(w.header))
	if h.whole(unsafe.Pointer(w.end)) && h.unpackRest(unsafe.Pointer(w.image)) {
		w.worked = 1
	}
}
