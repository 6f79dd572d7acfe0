//go:build linux

package main

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// ringEntries is the room of the submission queue. A connection has one entry in it at most.
const ringEntries = 256

// A server is a ring that serves connections. The user data of an entry is its operation, with the index of the connection above it.
type server struct {
	*ring
	listener, dir int
	conns         []*conn // the kernel has addresses in them: Go moves nothing that is not on a stack
	free          []int   // indices of those without a connection
}

const opBits = 8

// serve is an engine.
func (r *ring) serve(listener, dir int) error {
	s := &server{ring: r, listener: listener, dir: dir}
	if err := s.accept(); err != nil {
		return err
	}
	for {
		if err := r.enter(1); err != nil {
			return err
		}
		if err := r.completed(s.done); err != nil {
			return err
		}
	}
}

func (s *server) accept() error {
	return s.add(sqe{opcode: opAccept, fd: int32(s.listener), opFlags: unix.SOCK_CLOEXEC, userData: opAccept})
}

// do adds an operation of connection i.
func (s *server) do(i int, e sqe) error {
	e.userData = uint64(i)<<opBits | uint64(e.opcode)
	return s.add(e)
}

// closeFd closes without waiting for what comes of it.
func (s *server) closeFd(fd int) error {
	return s.add(sqe{opcode: opClose, fd: int32(fd), userData: opClose})
}

// done continues after a completion.
func (s *server) done(c cqe) error {
	op, i := uint8(c.userData), int(c.userData>>opBits)
	var err error
	if c.res < 0 {
		err = unix.Errno(-c.res)
	}
	switch op {
	case opClose:
		return nil
	case opAccept:
		switch err {
		case nil:
			if err := s.receive(s.connect(int(c.res))); err != nil {
				return err
			}
		case unix.EINTR, unix.ECONNABORTED:
		default:
			return err
		}
		return s.accept()
	}

	k, n := s.conns[i], int(c.res)
	switch {
	case err == unix.EINTR && op == opOpenat:
		return s.open(i)
	case err == unix.EINTR:
		n, err = 0, nil
	case op != opOpenat && (err != nil || n == 0):
		return s.end(i)
	}
	switch op {
	case opRecv:
		k.inLen += n
		return s.receive(i)
	case opOpenat:
		k.answer(n, err)
	case opRead:
		k.read(n, nil)
	case opSend:
		k.did(n)
	}
	return s.send(i)
}

// connect returns the index of a connection for the socket.
func (s *server) connect(fd int) int {
	if len(s.free) == 0 {
		s.free = append(s.free, len(s.conns))
		s.conns = append(s.conns, new(conn))
	}
	i := s.free[len(s.free)-1]
	s.free = s.free[:len(s.free)-1]
	s.conns[i].reset(fd)
	return i
}

// receive opens the file of a request that is whole, or else receives more.
func (s *server) receive(i int) error {
	c := s.conns[i]
	name, ok := c.request()
	switch {
	case !ok:
		room := c.in[c.inLen:]
		return s.do(i, sqe{opcode: opRecv, fd: int32(c.fd), addr: address(room), len: uint32(len(room))})
	case name == "":
		c.answer(-1, unix.EINVAL)
		return s.send(i)
	}
	c.name[copy(c.name[:], name)] = 0
	return s.open(i)
}

func (s *server) open(i int) error {
	c := s.conns[i]
	return s.do(i, sqe{opcode: opOpenat, fd: int32(s.dir), addr: address(c.name[:]), opFlags: openFlags})
}

// send reads the next piece of the file, or sends what there is of the answer, or takes the next request.
func (s *server) send(i int) error {
	c := s.conns[i]
	if room := c.room(); c.sent == 0 && len(room) > 0 {
		return s.do(i, sqe{opcode: opRead, fd: int32(c.file), off: uint64(c.at), addr: address(room), len: uint32(len(room))})
	}
	if unsent := c.unsent(); len(unsent) > 0 {
		return s.do(i, sqe{opcode: opSend, fd: int32(c.fd), addr: address(unsent), len: uint32(len(unsent)), opFlags: unix.MSG_NOSIGNAL})
	}
	if c.close {
		return s.end(i)
	}
	if c.file >= 0 {
		if err := s.closeFd(c.file); err != nil {
			return err
		}
		c.file = -1
	}
	return s.receive(i)
}

// end closes the connection, and its file.
func (s *server) end(i int) error {
	c := s.conns[i]
	s.free = append(s.free, i)
	if c.file >= 0 {
		if err := s.closeFd(c.file); err != nil {
			return err
		}
	}
	return s.closeFd(c.fd)
}

func address(b []byte) uint64 { return uint64(uintptr(unsafe.Pointer(unsafe.SliceData(b)))) }
