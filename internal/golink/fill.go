package golink

import (
	"sync"

	"github.com/go3s/rules_go3s/internal/outfile"
)

// # Filling the file
//
// Contents are put together part by part, each the symbols of a job, in memory that is used again for the next part, and then written to
// the file. So a program takes no memory of its size, and what is copied to the file is near the processor.

// A filler fills a file.
type filler struct {
	*linker
	file *outfile.File
	mu   sync.Mutex
	free [][]uint8 // memory for parts
}

// partSize is how many bytes a part has, more or less: they are to stay in the processor's cache. Parts of more than maxPart, a large
// symbol each, are put together in the file itself.
const (
	partSize = 256 << 10
	maxPart  = 4 * partSize
)

// part has fill fill the n bytes at off of the file, which are zeros.
func (f *filler) part(off, n uint64, fill func(b []byte)) {
	if !f.file.IsMapped() || n > maxPart {
		fill(f.file.Bytes[off:][:n])
		return
	}
	b := f.take(int(n))
	fill(b)
	if err := f.file.WriteAt(b, int64(off)); err != nil {
		f.fail(err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.free = append(f.free, b)
}

// take returns n zeros.
func (f *filler) take(n int) []uint8 {
	f.mu.Lock()
	var b []uint8
	if last := len(f.free) - 1; last >= 0 {
		b, f.free = f.free[last], f.free[:last]
	}
	f.mu.Unlock()
	if cap(b) < n {
		giveBack(&f.pool, b)
		return array[uint8](&f.pool, n)
	}
	b = b[:n]
	clear(b)
	return b
}
