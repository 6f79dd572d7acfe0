package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"syscall"
	"time"
)

// kept is what the heap profile finds.
var kept [][]byte

// keep allocates in a function that is inlined into its caller.
func keep(n int) { kept = append(kept, make([]byte, n)) }

//go:noinline
func allocate() {
	for i := range 4 {
		keep(1 << 20)
		keptMap[i] = make([]string, 1<<16)
	}
}

var keptMap = map[int][]string{}

// turn is inlined into burn, where a CPU profile finds it.
func turn(x uint64) uint64 {
	for range 100_000 {
		x = x*6364136223846793005 + x>>7
	}
	return x
}

// burn uses d of processor time, however busy the machine is.
//
//go:noinline
func burn(d time.Duration) (x uint64) {
	for used := time.Duration(0); used < d; {
		x += turn(x)
		var r syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
			panic(err)
		}
		used = time.Duration(r.Utime.Nano())
	}
	return x
}

// profile writes a profile to standard output.
func profile(name string) {
	switch name {
	case "cpu":
		if err := pprof.StartCPUProfile(os.Stdout); err != nil {
			panic(err)
		}
		burn(time.Second / 2)
		pprof.StopCPUProfile()
		return
	case "heap":
		runtime.MemProfileRate = 1
		allocate()
		for range 2 {
			runtime.GC() // what was allocated is in the profile after two cycles
		}
	case "goroutine":
		started := make(chan bool)
		for range 3 {
			go waiter(started)
			<-started
		}
		for parked() < 3 {
			time.Sleep(time.Millisecond)
		}
	}
	if err := pprof.Lookup(name).WriteTo(os.Stdout, 0); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
