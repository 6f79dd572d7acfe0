// Language uses what a linker must treat in a way of its own: methods found by interfaces, by reflection and by generic code,
// initialization of maps, variables and functions that several packages define, go:linkname, assembly, large and thread-local data.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"os"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"text/template"
	"time"
	_ "unsafe" // for go:linkname
)

var (
	version = "none"
	unused  = "none"
	empty   = "not empty"
	unset   string
)

// pruned is initialized by a function that nothing needs.
var pruned = map[string]func() int{"a": func() int { return 1 }, "b": func() int { return 2 }, "c": func() int { return len(os.Args) }}

var kept = map[string][]int{"one": {1}, "two": {1, 2}, "three": {1, 2, 3}}

var (
	zeroed  [1 << 20]byte
	matrix  [100][7]*int
	records [50]struct {
		n    int
		next *int
		name string
		f    func()
		pad  [3]uintptr
		m    map[string]int
	}
	initialized = [3]struct {
		p *[1 << 20]byte
		s string
	}{{&zeroed, "x"}, {nil, "y"}, {&zeroed, "z"}}
)

type number interface{ ~int | ~float64 }

type pair[K comparable, V any] struct {
	key   K
	value V
}

func (p pair[K, V]) String() string { return fmt.Sprintf("%v=%v", p.key, p.value) }

func (p pair[K, V]) Swap() pair[K, V] { return p }

func sum[T number](seq iter.Seq[T]) (total T) {
	for v := range seq {
		total += v
	}
	return total
}

type shape interface {
	Area() float64
	name() string
}

type square struct{ side float64 }

func (s square) Area() float64   { return s.side * s.side }
func (s square) name() string    { return "square" }
func (s *square) Grow(d float64) { s.side += d }
func (s square) Unused() int     { return 1 }

type circle struct {
	square
	sync.Mutex
}

func (c *circle) Area() float64 { return 3 * c.side }

//go:linkname nanotime runtime.nanotime
func nanotime() int64

func deferred() (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("recovered: %v", r)
		}
	}()
	var m map[string]int
	m["x"] = 1
	return errors.New("not reached")
}

func main() {
	for k := range maps.Keys(kept) {
		_ = k
	}
	fmt.Println(version, empty, unset == "", sum(slices.Values([]float64{1, 2})), pair[string, int]{"a", 1}, deferred())
	for _, s := range []shape{square{2}, &circle{square: square{3}}} {
		fmt.Println(s.Area(), s.name())
	}
	v := reflect.ValueOf(&square{1})
	if m := v.MethodByName(strings.TrimSpace(" Grow ")); m.IsValid() {
		m.Call([]reflect.Value{reflect.ValueOf(1.5)})
	}
	fmt.Println(reflect.TypeOf(initialized).Size(), v.Elem().Field(0), len(matrix), len(records), runtime.NumGoroutine())
	b, err := json.Marshal(struct {
		A []pair[int, string]
		T time.Duration
	}{[]pair[int, string]{{1, "x"}}, 3})
	fmt.Println(string(b), err, nanotime() > 0)
	template.Must(template.New("t").Parse("{{.Area}}\n")).Execute(os.Stdout, square{4})
	matrix[1][2] = new(int)
	records[3].f = func() {}
	zeroed[7]++
}
