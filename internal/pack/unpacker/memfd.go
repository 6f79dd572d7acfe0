//go:build unpacker

package unpacker

import "unsafe"

// Where memory that was writable may not become executable (PR_SET_MDWE, systemd's MemoryDenyWriteExecute,
// SELinux without execmem), the code gets into its place as a file does: by a new mapping, here of a
// sealed memfd. Pages of it are no huge ones, and writing it copies the code once more, so this is for when mprotect failed.

// replace puts a private mapping of a sealed copy, with protection prot, in the place of size bytes of memory. It reports
// whether that worked.
//
//go:nosplit
func replace(memory, size, prot uintptr) bool {
	name := uintptr(0) // memfd_create copies a string, and this is one
	fd := syscall(sysMemfdCreate, uintptr(unsafe.Pointer(&name)), mfdCloexec|mfdAllowSealing|mfdNoexecSeal, 0, 0, 0, 0)
	if fd == -einval&(1<<64-1) { // before Linux 6.3
		fd = syscall(sysMemfdCreate, uintptr(unsafe.Pointer(&name)), mfdCloexec|mfdAllowSealing, 0, 0, 0, 0)
	}
	if isError(fd) {
		return false
	}
	for done := uintptr(0); done < size; {
		n := syscall(sysWrite, fd, memory+done, size-done, 0, 0, 0)
		if isError(n) || n == 0 {
			return false
		}
		done += n
	}
	syscall(sysFcntl, fd, fAddSeals, sealAll, 0, 0, 0) // nobody else knows the file; this is for /proc
	got := syscall(sysMmap, memory, size, prot, mapPrivate|mapFixed, fd, 0)
	syscall(sysClose, fd, 0, 0, 0, 0, 0)
	return got == memory
}
