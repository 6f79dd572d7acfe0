//go:build linux

package main

import (
	"fmt"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A sqe is an entry of the submission queue: something to do (struct io_uring_sqe of include/uapi/linux/io_uring.h).
type sqe struct {
	opcode   uint8
	flags    uint8
	ioprio   uint16
	fd       int32
	off      uint64
	addr     uint64
	len      uint32
	opFlags  uint32
	userData uint64
	_        [3]uint64 // fixed buffers, personalities, splicing
}

// A cqe is an entry of the completion queue: what came of it (struct io_uring_cqe).
type cqe struct {
	userData uint64
	res      int32 // as a system call's result: an errno is negative
	flags    uint32
}

// Operations (enum io_uring_op).
const (
	opAccept = 13
	opOpenat = 18
	opClose  = 19
	opRead   = 22
	opSend   = 26
	opRecv   = 27
)

// ringParams is struct io_uring_params.
type ringParams struct {
	sqEntries, cqEntries, flags, sqThreadCPU, sqThreadIdle, features, wqFd uint32
	_                                                                      [3]uint32
	sq                                                                     struct {
		head, tail, ringMask, ringEntries, flags, dropped, array, _ uint32
		userAddr                                                    uint64
	}
	cq struct {
		head, tail, ringMask, ringEntries, overflow, cqes, flags, _ uint32
		userAddr                                                    uint64
	}
}

const (
	featSingleMmap = 1 << 0 // both rings are in one mapping
	featNoDrop     = 1 << 1 // no completion is lost where their queue is full
	featRWCurPos   = 1 << 3 // of Linux 5.6, which has all operations above
	wantedFeatures = featSingleMmap | featNoDrop | featRWCurPos

	offSQRing = 0          // what to map, as an offset (IORING_OFF_SQ_RING)
	offSQEs   = 0x10000000 // IORING_OFF_SQES

	enterGetEvents = 1 << 0 // wait for completions (IORING_ENTER_GETEVENTS)
)

// A ring is a pair of queues that the process and the kernel share. One thread at a time uses it.
type ring struct {
	fd                             int
	sqHead, sqTail, cqHead, cqTail *uint32
	sqes                           []sqe
	cqes                           []cqe
	tail                           uint32 // of the submission queue, with what the kernel does not know of yet
	told                           uint32 // tail when the kernel was last told
}

// newRing returns a ring with room for so many entries, a power of 2.
func newRing(entries uint32) (*ring, error) {
	var p ringParams
	fd, _, errno := unix.Syscall(unix.SYS_IO_URING_SETUP, uintptr(entries), uintptr(unsafe.Pointer(&p)), 0)
	if errno != 0 {
		return nil, fmt.Errorf("io_uring_setup: %w", errno)
	}
	r := &ring{fd: int(fd)}
	unix.CloseOnExec(r.fd)
	if p.features&wantedFeatures != wantedFeatures {
		unix.Close(r.fd)
		return nil, fmt.Errorf("io_uring_setup: features are %#x, want %#x: Linux 5.6 or newer", p.features, wantedFeatures)
	}
	size := max(p.sq.array+p.sqEntries*4, p.cq.cqes+p.cqEntries*uint32(unsafe.Sizeof(cqe{})))
	rings, err := unix.Mmap(r.fd, offSQRing, int(size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_POPULATE)
	if err != nil {
		return nil, fmt.Errorf("mapping the rings: %w", err)
	}
	sqes, err := unix.Mmap(r.fd, offSQEs, int(p.sqEntries)*int(unsafe.Sizeof(sqe{})), unix.PROT_READ|unix.PROT_WRITE,
		unix.MAP_SHARED|unix.MAP_POPULATE)
	if err != nil {
		return nil, fmt.Errorf("mapping the submission queue's entries: %w", err)
	}
	word := func(off uint32) *uint32 { return (*uint32)(unsafe.Pointer(&rings[off])) }
	r.sqHead, r.sqTail, r.cqHead, r.cqTail = word(p.sq.head), word(p.sq.tail), word(p.cq.head), word(p.cq.tail)
	r.sqes = unsafe.Slice((*sqe)(unsafe.Pointer(&sqes[0])), p.sqEntries)
	r.cqes = unsafe.Slice((*cqe)(unsafe.Pointer(&rings[p.cq.cqes])), p.cqEntries)
	// The queue is of indices into the entries. Here each place always has its own entry.
	indices := unsafe.Slice(word(p.sq.array), p.sqEntries)
	for i := range indices {
		indices[i] = uint32(i)
	}
	return r, nil
}

// add puts e into the submission queue. The kernel sees it at the next enter, which add calls by itself when the queue is full.
func (r *ring) add(e sqe) error {
	for r.tail-atomic.LoadUint32(r.sqHead) == uint32(len(r.sqes)) {
		if err := r.enter(0); err != nil {
			return err
		}
	}
	r.sqes[r.tail%uint32(len(r.sqes))] = e
	r.tail++
	return nil
}

// enter tells the kernel what was added and waits until so many completions are there.
func (r *ring) enter(completions uint32) error {
	atomic.StoreUint32(r.sqTail, r.tail) // the kernel reads the entries after it
	for {
		n, _, errno := unix.Syscall6(unix.SYS_IO_URING_ENTER, uintptr(r.fd), uintptr(r.tail-r.told), uintptr(completions), enterGetEvents, 0, 0)
		switch errno {
		case 0:
			r.told += uint32(n)
			return nil
		case unix.EINTR:
		case unix.EAGAIN, unix.EBUSY: // no memory, or no room for completions: the caller takes some first
			return nil
		default:
			return fmt.Errorf("io_uring_enter: %w", errno)
		}
	}
}

// completed calls f with each completion that is there.
func (r *ring) completed(f func(cqe) error) error {
	head := atomic.LoadUint32(r.cqHead)
	for head != atomic.LoadUint32(r.cqTail) {
		c := r.cqes[head%uint32(len(r.cqes))]
		head++
		atomic.StoreUint32(r.cqHead, head) // its place is free
		if err := f(c); err != nil {
			return err
		}
	}
	return nil
}
