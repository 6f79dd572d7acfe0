// Package fuzztest holds what fuzz targets demand of every reader of hostile bytes
// besides right results: an end, and bounded memory.
package fuzztest

import (
	"fmt"
	"runtime"
	"runtime/metrics"
	"testing"
	"time"
)

// Limits on one call.
const (
	// MaxAlloc is the most that one call may allocate, in bytes, whatever its input is.
	MaxAlloc = 64 << 20

	// MaxTime is when a call counts as hung. Inputs of fuzzing are small, so that a
	// call takes far less than a millisecond; the rest is for a machine with other work.
	MaxTime = time.Minute
)

// slack is what Bounded does not count: the runtime accounts for small objects by
// spans of pages.
const slack = 1 << 20

// Bounded fails the test when call allocates more than MaxAlloc bytes, or more than
// factor bytes for each of the size bytes of its input, or when it takes
// longer than MaxTime. A call that seems to allocate too much is made again, and
// counted exactly. A call that never returns ends the process by a panic, which the
// fuzzing engine records as a failure together with the input.
//
// Freed memory counts as well: a reader that allocates without bound does not get
// away with doing so in pieces. Calls of one process must not run in parallel.
func Bounded(t testing.TB, size, factor int, call func()) {
	t.Helper()
	hung := time.AfterFunc(MaxTime, func() {
		panic(fmt.Sprintf("fuzztest: a call on %d bytes of input did not return in %v", size, MaxTime))
	})
	before := allocated()
	call()
	n := allocated() - before
	hung.Stop()
	limit := min(uint64(size)*uint64(factor)+slack, MaxAlloc)
	if n > limit { // perhaps what calls before it have allocated, which counts late
		n = exactly(call)
	}
	if n > limit {
		t.Fatalf("allocated %d bytes for an input of %d, want at most %d", n, size, limit)
	}
}

// exactly returns how many bytes call allocates.
func exactly(call func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	call()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// allocated returns how many bytes the process has allocated on the heap so far. Unlike
// runtime.ReadMemStats it does not stop the program, which would halve the
// number of executions.
func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
