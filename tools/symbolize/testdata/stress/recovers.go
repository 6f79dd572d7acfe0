package main

import (
	"fmt"
	"reflect"
)

// Where recover works depends on how many frames that are no wrappers lie between
// it and the panic (runtime.gorecover). The methods below call it from where the
// compiler makes wrappers around it: for embedding, interfaces, method values and
// defer statements. Those that are small are inlined into their wrappers.

type catcher struct{ caught any }

func (c *catcher) Catch() { c.caught = recover() }

//go:noinline
func (c *catcher) CatchFar() { c.caught = recover() }

// catchDeep recovers two calls away from where it is deferred, and so never.
func (c *catcher) CatchDeep() { c.Catch() }

func (c *catcher) CatchBoth() {
	c.CatchFar()
	c.caught = recover()
}

// A holder has the methods of catcher by wrappers.
type holder struct {
	n int
	*catcher
}

type outerHolder struct{ holder }

// A valueCatcher's methods are called by wrappers when the receiver is a pointer.
type valueCatcher struct{ to *any }

func (v valueCatcher) Catch()     { *v.to = recover() }
func (v valueCatcher) CatchFar()  { v.far() }
func (v valueCatcher) CatchDeep() { func() { *v.to = recover() }() }
func (v valueCatcher) CatchBoth() { defer recover(); *v.to = recover() }

//go:noinline
func (v valueCatcher) far() { *v.to = recover() }

type catching interface {
	Catch()
	CatchFar()
	CatchDeep()
	CatchBoth()
}

type generic[T any] struct{ to *any }

func (g generic[T]) Catch()     { *g.to = recover() }
func (g generic[T]) CatchFar()  { var t T; *g.to = fmt.Sprint(recover(), t) }
func (g generic[T]) CatchDeep() { catchFor[T](g.to) }
func (g generic[T]) CatchBoth() { catchFor[T](g.to); *g.to = recover() }

func catchFor[T any](to *any) { *to = recover() }

// callCatch is inlined, so that a wrapper is called from inlined code.
func callCatch(c catching)    { c.Catch() }
func callCatchFar(c catching) { c.CatchFar() }
func callTwice(c catching)    { callCatch(c); callCatchFar(c) }

// guarded panics in f, which defers what recovers or does not.
func guarded(f func()) (outer any) {
	defer func() { outer = recover() }()
	f()
	return nil
}

// each is an iterator, to defer from the body of a loop over it.
func each(yield func(int) bool) {
	for i := range 2 {
		if !yield(i) {
			return
		}
	}
}

// defers are the ways to defer a method of c; each panics.
var defers = []func(c catching){
	func(c catching) { defer c.Catch(); panic("x") },
	func(c catching) { defer c.CatchFar(); panic("x") },
	func(c catching) { defer c.CatchDeep(); panic("x") },
	func(c catching) { defer c.CatchBoth(); panic("x") },
	func(c catching) { f := c.Catch; defer f(); panic("x") },
	func(c catching) { f := catching.Catch; defer f(c); panic("x") },
	func(c catching) { defer func() { c.Catch() }(); panic("x") },
	func(c catching) { defer func() { callCatch(c) }(); panic("x") },
	func(c catching) { defer callCatch(c); panic("x") },
	func(c catching) { defer callCatchFar(c); panic("x") },
	func(c catching) { defer callTwice(c); panic("x") },
	func(c catching) { defer func() { callTwice(c) }(); panic("x") },
	func(c catching) { defer func() { defer c.Catch() }(); panic("x") },
	func(c catching) { defer func() { defer callCatch(c) }(); panic("x") },
	func(c catching) { defer func() { defer c.Catch(); panic("y") }(); panic("x") },
	func(c catching) { defer func() { func() { defer callTwice(c); panic("y") }() }(); panic("x") },
	func(c catching) {
		for range 3 {
			defer c.Catch() // on the heap
		}
		panic("x")
	},
	func(c catching) {
		for i := range each {
			defer callCatch(c)
			defer c.CatchFar()
			if i == 1 {
				panic("x")
			}
		}
	},
	func(c catching) { defer reflect.ValueOf(c).Method(0).Call(nil); panic("x") },
	func(c catching) { defer reflect.ValueOf(c.Catch).Call(nil); panic("x") },
	func(c catching) { f := reflect.ValueOf(c).Method(0).Interface().(func()); defer f(); panic("x") },
	func(c catching) {
		f := reflect.MakeFunc(reflect.TypeFor[func()](), func([]reflect.Value) []reflect.Value { c.Catch(); return nil }).Interface().(func())
		defer f()
		panic("x")
	},
	func(catching) { defer recover(); panic("x") },
	func(catching) { defer func() { defer recover() }(); panic("x") },
	func(c catching) {
		defer func() {
			for range 2 {
				defer recover()
			}
			callTwice(c)
		}()
		panic("x")
	},
	func(c catching) { defer callCatch(c); var p *point; load(p) },
	func(c catching) { defer c.Catch(); index(nil, 3) },
	func(c catching) {
		done := make(chan bool)
		go func() {
			defer close(done)
			defer func() { recover() }()
			defer callTwice(c)
			defer c.Catch()
			panic("x")
		}()
		<-done
	},
}

// recovers tries all of them with receivers of which the compiler makes different
// wrappers.
func recovers() {
	var to any
	for _, receiver := range []func() catching{
		func() catching { return &catcher{} },
		func() catching { return holder{1, &catcher{}} },
		func() catching { return &holder{1, &catcher{}} },
		func() catching { return &outerHolder{holder{1, &catcher{}}} },
		func() catching { return valueCatcher{&to} },
		func() catching { return &valueCatcher{&to} },
		func() catching { return struct{ *valueCatcher }{&valueCatcher{&to}} },
		func() catching { return generic[int]{&to} },
		func() catching { return &generic[string]{&to} },
		func() catching { return struct{ catching }{&holder{1, &catcher{}}} },
	} {
		for i, f := range defers {
			to = nil
			c := receiver()
			outer := guarded(func() { f(c) })
			caught := to
			switch c := c.(type) {
			case *catcher:
				caught = c.caught
			case holder:
				caught = c.caught
			case *holder:
				caught = c.caught
			case *outerHolder:
				caught = c.caught
			}
			fmt.Printf("recover %T %d: %v %v\n", c, i, caught, outer)
		}
	}
}
