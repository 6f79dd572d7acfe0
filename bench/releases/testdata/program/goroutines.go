package main

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"time"
)

// grow needs a deep stack that has pointers into itself.
//
//go:noinline
func grow(n int, p *int) int {
	var here [16]int
	here[n%16] = n
	if n == 0 {
		runtime.GC()
		return *p
	}
	*p += here[n%16] % 3
	return grow(n-1, p) + here[(n+1)%16]
}

func goroutines() {
	results := make([]int, 10)
	var wg sync.WaitGroup
	for i := range results {
		wg.Go(func() { results[i] = grow(100*i, new(int)) })
	}
	wg.Wait()
	fmt.Print(results)

	ctx, cancel := context.WithCancel(context.Background())
	ready := make(chan string)
	for i := range 3 {
		wg.Go(func() {
			pprof.Do(ctx, pprof.Labels("worker", fmt.Sprint("w", i)), func(ctx context.Context) {
				label, _ := pprof.Label(ctx, "worker")
				ready <- label
				<-ctx.Done()
			})
		})
		fmt.Print(" ", <-ready)
	}
	var profile bytes.Buffer
	check(pprof.Lookup("goroutine").WriteTo(&profile, 1))
	fmt.Println(" labels:", strings.Count(profile.String(), `"worker":"w`))
	cancel()
	wg.Wait()

	var stop bool
	go func() { // makes no call: the garbage collector stops it by a signal
		for n := 0; !stop; n++ {
		}
	}()
	time.Sleep(time.Millisecond)
	runtime.GC()
	stop = true
}

type task[T any] struct{ name T }

func (t task[T]) run(ctx context.Context, list []int) {
	pprof.Do(ctx, pprof.Labels("task", fmt.Sprint(t.name)), func(context.Context) { fail(list, t) })
}

func fail[T any](list []int, what T) { fmt.Println(what, list[len(list)+3]) }

// crash ends with a traceback through a deferred call, closures, generic functions and inlined calls, of a goroutine with a label.
func crash(name string) {
	ctx := pprof.WithLabels(context.Background(), pprof.Labels("path", name))
	pprof.SetGoroutineLabels(ctx)
	defer func() { panic(fmt.Sprint("again: ", recover())) }()
	func() { task[string]{name}.run(ctx, nil) }()
}
