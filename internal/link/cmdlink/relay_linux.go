package cmdlink

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/go3s/rules_go3s/internal/link"
)

// # The relay
//
// cmd/link starts its external linker four or five times: to try out options, and
// then to link. What it starts is a program of some 100 instruction bytes
// (link.Relay) that passes the arguments on to us by a socket which it inherits as
// file descriptor 3. And what it writes as go.o is, by a symbolic link to its
// file descriptor 4, memory that we share with it: no file system takes part.
//
// cmd/link has finished go.o before it starts the first trial. We need not trust
// that: sealing the memory against all writes fails unless it has, and makes sure
// that it stays so. So we link while cmd/link still asks.

// A relay is our end of the connection.
type relay struct {
	program string   // what cmd/link starts
	sock    int      // our end of the socket
	theirs  *os.File // the other end
	object  *os.File // memory behind go.o
}

// hostArch is the machine that relays run on. Tests change it.
var hostArch = runtime.GOARCH

// newRelay prepares the directory tmp. It returns nil where there cannot be a relay:
// on a machine that link.Relay does not know, without /proc, without anonymous
// files, and if no program in tmp may be executed.
func newRelay(tmp string) (*relay, error) {
	code := link.Relay(hostArch)
	if code == nil {
		return nil, nil
	}
	if _, err := os.Stat("/proc/self/fd"); err != nil {
		return nil, nil
	}
	r := &relay{program: filepath.Join(tmp, "extld")}
	if err := os.WriteFile(r.program, code, 0o700); err != nil {
		return nil, err
	}
	if unix.Access(r.program, unix.X_OK) != nil {
		return nil, nil
	}
	fd, err := unix.MemfdCreate(objectName, unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return nil, nil
	}
	r.object = os.NewFile(uintptr(fd), objectName)
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		r.object.Close()
		return nil, fmt.Errorf("socket pair: %w", err)
	}
	r.sock, r.theirs = pair[0], os.NewFile(uintptr(pair[1]), "relay")
	if err := os.Symlink("/proc/self/fd/4", filepath.Join(tmp, objectName)); err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

func (r *relay) close() {
	unix.Close(r.sock)
	r.theirs.Close()
	r.object.Close()
}

// run runs cmd, which is cmd/link, and answers the calls of its external linker by
// handle: with an exit status of zero for nil, of 1 otherwise.
func (r *relay) run(cmd *exec.Cmd, handle func(args []string) error) error {
	cmd.ExtraFiles = []*os.File{r.theirs, r.object} // 3 and 4
	if err := cmd.Start(); err != nil {
		return err
	}
	r.theirs.Close() // so that we see the end of all processes that have it
	served := make(chan error, 1)
	go func() { served <- r.serve(handle) }()
	return errors.Join(cmd.Wait(), <-served)
}

// maxCall is the limit for the arguments of one call, in bytes: no more go through
// a socket at once with the limits that Linux starts with.
const maxCall = 256 << 10

// serve answers calls until no process is left that could make one.
func (r *relay) serve(handle func(args []string) error) error {
	buf := make([]byte, maxCall)
	for {
		n, err := unix.Read(r.sock, buf)
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return fmt.Errorf("relay: %w", err)
		case n == 0:
			return nil
		}
		status := []byte{1}
		args := strings.Split(strings.TrimSuffix(string(buf[:n]), "\x00"), "\x00")
		if handle(args[1:]) == nil {
			status[0] = 0
		}
		if _, err := unix.SendmsgN(r.sock, status, nil, nil, unix.MSG_NOSIGNAL); err != nil {
			return fmt.Errorf("relay: %w", err)
		}
	}
}

// seal makes sure that nobody changes go.o any more. The error is unix.EBUSY while
// somebody still can.
func (r *relay) seal() error {
	_, err := unix.FcntlInt(r.object.Fd(), unix.F_ADD_SEALS, unix.F_SEAL_WRITE|unix.F_SEAL_GROW|unix.F_SEAL_SHRINK|unix.F_SEAL_SEAL)
	return err
}

// read returns the contents of go.o, and what to call when they are of no use any
// more.
func (r *relay) read() (data []byte, free func(), err error) {
	info, err := r.object.Stat()
	if err != nil {
		return nil, nil, err
	}
	if info.Size() == 0 {
		return nil, func() {}, nil // mmap refuses empty files; so does whoever reads them
	}
	data, err = unix.Mmap(int(r.object.Fd()), 0, int(info.Size()), unix.PROT_READ, unix.MAP_SHARED)
	return data, func() { unix.Munmap(data) }, err
}
