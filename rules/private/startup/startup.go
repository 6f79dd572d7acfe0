// Package startup sets what a Go program starts with: the target of its garbage collector, the limit of its
// memory and how many threads run Go code at once. The environment still wins.
//
// The rules link it into each program that sets one of the attributes gc_percent, memory_limit and gomaxprocs, and
// let the linker write the values into its variables. It is compiled under a path that starts with
// "+initfirst/": of the packages whose imports are initialized, the linker takes the first in the order of paths.
package startup

import (
	"runtime"
	"runtime/debug"
	"strconv"
	"syscall"
)

// Set by the linker to decimal numbers; "" leaves the matter to the runtime.
var (
	gcPercent   string // of debug.SetGCPercent: -1 turns the collector off
	memoryLimit string // of debug.SetMemoryLimit: bytes
	maxProcs    string // of runtime.GOMAXPROCS
)

func init() {
	apply("GOGC", gcPercent, func(n int64) { debug.SetGCPercent(int(n)) })
	apply("GOMEMLIMIT", memoryLimit, func(n int64) { debug.SetMemoryLimit(n) })
	apply("GOMAXPROCS", maxProcs, func(n int64) { runtime.GOMAXPROCS(int(n)) })
}

// apply calls set with value, unless there is none or the environment variable is set. To the runtime a variable
// that is empty is not set.
func apply(variable, value string, set func(int64)) {
	if value == "" {
		return
	}
	if s, _ := syscall.Getenv(variable); s != "" {
		return
	}
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		panic("startup: the linker set the value for " + variable + " to " + strconv.Quote(value))
	}
	set(n)
}
