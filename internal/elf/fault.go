package elf

import "runtime/debug"

// Go calls f in another goroutine and returns a function that waits for its end. A fault of f, as of a mapped file that is cut
// off (see Map), is raised there, where the caller guards against its own.
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
