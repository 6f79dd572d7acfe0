package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// guardFaults calls f and returns its error. The input is mapped into memory:
// when someone truncates it meanwhile, reading it faults. That becomes an error
// like any other, instead of a crash.
func guardFaults(input string, f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		switch r := recover().(type) {
		case nil:
		case interface { // what package runtime documents for faults
			runtime.Error
			Addr() uintptr
		}:
			err = fmt.Errorf("%s: changed while it was read: %v. Run elfstrip again when nothing writes to it", input, r)
		default:
			panic(r)
		}
	}()
	return f()
}
