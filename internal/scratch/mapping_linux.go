package scratch

import (
	"os"
	"syscall"

	goelf "github.com/go3s/rules_go3s/internal/elf"
)

// A mapping is a temporary file that is mapped.
type mapping struct {
	file *os.File
	data []byte
}

// mapTemporary returns a mapping of size zeros, nil where there can be none.
func mapTemporary(size uint64) *mapping {
	file, err := os.CreateTemp("", "go3s-*")
	if err != nil {
		return nil
	}
	os.Remove(file.Name())
	// It gets all its blocks now: to write to the memory of a file that finds the disk full would be a SIGBUS.
	if err := syscall.Fallocate(int(file.Fd()), 0, 0, int64(size)); err == nil {
		data, err := syscall.Mmap(int(file.Fd()), 0, int(size), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
		if err == nil {
			return &mapping{file, data}
		}
	}
	file.Close()
	return nil
}

// drop loses nothing: the pages are the file's.
func (m *mapping) drop() { syscall.Madvise(m.data, syscall.MADV_DONTNEED) }

// parse maps the file once more, under another name.
func (m *mapping) parse(name string) (*goelf.File, error) {
	fd, err := syscall.Dup(int(m.file.Fd()))
	if err != nil {
		return nil, os.NewSyscallError("dup", err)
	}
	file := os.NewFile(uintptr(fd), name)
	defer file.Close()
	return goelf.Map(file)
}

func (m *mapping) close() {
	syscall.Munmap(m.data)
	m.file.Close()
}
