package scratch

import (
	"os"
	"syscall"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/outfile"
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
	if data, err := outfile.Map(file, int(size)); err == nil {
		return &mapping{file, data}
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
