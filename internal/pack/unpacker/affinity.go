//go:build unpacker

package unpacker

import "unsafe"

// maskSize is the room for a mask, bytes: 8192 processors.
const maskSize = 1024

// A mask is a set of processors: a bit each, in words, as the system calls have it.
type mask struct {
	bits unsafe.Pointer
	size uintptr // bytes
}

// several reports whether the process may use more than one processor, and makes m the set of
// those that it may use. There are maskSize bytes at m.bits.
//
//go:nosplit
func (m *mask) several() bool {
	m.size = syscall(sysSchedGetaffinity, 0, maskSize, uintptr(m.bits), 0, 0, 0)
	if isError(m.size) || m.size > maskSize {
		return false
	}
	found := false
	for i := uintptr(0); i < m.size; i += 8 {
		w := load64(unsafe.Add(m.bits, i))
		if w&(w-1) != 0 || found && w != 0 {
			return true
		}
		found = found || w != 0
	}
	return false
}

// has reports whether the processor is one of m.
//
//go:nosplit
func (m *mask) has(cpu uintptr) bool {
	return cpu < m.size*8 && load8(unsafe.Add(m.bits, cpu/8))>>(cpu%8)&1 != 0
}

// toggle puts the processor, below m.size*8, into m or takes it out.
//
//go:nosplit
func (m *mask) toggle(cpu uintptr) {
	p := unsafe.Add(m.bits, cpu/8)
	store8(p, load8(p)^1<<(cpu%8))
}

//go:nosplit
func (m *mask) clear() {
	for i := uintptr(0); i < m.size; i++ {
		store8(unsafe.Add(m.bits, i), 0)
	}
}

// set has a thread run on no processors but those of m, if the kernel lets it.
//
//go:nosplit
func (m *mask) set(tid uintptr) {
	syscall(sysSchedSetaffinity, tid, m.size, uintptr(m.bits), 0, 0, 0)
}

// processor returns the number of the processor that this thread runs on, a larger one than any if the
// kernel does not say.
//
//go:nosplit
func processor() uintptr {
	var cpu uint32
	if syscall(sysGetcpu, uintptr(unsafe.Pointer(&cpu)), 0, 0, 0, 0, 0) != 0 {
		return 1<<64 - 1
	}
	return uintptr(cpu)
}
