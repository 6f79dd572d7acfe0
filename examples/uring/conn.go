//go:build linux

package main

import (
	"bytes"
	"strconv"

	"golang.org/x/sys/unix"
)

// bufferSize is the room of a connection for a request, and for a piece of an answer, in bytes.
const bufferSize = 16 << 10

// A conn is one connection, and what it is at: it receives a request into in, then it sends out[:outLen] and, while there is more of the
// file, reads the next piece into out. The engines differ in how they wait. Its memory is not on any stack, since the kernel has its
// address.
type conn struct {
	fd     int
	in     [bufferSize]byte
	inLen  int // received
	out    [bufferSize]byte
	outLen int
	sent   int

	file  int   // being sent; -1 for none
	at    int64 // where its next piece begins
	size  int64 // bytes of it
	close bool  // when all is sent
	name  [256]byte
}

// reset makes c that of another socket.
func (c *conn) reset(fd int) {
	c.fd, c.inLen, c.outLen, c.sent, c.file, c.close = fd, 0, 0, 0, -1, false
}

// request takes a request off what was received. The name is that of the file, "" for one that is not understood or not allowed. ok
// says whether the request is whole.
func (c *conn) request() (name string, ok bool) {
	head, rest, ok := bytes.Cut(c.in[:c.inLen], []byte("\r\n\r\n"))
	if !ok {
		if c.inLen < len(c.in) {
			return "", false
		}
		c.close = true // too long
		return "", true
	}
	line, fields, _ := bytes.Cut(head, []byte("\r\n"))
	words := bytes.Split(line, []byte(" "))
	for field := range bytes.SplitSeq(fields, []byte("\r\n")) {
		key, value, _ := bytes.Cut(field, []byte(":"))
		if bytes.EqualFold(key, []byte("Connection")) && bytes.EqualFold(bytes.TrimSpace(value), []byte("close")) {
			c.close = true
		}
	}
	// Only a name in the directory itself: no other directory can be reached.
	if len(words) == 3 && string(words[0]) == "GET" && string(words[2]) == "HTTP/1.1" && len(words[1]) > 1 && words[1][0] == '/' &&
		len(words[1]) <= len(c.name) && !bytes.ContainsAny(words[1][1:], "/\x00") && string(words[1]) != "/." && string(words[1]) != "/.." {
		name = string(words[1][1:])
	} else {
		c.close = true
	}
	c.inLen = copy(c.in[:], rest)
	return name, true
}

// Flags by which files are opened: no symbolic link, and no FIFO that nobody writes.
const openFlags = unix.O_RDONLY | unix.O_CLOEXEC | unix.O_NOFOLLOW | unix.O_NONBLOCK

// answer puts the head of an answer into out, after the file was opened as file or failed to.
func (c *conn) answer(file int, err error) {
	status := "200 OK"
	c.file, c.at, c.size = -1, 0, 0
	switch {
	case err == unix.ENOENT || err == unix.ELOOP:
		status = "404 Not Found"
	case err != nil:
		status, c.close = "400 Bad Request", true
	default:
		c.file = file
		var st unix.Stat_t
		if err := unix.Fstat(file, &st); err != nil || st.Mode&unix.S_IFMT != unix.S_IFREG {
			status = "404 Not Found"
		} else {
			c.size = st.Size
		}
	}
	b := append(c.out[:0], "HTTP/1.1 "...)
	b = append(b, status...)
	b = append(b, "\r\nContent-Length: "...)
	b = strconv.AppendInt(b, c.size, 10)
	if c.close {
		b = append(b, "\r\nConnection: close"...)
	}
	c.outLen, c.sent = len(append(b, "\r\n\r\n"...)), 0
}

// room is where the next piece of the file is to be read to, nil when all of it was.
func (c *conn) room() []byte {
	return c.out[c.outLen:][:min(int64(len(c.out)-c.outLen), c.size-c.at)]
}

// read says that n bytes were read into room. The file may have become shorter: then the connection ends, since its length was announced.
func (c *conn) read(n int, err error) (ok bool) {
	if n <= 0 || err != nil {
		return false
	}
	c.outLen += n
	c.at += int64(n)
	return true
}

// unsent is what is still to be sent of out.
func (c *conn) unsent() []byte { return c.out[c.sent:c.outLen] }

// did says that n bytes were sent. It empties out when that was all.
func (c *conn) did(n int) {
	if c.sent += n; c.sent == c.outLen {
		c.sent, c.outLen = 0, 0
	}
}
