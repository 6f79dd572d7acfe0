//go:build linux

package main

import (
	"sync"

	"golang.org/x/sys/unix"
)

// serveThreads serves each connection in a goroutine, which waits in system calls: so each has a thread.
func serveThreads(listener, dir int) error {
	free := sync.Pool{New: func() any { return new(conn) }}
	for {
		fd, _, err := unix.Accept4(listener, unix.SOCK_CLOEXEC)
		if err == unix.EINTR || err == unix.ECONNABORTED {
			continue
		}
		if err != nil {
			return err
		}
		go func() {
			c := free.Get().(*conn)
			c.reset(fd)
			for c.exchange(dir) {
			}
			unix.Close(fd)
			free.Put(c)
		}()
	}
}

// exchange receives a request and answers it. It reports whether another may follow.
func (c *conn) exchange(dir int) bool {
	name, ok := c.request()
	for ; !ok; name, ok = c.request() {
		n, err := again(func() (int, error) { return unix.Read(c.fd, c.in[c.inLen:]) })
		if n <= 0 || err != nil {
			return false
		}
		c.inLen += n
	}
	c.answer(openFile(dir, name))
	ok = true
	for ok && (c.at < c.size || c.outLen > 0) {
		if room := c.room(); len(room) > 0 {
			ok = c.read(again(func() (int, error) { return unix.Read(c.file, room) }))
		}
		for ok && c.outLen > 0 {
			n, err := again(func() (int, error) { return unix.SendmsgN(c.fd, c.unsent(), nil, nil, unix.MSG_NOSIGNAL) })
			if ok = err == nil; ok {
				c.did(n)
			}
		}
	}
	if c.file >= 0 {
		unix.Close(c.file)
	}
	return ok && !c.close
}

// openFile opens a file of the directory; "" is the name of none.
func openFile(dir int, name string) (int, error) {
	if name == "" {
		return -1, unix.EINVAL
	}
	return again(func() (int, error) { return unix.Openat(dir, name, openFlags, 0) })
}

// again calls f until no signal interrupts it.
func again(f func() (int, error)) (int, error) {
	for {
		if n, err := f(); err != unix.EINTR {
			return n, err
		}
	}
}
