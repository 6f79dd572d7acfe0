// Package parallel does work on all processors, in ways whose results do not depend on their number.
package parallel

import (
	"runtime"
	"sync"
	"sync/atomic"

	goelf "github.com/go3s/rules_go3s/internal/elf"
)

// Do does jobs on all processors, and returns when all are done. Each must write to a place of its own. A panic of a job is raised in the
// caller.
func Do(jobs []func()) { Each(len(jobs), func(i int) { jobs[i]() }) }

// Each calls f for 0 to n-1 as Do does jobs.
func Each(n int, f func(i int)) {
	var next atomic.Int64
	onAll(func() {
		for {
			i := int(next.Add(1)) - 1
			if i >= n {
				return
			}
			f(i)
		}
	}, min(runtime.GOMAXPROCS(0), n))
}

// onAll calls work n times at once, and returns when all calls have.
func onAll(work func(), n int) {
	var waits []func()
	for range n - 1 {
		waits = append(waits, goelf.Go(work))
	}
	work()
	for _, wait := range waits {
		wait()
	}
}

// Walk visits roots and all that visits find, each once, on all processors, and returns what visits return. A panic of a visit is raised in
// the caller.
func Walk[K comparable, V any](roots []K, visit func(K) (v V, found []K)) map[K]V {
	var mu sync.Mutex
	changed := sync.NewCond(&mu)
	visited := map[K]V{}
	var queue []K
	busy := 0
	add := func(found []K) {
		for _, k := range found {
			if _, ok := visited[k]; !ok {
				visited[k] = *new(V)
				queue = append(queue, k)
			}
		}
	}
	add(roots)
	step := func(k K) {
		busy++
		mu.Unlock()
		var v V
		var found []K
		defer func() { // after a panic, too, so that nobody waits for this one
			mu.Lock()
			visited[k] = v
			add(found)
			busy--
			changed.Broadcast()
		}()
		v, found = visit(k)
	}
	onAll(func() {
		mu.Lock()
		defer mu.Unlock()
		for len(queue) > 0 || busy > 0 {
			if len(queue) == 0 {
				changed.Wait()
				continue
			}
			k := queue[len(queue)-1]
			queue = queue[:len(queue)-1]
			step(k)
		}
	}, runtime.GOMAXPROCS(0))
	return visited
}

// Ranges calls f for the ranges from ≤ i < to of so many numbers each that 0 to n-1 are made of, and returns the error of the first
// range that has one.
func Ranges(n, size int, f func(from, to int) error) error {
	errs := make([]error, (n+size-1)/size)
	Each(len(errs), func(i int) { errs[i] = f(i*size, min((i+1)*size, n)) })
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// InOrder calls produce for 0 to n-1 on all processors and, beside that, use for what it returned, in this order and one after the other. A
// panic of either is raised in the caller.
func InOrder[T any](n int, produce func(i int) T, use func(i int, v T)) {
	var mu sync.Mutex
	changed := sync.NewCond(&mu)
	results := make([]*T, n) // that are not used yet
	produced, used := 0, 0
	using, failed := false, false
	// outside calls f without the lock.
	outside := func(f func()) {
		returned := false
		mu.Unlock()
		defer func() {
			mu.Lock()
			failed = failed || !returned
			changed.Broadcast()
		}()
		f()
		returned = true
	}
	onAll(func() {
		mu.Lock()
		defer mu.Unlock()
		for used < n && !failed {
			switch {
			case !using && results[used] != nil:
				using = true
				v := *results[used]
				outside(func() { use(used, v) })
				using, results[used] = false, nil
				used++
			case produced < n:
				i := produced
				produced++
				var v T
				outside(func() { v = produce(i) })
				results[i] = &v
			default:
				changed.Wait()
			}
		}
	}, min(runtime.GOMAXPROCS(0), n))
}
