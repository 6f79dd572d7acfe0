//go:build linux

// Command uring serves the files of one directory over HTTP/1.1 by io_uring, with system calls made by hand: one thread
// puts what is to be done, accept, receive, open, read, send and close, into a ring in memory that it shares with the kernel, and takes
// what came of it from another. For comparison it does the same by epoll, and by blocking calls in one thread for each connection.
//
//	uring [-engine auto|uring|epoll|threads] [-addr HOST:PORT] DIRECTORY
//
// It prints "ENGINE on ADDRESS" when it accepts connections, and ends on SIGTERM and SIGINT. The engine auto is uring where
// the kernel has it and lets this process use it, epoll elsewhere.
//
// It is an example, not a web server: it knows GET of a regular file in the directory itself, of any length, and connections that stay
// open.
package main

import (
	"errors"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"os/signal"

	"golang.org/x/sys/unix"
)

// An engine serves connections that listener accepts with files of the directory dir until it fails.
type engine func(listener, dir int) error

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "uring:", err)
		os.Exit(1)
	}
}

func run() error {
	name := flag.String("engine", "auto", "`how` to serve: auto, uring, epoll or threads")
	addr := flag.String("addr", "127.0.0.1:0", "`address` and port to listen on; port 0 is any free one")
	flag.Parse()
	if flag.NArg() != 1 {
		return fmt.Errorf("%d arguments, want one: the directory to serve", flag.NArg())
	}
	dir, err := unix.Open(flag.Arg(0), unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("%s: %w", flag.Arg(0), err)
	}

	var serve engine
	switch *name {
	case "auto", "uring":
		r, err := newRing(ringEntries)
		switch {
		case err == nil:
			*name, serve = "uring", r.serve
		case *name == "auto":
			*name, serve = "epoll", serveEpoll
		default:
			return fmt.Errorf("-engine uring: %w: the kernel lacks it or forbids it (sysctl kernel.io_uring_disabled, a seccomp profile): use epoll", err)
		}
	case "epoll":
		serve = serveEpoll
	case "threads":
		serve = serveThreads
	default:
		return fmt.Errorf("-engine %q, want auto, uring, epoll or threads", *name)
	}

	listener, bound, err := listen(*addr)
	if err != nil {
		return fmt.Errorf("-addr %s: %w", *addr, err)
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, unix.SIGTERM, unix.SIGINT)
	fmt.Printf("%s on %s\n", *name, bound)

	failed := make(chan error, 1)
	go func() { failed <- serve(listener, dir) }()
	select {
	case err := <-failed:
		return fmt.Errorf("%s: %w", *name, err)
	case <-stop:
		return nil
	}
}

// listen returns a socket that listens, and its address.
func listen(addr string) (fd int, bound netip.AddrPort, err error) {
	at, err := netip.ParseAddrPort(addr)
	if err != nil {
		return 0, bound, err
	}
	var sa unix.Sockaddr
	family := unix.AF_INET
	if at.Addr().Is4() {
		sa = &unix.SockaddrInet4{Port: int(at.Port()), Addr: at.Addr().As4()}
	} else {
		family, sa = unix.AF_INET6, &unix.SockaddrInet6{Port: int(at.Port()), Addr: at.Addr().As16()}
	}
	if fd, err = unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0); err != nil {
		return 0, bound, err
	}
	err = errors.Join(
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1),
		// Accepted sockets inherit it. Without it the end of a file waits until the client has acknowledged what came before.
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1),
		unix.Bind(fd, sa),
		unix.Listen(fd, unix.SOMAXCONN),
	)
	if err != nil {
		return 0, bound, err
	}
	if sa, err = unix.Getsockname(fd); err != nil {
		return 0, bound, err
	}
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		bound = netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port))
	case *unix.SockaddrInet6:
		bound = netip.AddrPortFrom(netip.AddrFrom16(sa.Addr), uint16(sa.Port))
	}
	return fd, bound, nil
}
