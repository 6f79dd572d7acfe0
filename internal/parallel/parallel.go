// Package parallel does work on all processors, in ways whose results do not depend on their number.
package parallel

import (
	"runtime"
	"sync/atomic"

	goelf "github.com/go3s/rules_go3s/internal/elf"
)

// Do does jobs on all processors, and returns when all are done. Each must write to a place of its own. A panic of a job is raised in the
// caller.
func Do(jobs []func()) {
	var next atomic.Int64
	work := func() {
		for {
			i := int(next.Add(1)) - 1
			if i >= len(jobs) {
				return
			}
			jobs[i]()
		}
	}
	var waits []func()
	for range min(runtime.GOMAXPROCS(0), len(jobs)) - 1 {
		waits = append(waits, goelf.Go(work))
	}
	work()
	for _, wait := range waits {
		wait()
	}
}

// Ranges calls f for the ranges from ≤ i < to of so many numbers each that 0 to n-1 are made of, and returns the error of the first
// range that has one.
func Ranges(n, size int, f func(from, to int) error) error {
	var jobs []func()
	errs := make([]error, (n+size-1)/size)
	for i := range errs {
		jobs = append(jobs, func() { errs[i] = f(i*size, min((i+1)*size, n)) })
	}
	Do(jobs)
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
