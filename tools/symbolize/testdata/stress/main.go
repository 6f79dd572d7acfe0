// Command stress does what depends on the tables of the Go runtime. With the
// argument "work" it prints the same whatever tracebacks can tell; with others it
// crashes, or writes a profile to standard output.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"reflect"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"time"
)

type point struct{ x, y int }

// Sum has a value receiver: calling it through a nil pointer panics in a wrapper.
func (p point) Sum() int { return p.x + p.y }

type summer interface{ Sum() int }

// deferred returns what f panics with.
func deferred(f func()) (caught any) {
	c := &catcher{}
	func() {
		defer c.Catch()
		f()
	}()
	return c.caught
}

// helper is inlined, so that recover is two calls away and does nothing.
func helper() any { return recover() }

func indirect() (recovered any) {
	defer func() {
		if r := recover(); r != nil && recovered == nil {
			recovered = "outer"
		}
	}()
	defer func() { recovered = helper() }()
	panic("x")
}

//go:noinline
func index(s []int, i int) int { return s[i] }

//go:noinline
func slice(s []int, i, j int) []int { return s[i:j] }

//go:noinline
func divide(a, b int) int { return a / b }

//go:noinline
func load(p *point) int { return p.y }

func failures() {
	var m map[string]int
	var e error
	var nilPoint *point
	var s summer = nilPoint
	var any any = "text"
	for i, f := range []func(){
		func() { panic("text") },
		func() { panic(errors.New("an error")) },
		func() { index([]int{1, 2}, 5) },
		func() { index(nil, -1) },
		func() { slice(make([]int, 3), 2, 9) },
		func() { slice(make([]int, 3), 3, 1) },
		func() { divide(1, 0) },
		func() { load(nil) },
		func() { m["x"] = 1 },
		func() { _ = any.(int) },
		func() { _ = e.Error() },
		func() { s.Sum() },
		func() { reflect.ValueOf(1).Elem() },
		func() { var c chan int; close(c) },
		func() { _ = make([]int, divide(-1, 1)) },
		func() { _ = [4]int(slice(make([]int, 3), 0, 2)) },
	} {
		text := fmt.Sprint(deferred(f))
		if _, _, ok := strings.Cut(text, "value method "); ok {
			text = "value method called using nil pointer" // it names type and method
		}
		fmt.Println(i, text)
	}
	fmt.Println("indirect", indirect())
}

// grow needs a deep stack, with pointers into itself.
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

func madeFunc() int {
	swap := reflect.MakeFunc(reflect.TypeFor[func(string, *int, [3]int) (*int, string)](), func(in []reflect.Value) []reflect.Value {
		runtime.GC()
		n := 0
		grow(200, &n)
		debug.FreeOSMemory()
		return []reflect.Value{in[1], in[0]}
	}).Interface().(func(string, *int, [3]int) (*int, string))
	total := 0
	for i := range 20 {
		n := new(int)
		*n = i
		p, s := swap(strings.Repeat("x", i), n, [3]int{i})
		total += *p + len(s)
	}
	method := reflect.ValueOf(point{3, 4}).MethodByName("Sum").Interface().(func() int)
	return total + method()
}

// spin never calls: only a signal can stop it.
func spin(stop *bool, out *int) {
	n := 0
	for !*stop {
		n++
		if n == 1<<62 {
			break
		}
	}
	*out = n
}

func preempt() {
	stop, out := false, 0
	for range 2 {
		go spin(&stop, &out)
	}
	for range 5 {
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
	fmt.Println("preempted")
}

func finalizers() {
	done := make(chan string)
	func() {
		p := &point{1, 2}
		runtime.SetFinalizer(p, func(p *point) { done <- fmt.Sprint("finalized ", p.Sum()) })
	}()
	for {
		runtime.GC()
		select {
		case s := <-done:
			fmt.Println(s)
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func signals() {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGUSR1)
	syscall.Kill(os.Getpid(), syscall.SIGUSR1)
	fmt.Println(<-c)
}

func goroutines() {
	var wg sync.WaitGroup
	results := make([]int, 50)
	for i := range results {
		wg.Go(func() {
			n := 0
			grow(50+i, &n)
			results[i] = n
		})
	}
	wg.Wait()
	fmt.Println(results)
}

func goexit() {
	done := make(chan string, 1)
	go func() {
		defer func() { done <- fmt.Sprint("goexit ", recover()) }()
		defer func() { runtime.Goexit() }()
		panic("replaced")
	}()
	fmt.Println(<-done)
}

func work() {
	debug.SetGCPercent(1)
	failures()
	recovers()
	reflections()
	n := 0
	fmt.Println(grow(20000, &n), n)
	fmt.Println(madeFunc())
	finalizers()
	signals()
	goroutines()
	goexit()
	debug.SetGCPercent(20) // a handshake at 1 takes seconds under an emulator
	overTLS()
	processes()
	preempt()
}

// The chain below is inlined into its caller but for the last.

//go:noinline
func fail(kind string) {
	switch kind {
	case "panic":
		panic("planned")
	case "nil":
		load(nil)
	case "index":
		index([]int{1}, len(kind))
	case "wrapper":
		var p *point
		var s summer = p
		s.Sum()
	case "fatal":
		var m sync.Mutex
		m.Unlock()
	case "quit":
		started := make(chan bool)
		for range 3 {
			go waiter(started)
			<-started
		}
		for parked() < 3 {
			time.Sleep(time.Millisecond)
		}
		syscall.RawSyscall(syscall.SYS_TGKILL, uintptr(os.Getpid()), uintptr(syscall.Gettid()), uintptr(syscall.SIGQUIT))
		time.Sleep(time.Hour)
	case "deep":
		overflow(kind, 0)
	case "stack":
		debug.SetMaxStack(1 << 16)
		grow(1<<20, new(int))
	case "deadlock":
		<-make(chan int)
	case "map":
		var m map[string]int
		m[kind]++ // panics in internal/runtime/maps
	case "other goroutine":
		go outer("panic")
		time.Sleep(time.Hour)
	}
}

// parked returns how many goroutines wait for ever.
func parked() int {
	b := make([]byte, 1<<20)
	return strings.Count(string(b[:runtime.Stack(b, true)]), "[select (no cases)]")
}

//go:noinline
func waiter(started chan<- bool) {
	started <- true
	select {}
}

//go:noinline
func overflow(s string, n int) int {
	if n == 150 {
		fail("index")
	}
	return overflow(s, n+1) + 1
}

func middle[T any](kind T) { fail(any(kind).(string)) }

func outer(kind string) {
	defer func() {
		if r := recover(); r != nil {
			panic(fmt.Sprint("again: ", r))
		}
	}()
	func() { middle(kind) }()
}

func main() {
	switch what := os.Args[1]; what {
	case "work":
		work()
	case "child", "replaced", "killed", "crashed":
		child(what)
	case "cpu", "heap", "goroutine":
		profile(what)
	default:
		outer(what)
	}
}
