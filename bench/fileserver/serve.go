//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// A sample is what one round of an engine was like.
type sample struct {
	perSecond float64       // requests
	cpu       time.Duration // of the server, for a request
}

// contents returns the file that a load asks for.
func (l load) contents() []byte {
	data := make([]byte, l.size)
	rand.NewChaCha8([32]byte{byte(l.size >> 10)}).Read(data)
	return data
}

func (l load) name() string { return strconv.Itoa(l.size) }

func writeFiles(dir string) error {
	if err := os.Mkdir(dir, 0o777); err != nil {
		return err
	}
	for _, l := range loads {
		if err := os.WriteFile(filepath.Join(dir, l.name()), l.contents(), 0o666); err != nil {
			return err
		}
	}
	return nil
}

// serve starts an engine and has clients ask it for some time.
func serve(program, engine, dir string, l load, duration time.Duration) (s sample, err error) {
	cmd := exec.Command(program, "-engine", engine, dir)
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return s, err
	}
	if err := cmd.Start(); err != nil {
		return s, err
	}
	defer func() {
		cmd.Process.Signal(unix.SIGTERM)
		err = errors.Join(err, cmd.Wait())
	}()
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		return s, fmt.Errorf("%s: it printed %q: %w", engine, line, err)
	}
	_, addr, _ := strings.Cut(strings.TrimSpace(line), " on ")

	// Clients connect and get the file once before the time counts.
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var received atomic.Int64 // bytes: a part of an answer counts, too
	var ready, done sync.WaitGroup
	failed := make(chan error, l.connections)
	begin := make(chan bool)
	want := l.contents()
	for range l.connections {
		ready.Add(1)
		done.Go(func() {
			c, err := newClient(addr, l, want)
			ready.Done()
			if err != nil {
				failed <- err
				return
			}
			defer c.Close()
			<-begin
			for ctx.Err() == nil {
				if err := c.get(&received); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	ready.Wait()
	before, err := cpuTime(cmd.Process.Pid)
	if err != nil {
		return s, err
	}
	began := time.Now()
	close(begin)
	time.Sleep(duration)
	total, took := received.Load(), time.Since(began)
	after, err := cpuTime(cmd.Process.Pid)
	if err != nil {
		return s, err
	}
	cancel()
	done.Wait()
	select {
	case err := <-failed:
		return s, fmt.Errorf("%s, %d bytes, %d connections: %w", engine, l.size, l.connections, err)
	default:
	}
	if total == 0 {
		return s, fmt.Errorf("%s, %d bytes, %d connections: no answer in %v: use a greater -time", engine, l.size, l.connections, took)
	}
	n := float64(total) / float64(l.size+len(l.head()))
	return sample{n / took.Seconds(), time.Duration(float64(after-before) / n)}, nil
}

// cpuTime returns how long a process has run on processors: clock_getcpuclockid(3), with the threads of its io_uring.
func cpuTime(pid int) (time.Duration, error) {
	const scheduled = 2 // CPUCLOCK_SCHED of the kernel
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|scheduled), &t); err != nil {
		return 0, fmt.Errorf("processor time of process %d: %w", pid, err)
	}
	return time.Duration(t.Nano()), nil
}

// head is what an answer begins with.
func (l load) head() []byte {
	return fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", l.size)
}

// A client is a connection that asks for one file again and again.
type client struct {
	net.Conn
	request []byte
	head    []byte // of the answer
	buffer  []byte
}

// newClient connects, gets the file, and compares it.
func newClient(addr string, l load, want []byte) (*client, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	c := &client{Conn: conn, request: fmt.Appendf(nil, "GET /%s HTTP/1.1\r\nHost: x\r\n\r\n", l.name())}
	c.head = l.head()
	c.buffer = make([]byte, len(c.head)+l.size)
	err = c.get(new(atomic.Int64))
	if err == nil && !bytes.Equal(c.buffer[len(c.head):], want) {
		err = fmt.Errorf("the answer is not the file %s", l.name())
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return c, nil
}

// get asks for the file, and adds to received as it comes.
func (c *client) get(received *atomic.Int64) error {
	if _, err := c.Write(c.request); err != nil {
		return err
	}
	for rest := c.buffer; len(rest) > 0; {
		n, err := c.Read(rest)
		if err != nil {
			return err
		}
		received.Add(int64(n))
		rest = rest[n:]
	}
	if head := c.buffer[:len(c.head)]; !bytes.Equal(head, c.head) {
		return fmt.Errorf("the answer begins with %q, want %q", head, c.head)
	}
	return nil
}
