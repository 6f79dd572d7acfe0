// A program that prints its own memory map, after making the runtime work: garbage
// collection walks the data of every package, a panic walks the tables.
package main

import (
	"fmt"
	"os"
	"runtime"
)

var words = map[string][]string{"a": {"b"}}

//go:noinline
func inner(n int) int {
	if n == 0 {
		runtime.GC()
		panic(words)
	}
	return inner(n-1) + 1
}

func main() {
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		panic(err)
	}
	fmt.Print(string(maps))
	defer func() { fmt.Println("recovered", recover()) }()
	inner(3)
}
