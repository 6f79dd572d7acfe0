package main

import (
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"strings"
)

type adder struct{ sum int }

func (a *adder) Add(n int, more ...int) int {
	a.sum += n
	for _, m := range more {
		a.sum += m
	}
	return a.sum
}

func (a adder) Total() int { return a.sum }

func functions() {
	a := adder{1}
	method := a.Add
	expression := (*adder).Add
	var list []func(int) int
	for i := range 4 {
		list = append(list, func(n int) int { i += n; return method(i) + expression(&a, i, n) })
	}
	for round := range 2 {
		for _, f := range list {
			fmt.Print(f(round), " ")
		}
	}
	fmt.Println(a.sum)
}

func reflections() {
	a := &adder{10}
	v := reflect.ValueOf(a)
	out := v.MethodByName("Add").Call([]reflect.Value{reflect.ValueOf(1), reflect.ValueOf(2), reflect.ValueOf(3)})
	swap := reflect.MakeFunc(reflect.TypeFor[func(*int, string, [3]int) (string, *int)](), func(in []reflect.Value) []reflect.Value {
		runtime.GC()
		return []reflect.Value{in[1], in[0]}
	}).Interface().(func(*int, string, [3]int) (string, *int))
	n := 42
	s, p := swap(&n, strings.Repeat("x", 3), [3]int{})
	total := v.Elem().MethodByName("Total").Interface().(func() int)
	made := reflect.StructOf([]reflect.StructField{{Name: "X", Type: reflect.TypeFor[int]()}, {Name: "Y", Type: reflect.MapOf(reflect.TypeFor[string](), v.Type())}})
	fmt.Println(out[0], s, *p, total(), made, reflect.New(made).Elem(), v.Type().NumMethod(), reflect.TypeFor[tree[string, int]]())
}

// caught returns what f panics with.
func caught(f func()) (what any) {
	defer func() { what = recover() }()
	f()
	return nil
}

// helper is inlined, and calls recover too deep in the stack for it to do anything.
func helper() any { return recover() }

func recovers() {
	var none *adder
	var list []int
	var table map[string]int
	var value any = "text"
	for _, f := range []func(){
		func() { panic(errors.New("an error")) },
		func() { none.Total() },
		func() { _ = list[len(list)+5] },
		func() { table["x"] = 1 },
		func() { _ = value.(fmt.Stringer) },
		func() { _ = 1 / len(list) },
		func() { reflect.ValueOf(none).Elem().Field(0) },
		func() {
			defer func() { panic(fmt.Sprint("again: ", recover())) }()
			panic("first")
		},
		func() {
			defer func() { fmt.Print("helper ", helper(), "; ") }()
			panic("passed on")
		},
	} {
		fmt.Print(caught(f), "; ")
	}
	done := make(chan any)
	go func() {
		defer close(done)
		defer func() { done <- recover() }()
		defer runtime.Goexit()
		panic("replaced by Goexit")
	}()
	fmt.Println(<-done)
}
