package golink

import (
	"fmt"
	"sync"

	"github.com/go3s/rules_go3s/internal/inputfile"
)

// Archives are files in memory, each of them once however many read it.
type Archives struct {
	mu    sync.Mutex
	files map[string][]byte
}

// maxArchive bounds an archive: offsets in objects have 32 bits.
const maxArchive = 1<<32 - 1

// Map returns the bytes of the regular file name, which must not be used after Close. Where the system can, they are the page cache's own,
// and what is never looked at is never read; a file that is cut off meanwhile makes the access fault (see package elf, Guard).
func (a *Archives) Map(name string) ([]byte, error) {
	a.mu.Lock()
	data := a.files[name]
	a.mu.Unlock()
	if data != nil {
		return data, nil
	}
	f, err := inputfile.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() == 0 {
		return nil, fmt.Errorf("%s: the file is empty", name)
	}
	if info.Size() > maxArchive {
		return nil, fmt.Errorf("%s: %d bytes, want at most %d", name, info.Size(), int64(maxArchive))
	}
	if data, err = mapFile(f, int(info.Size())); err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if other := a.files[name]; other != nil { // somebody was faster
		unmap(data)
		return other, nil
	}
	if a.files == nil {
		a.files = map[string][]byte{}
	}
	a.files[name] = data
	return data, nil
}

// Close ends the use of all files. The end of a process does that for less.
func (a *Archives) Close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, data := range a.files {
		unmap(data)
	}
	a.files = nil
}
