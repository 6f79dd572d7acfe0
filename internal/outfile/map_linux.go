package outfile

import (
	"os"
	"syscall"
)

// Map gives f size bytes, and maps them into memory for reading and writing.
func Map(f *os.File, size int) ([]byte, error) {
	// The file gets all its blocks now: to write to the memory of a file that finds the disk full would be a SIGBUS.
	if err := syscall.Fallocate(int(f.Fd()), 0, 0, int64(size)); err != nil {
		return nil, os.NewSyscallError("fallocate", err)
	}
	data, err := syscall.Mmap(int(f.Fd()), 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	return data, os.NewSyscallError("mmap", err)
}

func unmap(data []byte) { syscall.Munmap(data) }
