package elf

import (
	"fmt"
	"runtime/debug"
)

// A Fault is the error for a mapped file (see Map) that another process cut off while it was read.
type Fault struct {
	Addr uintptr // where in memory
}

func (e *Fault) Error() string {
	return fmt.Sprintf("memory fault at %#x: an input file was cut off while it was read", e.Addr)
}

// Guard calls f and returns its error, or a *Fault. Each goroutine that reads mapped files needs a Guard, or is started by Go.
func Guard(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		switch r := recover().(type) {
		case nil:
		case interface{ Addr() uintptr }: // what package runtime documents for faults
			err = &Fault{r.Addr()}
		default:
			panic(r)
		}
	}()
	return f()
}

// Go calls f in another goroutine and returns a function that waits for its end. A fault of f is raised there, where Guard makes an error
// of it.
func Go(f func()) (wait func()) {
	var fault any
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { fault = recover() }()
		debug.SetPanicOnFault(true)
		f()
	}()
	return func() {
		<-done
		if fault != nil {
			panic(fault)
		}
	}
}
