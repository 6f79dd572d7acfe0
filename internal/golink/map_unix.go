//go:build unix

package golink

import (
	"os"
	"syscall"
)

// mapOpen maps the first size bytes of f into memory. The pages are the page cache's own, and what is never looked at, as export data and
// debugging information, is never read.
func (l *linker) mapOpen(f *os.File, size int) ([]byte, error) {
	data, err := syscall.Mmap(int(f.Fd()), 0, size, syscall.PROT_READ, syscall.MAP_PRIVATE)
	if err != nil {
		return nil, &os.PathError{Op: "mmap", Path: f.Name(), Err: err}
	}
	l.mapped = append(l.mapped, data)
	return data, nil
}

// unmap ends the use of all files.
func (l *linker) unmap() {
	for _, m := range l.mapped {
		syscall.Munmap(m)
	}
}
