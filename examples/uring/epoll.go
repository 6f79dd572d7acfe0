//go:build linux

package main

import "golang.org/x/sys/unix"

// serveEpoll serves all connections in one thread, which waits until one of them can continue. Files are read where it is: epoll knows no
// regular files.
func serveEpoll(listener, dir int) error {
	ep, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return err
	}
	if err := unix.SetNonblock(listener, true); err != nil {
		return err
	}
	add := func(fd int, events uint32) error {
		return unix.EpollCtl(ep, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: events, Fd: int32(fd)})
	}
	if err := add(listener, unix.EPOLLIN); err != nil {
		return err
	}
	conns := map[int]*conn{}
	events := make([]unix.EpollEvent, 256)
	for {
		n, err := again(func() (int, error) { return unix.EpollWait(ep, events, -1) })
		if err != nil {
			return err
		}
		for _, e := range events[:n] {
			if int(e.Fd) != listener {
				if c := conns[int(e.Fd)]; !c.advance(dir) {
					unix.Close(c.fd) // epoll forgets it
					delete(conns, c.fd)
				}
				continue
			}
			fd, _, err := unix.Accept4(listener, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
			switch {
			case err == unix.EAGAIN || err == unix.EINTR || err == unix.ECONNABORTED:
			case err != nil:
				return err
			default:
				// An edge is told once: advance continues until the kernel would have to wait.
				if err := add(fd, unix.EPOLLIN|unix.EPOLLOUT|unix.EPOLLET); err != nil {
					return err
				}
				c := new(conn)
				c.reset(fd)
				conns[fd] = c
			}
		}
	}
}

// advance continues with the connection until it has to wait. It reports whether the connection stays open.
func (c *conn) advance(dir int) (open bool) {
	defer func() {
		if !open && c.file >= 0 {
			unix.Close(c.file)
		}
	}()
	for {
		for c.outLen > 0 || c.file >= 0 && c.at < c.size {
			if room := c.room(); c.sent == 0 && len(room) > 0 {
				if !c.read(again(func() (int, error) { return unix.Read(c.file, room) })) {
					return false
				}
			}
			n, err := again(func() (int, error) { return unix.SendmsgN(c.fd, c.unsent(), nil, nil, unix.MSG_NOSIGNAL) })
			if err != nil {
				return err == unix.EAGAIN
			}
			c.did(n)
		}
		if c.file >= 0 {
			unix.Close(c.file)
			c.file = -1
		}
		if c.close {
			return false
		}
		if name, ok := c.request(); ok {
			c.answer(openFile(dir, name))
			continue
		}
		n, err := again(func() (int, error) { return unix.Read(c.fd, c.in[c.inLen:]) })
		switch {
		case err == unix.EAGAIN:
			return true
		case err != nil || n == 0:
			return false
		}
		c.inLen += n
	}
}
