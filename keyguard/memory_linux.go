package keyguard

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
	"unsafe"
)

// Permissions of pages.
const (
	none  = syscall.PROT_NONE
	read  = syscall.PROT_READ
	write = syscall.PROT_READ | syscall.PROT_WRITE
)

// What package syscall does not have (asm-generic/mman-common.h, asm/unistd.h).
const (
	madvDontFork   = 10
	madvDontDump   = 16
	madvWipeOnFork = 18

	sysMemfdSecret = 447
)

var sysMlock2 = map[string]uintptr{"amd64": 325, "arm64": 284, "riscv64": 284}

// A pages is memory outside of Go's heap: whole pages, with a page before and after that has no permission.
type pages struct {
	all, inner []byte
	kind       string
}

// useSecret is whether to ask the kernel for memfd_secret.
var useSecret = true

// newPages maps room for size bytes, writable, locked in RAM, and left out of core dumps and child processes.
func newPages(size int) (p *pages, err error) {
	page := os.Getpagesize()
	n := (size + page - 1) / page * page
	// The guard pages stay as they are mapped here, and the room between them is mapped over.
	all, err := syscall.Mmap(-1, 0, n+2*page, none, syscall.MAP_PRIVATE|syscall.MAP_ANON)
	if err != nil {
		return nil, fmt.Errorf("mmap of %d bytes: %w", n+2*page, err)
	}
	p = &pages{all: all, inner: all[page : page+n : page+n], kind: "anonymous"}
	defer func() {
		if err != nil {
			p.unmap()
			p = nil
		}
	}()
	kept := madvWipeOnFork // what becomes of the pages in a child process
	if fd := memfdSecret(n); fd >= 0 {
		// Its pages are not in the kernel's own map, so that no system call reads them for somebody else, and they are always locked
		// (mlock2 refuses them). They are shared, so a child would have them, too: it gets no mapping.
		err = p.mapOver(fd)
		syscall.Close(fd)
		p.kind, kept = "memfd_secret", madvDontFork
	} else if err = p.protect(write); err == nil {
		err = mlock(p.inner)
	}
	if err != nil {
		return p, err
	}
	for _, a := range []int{madvDontDump, kept} {
		if err := syscall.Madvise(p.inner, a); err != nil {
			return p, fmt.Errorf("madvise %d: %w", a, err)
		}
	}
	return p, nil
}

// memfdSecret returns a file of n bytes in secret memory, -1 where the kernel has none (memfd_secret(2)).
func memfdSecret(n int) int {
	if !useSecret {
		return -1
	}
	fd, _, errno := syscall.Syscall(sysMemfdSecret, syscall.O_CLOEXEC, 0, 0)
	if errno != 0 {
		return -1
	}
	if syscall.Ftruncate(int(fd), int64(n)) != nil {
		syscall.Close(int(fd))
		return -1
	}
	return int(fd)
}

// mapOver maps a file in place of the inner pages.
func (p *pages) mapOver(fd int) error {
	_, _, errno := syscall.Syscall6(syscall.SYS_MMAP, uintptr(unsafe.Pointer(&p.inner[0])), uintptr(len(p.inner)),
		write, syscall.MAP_SHARED|syscall.MAP_FIXED, uintptr(fd), 0)
	if errno != 0 {
		return fmt.Errorf("mmap of secret memory, %d bytes: %w%s", len(p.inner), errno, limit())
	}
	return nil
}

// mlock keeps pages in RAM.
func mlock(b []byte) error {
	var err error
	if number, ok := sysMlock2[runtime.GOARCH]; ok {
		if _, _, errno := syscall.Syscall(number, uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), 0); errno != 0 {
			err = errno
		}
	} else {
		err = syscall.Mlock(b)
	}
	if err != nil {
		return fmt.Errorf("mlock2 of %d bytes: %w%s", len(b), err, limit())
	}
	return nil
}

// limit says what a process may lock, for messages.
func limit() string {
	var r syscall.Rlimit
	const rlimitMemlock = 8
	if syscall.Getrlimit(rlimitMemlock, &r) != nil {
		return ""
	}
	return fmt.Sprintf("; the process may lock %d bytes: raise RLIMIT_MEMLOCK (ulimit -l)", r.Cur)
}

// protect sets the permissions of the inner pages.
func (p *pages) protect(permissions int) error {
	if err := syscall.Mprotect(p.inner, permissions); err != nil {
		return fmt.Errorf("mprotect to %d: %w", permissions, err)
	}
	return nil
}

// wipe overwrites the inner pages, and leaves them readable for whoever is reading.
func (p *pages) wipe() {
	if err := p.protect(write); err != nil {
		panic(err) // the kernel can refuse that for want of memory alone, and the secret must not stay
	}
	clear(p.inner)
	runtime.KeepAlive(p)
	p.protect(read)
}

// unmap gives the pages back.
func (p *pages) unmap() {
	if p.all != nil {
		syscall.Munmap(p.all)
		p.all, p.inner = nil, nil
	}
}
