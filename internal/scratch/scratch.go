// Package scratch gives room for what is large and soon of no more use: parts of temporary files without a name, which are mapped into
// memory. Their pages are no memory of the process' own: the kernel can write them out and take them back. Where no temporary file can be
// made, and for what is small, the room is of the heap after all.
package scratch

import (
	"sync"
	"time"
	"unsafe"

	goelf "github.com/go3s/rules_go3s/internal/elf"
)

const (
	least    = 8 << 20 // bytes that are worth a file
	interval = 2 * time.Millisecond
)

// A Space owns what it has given, until Close.
type Space struct {
	mu    sync.Mutex
	files []*mapping
	stop  func() // ends the dropping of pages; nil before there are files
}

// Bytes returns size zeros, aligned for words of 64 bits.
func (s *Space) Bytes(size uint64) []byte {
	if size >= least {
		if m := mapTemporary(size); m != nil {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.files = append(s.files, m)
			if s.stop == nil {
				s.stop = every(interval, s.drop)
			}
			return m.data
		}
	}
	if size == 0 {
		return nil
	}
	words := make([]uint64, (size+7)/8)
	return unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), size)
}

// drop takes the pages out of the process' memory. They come back, as they are, when they are used: that keeps the process small while it
// goes once through much, such as a decoder that looks no farther back than its window.
func (s *Space) drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.files {
		m.drop()
	}
}

// Parse parses what Bytes has given as a file of that name, as [goelf.Parse] does. The file outlives the space and is closed by the caller.
// It is read-only; nobody may write to b any more.
func (s *Space) Parse(name string, b []byte) (*goelf.File, error) {
	for _, m := range s.files {
		if unsafe.SliceData(m.data) == unsafe.SliceData(b) {
			return m.parse(name)
		}
	}
	return goelf.Parse(name, b)
}

// Close takes back what is in files.
func (s *Space) Close() {
	if s.stop != nil {
		s.stop()
	}
	for _, m := range s.files {
		m.close()
	}
	s.files = nil
}

// every calls f at that interval until stop is called, which waits for the last call.
func every(interval time.Duration, f func()) (stop func()) {
	ended, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		t := time.NewTicker(interval)
		defer t.Stop()
		for {
			select {
			case <-ended:
				return
			case <-t.C:
				f()
			}
		}
	}()
	return func() {
		close(ended)
		<-done
	}
}
