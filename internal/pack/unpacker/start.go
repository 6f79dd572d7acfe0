//go:build unpacker

package unpacker

import "unsafe"

// Constants of the Linux system call interface that are the same on every machine.
const (
	protNone  = 0
	protRead  = 1
	protWrite = 2
	protExec  = 4

	mapPrivate        = 0x2
	mapFixed          = 0x10
	mapAnonymous      = 0x20
	mapFixedNoReplace = 0x100000

	madvHugepage     = 14
	madvPopulateRead = 22

	mfdCloexec      = 1
	mfdAllowSealing = 2
	mfdNoexecSeal   = 8 // no file to execute; memory mapped from it may be

	fAddSeals = 1033
	sealAll   = 15 // F_SEAL_SEAL, _SHRINK, _GROW, _WRITE

	atNull   = 0
	atPhdr   = 3
	atPhnum  = 5
	atPagesz = 6
	atEntry  = 9

	efault = 14
	einval = 22
)

// syscall enters the kernel. It is the assembler's, beside _start.
func syscall(nr, a, b, c, d, e, f uintptr) uintptr

// start unpacks the program. _start calls it with the stack pointer that the kernel
// left, the header, and the end of the payload; it jumps to the result.
//
//go:nosplit
func start(sp unsafe.Pointer, h *Header, end unsafe.Pointer) uintptr {
	auxv := findAuxv(sp)
	page := *auxValue(auxv, atPagesz)
	payload := uintptr(unsafe.Pointer(h)) &^ (page - 1)
	// A file that was cut off lacks the last page. To read there would be a SIGBUS.
	if syscall(sysMadvise, (uintptr(end)-1)&^(page-1), 1, madvPopulateRead, 0, 0, 0) == -efault&(1<<64-1) {
		fail(damaged)
	}
	if !h.check(end) {
		fail(damaged)
	}
	if page > uintptr(h.Page) {
		fail("packed program: its segments share pages of the size that this kernel has\n")
	}
	image := reserve(h)
	if !unpackAll(h, end, image, sp) {
		fail(damaged)
	}
	protect(h, image, page)

	bias := uintptr(image) - uintptr(h.Base)
	if h.Progs != 0 {
		*auxValue(auxv, atPhdr) = uintptr(h.Progs) + bias
		*auxValue(auxv, atPhnum) = uintptr(h.NProgs)
	}
	entry := uintptr(h.Entry) + bias
	*auxValue(auxv, atEntry) = entry
	syscall(sysMunmap, payload, uintptr(end)-payload, 0, 0, 0, 0) // of no more use
	return entry
}

const damaged = "packed program: the file is damaged\n"

// reserve maps memory for the image, readable and writable.
//
//go:nosplit
func reserve(h *Header) unsafe.Pointer {
	room := uintptr(h.Room)
	at := uintptr(0)
	flags := uintptr(mapPrivate | mapAnonymous)
	if h.Fixed != 0 {
		at, flags = uintptr(h.Base), flags|mapFixedNoReplace
	}
	image := syscall(sysMmap, at, room, protRead|protWrite, flags, 1<<64-1, 0)
	if isError(image) || h.Fixed != 0 && image != at {
		fail("packed program: not enough memory for its image, or its addresses are taken\n")
	}
	if h.Huge != 0 {
		if h.Fixed == 0 && image&(HugePage-1) != 0 {
			image = align(image, room)
		}
		syscall(sysMadvise, image, room, madvHugepage, 0, 0, 0) // to help only
	}
	return unsafe.Pointer(image)
}

// align returns a mapping of room bytes that begins with a huge page in place of
// image or, where there is no room for both, image.
//
//go:nosplit
func align(image, room uintptr) uintptr {
	wide := syscall(sysMmap, 0, room+HugePage, protRead|protWrite, mapPrivate|mapAnonymous, 1<<64-1, 0)
	if isError(wide) {
		return image
	}
	syscall(sysMunmap, image, room, 0, 0, 0, 0)
	image = (wide + HugePage - 1) &^ (HugePage - 1)
	if image > wide {
		syscall(sysMunmap, wide, image-wide, 0, 0, 0, 0)
	}
	if behind := wide + HugePage - image; behind > 0 {
		syscall(sysMunmap, image+room, behind, 0, 0, 0, 0)
	}
	return image
}

// protect gives each segment its own protection, and back to the kernel what was
// mapped for the sake of huge pages only.
//
//go:nosplit
func protect(h *Header, image unsafe.Pointer, page uintptr) {
	for i := uintptr(0); i < uintptr(h.NSegments); i++ {
		s := h.segment(i)
		stop := uintptr(h.Span)
		if i+1 < uintptr(h.NSegments) {
			stop = uintptr(h.segment(i+1).Start) &^ (page - 1)
		}
		from := uintptr(s.Start) &^ (page - 1)
		if s.Prot == protRead|protWrite {
			continue
		}
		denied := onlyMemfd && s.Prot&protExec != 0 || syscall(sysMprotect, uintptr(image)+from, stop-from, uintptr(s.Prot), 0, 0, 0) != 0
		if denied && (s.Prot&protExec == 0 || !replace(uintptr(image)+from, stop-from, uintptr(s.Prot))) {
			fail("packed program: cannot protect its memory: written memory may not become executable here, run the program unpacked\n")
		}
	}
	if used := (uintptr(h.Span) + page - 1) &^ (page - 1); used < uintptr(h.Room) {
		syscall(sysMunmap, uintptr(image)+used, uintptr(h.Room)-used, 0, 0, 0, 0)
	}
}

// findAuxv returns the auxiliary vector, which follows arguments and environment
// on the stack.
//
//go:nosplit
func findAuxv(sp unsafe.Pointer) unsafe.Pointer {
	sp = unsafe.Add(sp, (*(*uintptr)(sp)+2)*8)
	for *(*uintptr)(sp) != 0 {
		sp = unsafe.Add(sp, 8)
	}
	return unsafe.Add(sp, 8)
}

// auxValue returns where the value of the entry of that kind is. The kernel makes
// all that are asked for.
//
//go:nosplit
func auxValue(auxv unsafe.Pointer, kind uintptr) *uintptr {
	for *(*uintptr)(auxv) != kind {
		if *(*uintptr)(auxv) == atNull {
			fail("packed program: the kernel's auxiliary vector lacks an entry\n")
		}
		auxv = unsafe.Add(auxv, 16)
	}
	return (*uintptr)(unsafe.Add(auxv, 8))
}

//go:nosplit
func isError(result uintptr) bool { return result > 1<<64-1-4096 }

// fail ends the process with a message and the status that a shell gives when a
// program cannot be started.
//
//go:nosplit
func fail(message string) {
	syscall(sysWrite, 2, uintptr(unsafe.Pointer(unsafe.StringData(message))), uintptr(len(message)), 0, 0, 0)
	for {
		syscall(sysExitGroup, 127, 0, 0, 0, 0, 0)
	}
}
