package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// maxLinks is how many symbolic links Linux follows (path_resolution(7)).
const maxLinks = 40

// procMagic is PROC_SUPER_MAGIC (statfs(2)).
const procMagic = 0x9fa0

// descriptorLink follows symbolic links from path to a name in /proc: such a name may be a link that shows the path of a file, but it is
// for what a process has open. own is the number of the descriptor if it is one of this process, else -1.
func descriptorLink(path string) (link string, own int, ok bool) {
	for range maxLinks {
		dir, err := filepath.EvalSymlinks(filepath.Dir(path))
		if err != nil {
			return "", 0, false
		}
		var fs syscall.Statfs_t
		if syscall.Statfs(dir, &fs) == nil && fs.Type == procMagic {
			own, err := strconv.Atoi(filepath.Base(path))
			if err != nil || filepath.Base(dir) != "fd" || !isOwn(filepath.Dir(dir)) {
				own = -1
			}
			return path, own, true
		}
		target, err := os.Readlink(path)
		if err != nil {
			return "", 0, false
		}
		if path = target; !filepath.IsAbs(path) {
			path = filepath.Join(dir, path)
		}
	}
	return "", 0, false
}

// isOwn reports whether dir is this process' or a thread of it in /proc.
func isOwn(dir string) bool {
	self := strconv.Itoa(os.Getpid())
	parent := filepath.Dir(dir)
	return filepath.Base(dir) == self || filepath.Base(parent) == "task" && filepath.Base(filepath.Dir(parent)) == self
}

// openDescriptor returns a writer to what a name in /proc refers to, nil if path leads to none. A descriptor of
// this process is used as it is open, at its position: opening it again needs permissions that this process may lack, and a socket cannot
// be.
func openDescriptor(path string) (*os.File, error) {
	link, own, ok := descriptorLink(path)
	if !ok {
		return nil, nil
	}
	if own < 0 {
		info, err := os.Stat(link)
		if err == nil && info.IsDir() {
			err = &fs.PathError{Op: "write", Path: path, Err: errors.New("is a directory, want a file, a named pipe or a device")}
		}
		if err != nil {
			return nil, err
		}
		return os.OpenFile(link, os.O_WRONLY|os.O_TRUNC, 0)
	}
	flags, err := fcntl(own, syscall.F_GETFL)
	if err == nil && flags&syscall.O_ACCMODE == syscall.O_RDONLY {
		err = errors.New("is open for reading only")
	}
	var fd int
	if err == nil {
		fd, err = fcntl(own, syscall.F_DUPFD_CLOEXEC)
	}
	if err != nil {
		return nil, &fs.PathError{Op: "write", Path: path, Err: fmt.Errorf("descriptor %d: %w", own, err)}
	}
	return os.NewFile(uintptr(fd), path), nil
}

// fcntl is fcntl(2) with 0 as the argument.
func fcntl(fd, cmd int) (int, error) {
	n, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), uintptr(cmd), 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// pipeWait is how long openPipe waits for a reader.
const pipeWait = 800 * time.Millisecond

// openPipe opens the named pipe at path if a process reads from it, or begins to soon: without one open(2) waits for ever.
func openPipe(path string) (*os.File, error) {
	for end := time.Now().Add(pipeWait); ; time.Sleep(10 * time.Millisecond) {
		f, err := os.OpenFile(path, os.O_WRONLY|syscall.O_NONBLOCK, 0)
		if !errors.Is(err, syscall.ENXIO) {
			return f, err
		}
		if time.Now().After(end) {
			return nil, &fs.PathError{Op: "write", Path: path, Err: errors.New("is a named pipe, and no process reads from it: start the reader first")}
		}
	}
}
