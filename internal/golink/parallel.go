package golink

import (
	"runtime"
	"sync/atomic"

	goelf "github.com/go3s/rules_go3s/internal/elf"
)

// inParallel does jobs on all processors, and returns when all are done. Each writes to a place of its own, so that the result does not
// depend on their order.
func inParallel(jobs []func()) {
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

// chunkSize is how many symbols a job is for.
const chunkSize = 2048

// chunks calls f for parts of list.
func chunks(list []sym, f func(part []sym)) {
	for len(list) > 0 {
		n := min(chunkSize, len(list))
		f(list[:n])
		list = list[n:]
	}
}
