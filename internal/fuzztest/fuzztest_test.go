package fuzztest

import (
	"fmt"
	"testing"
)

// fatal records a failure instead of failing.
type fatal struct {
	testing.TB
	message string
}

func (f *fatal) Helper() {}

func (f *fatal) Fatalf(format string, args ...any) { f.message = fmt.Sprintf(format, args...) }

var sink []byte

func TestBounded(t *testing.T) {
	for _, c := range []struct {
		name         string
		size, factor int
		alloc        int // in pieces of 64 KiB
		ok           bool
	}{
		{"nothing", 100, 64, 0, true},
		{"in proportion", 4 << 20, 2, 6 << 20, true},
		{"out of proportion", 1 << 20, 2, 6 << 20, false},
		{"in proportion but too much", 100 << 20, 2, 100 << 20, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := &fatal{TB: t}
			Bounded(f, c.size, c.factor, func() {
				for range c.alloc >> 16 {
					sink = make([]byte, 64<<10)
				}
			})
			if ok := f.message == ""; ok != c.ok {
				t.Errorf("passed: %v, want %v (%s)", ok, c.ok, f.message)
			}
		})
	}
}
