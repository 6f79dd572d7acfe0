//go:build unix

package elf

import (
	"os"
	"syscall"
)

// Map maps file read-only into memory and parses it. The caller closes both.
//
// It maps instead of reading because the tools look at a few pages of large
// files: headers, symbol table, notes. Mapped pages are the page cache's own, so
// there is no second copy of a 100 MB program in memory, and what is never
// looked at is never read. The price is that a file which another process
// truncates meanwhile makes the access fault; a command guards against that
// with debug.SetPanicOnFault.
//
// The error is an *fs.PathError or a *FormatError.
func Map(file *os.File) (*File, error) {
	path := file.Name()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if err := checkRegular(path, info); err != nil {
		return nil, err
	}
	if info.Size() == 0 {
		return Parse(path, nil) // mmap refuses empty files; so does Parse
	}
	if int64(int(info.Size())) != info.Size() {
		return nil, &os.PathError{Op: "mmap", Path: path, Err: syscall.EFBIG}
	}
	data, err := syscall.Mmap(int(file.Fd()), 0, int(info.Size()), syscall.PROT_READ, syscall.MAP_PRIVATE)
	if err != nil {
		return nil, &os.PathError{Op: "mmap", Path: path, Err: err}
	}
	f, err := Parse(path, data)
	if err != nil {
		syscall.Munmap(data)
		return nil, err
	}
	f.mapped = true
	return f, nil
}

// Close unmaps the file. Nothing got from f may be used afterwards. It does
// nothing when f came from Parse or was closed before.
func (f *File) Close() error {
	if !f.mapped {
		return nil
	}
	data := f.Data
	f.mapped, f.Data = false, nil
	return syscall.Munmap(data)
}
