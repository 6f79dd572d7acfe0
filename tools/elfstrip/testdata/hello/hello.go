// Hello is the program that elfstrip's tests strip and run. It does what goes
// wrong when a runtime table is damaged: it collects garbage, walks its stack
// and recovers from a fault.
package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
)

type node struct{ next *node }

func main() {
	var list *node
	for range 100000 {
		list = &node{list}
	}
	runtime.GC()
	fmt.Println("recovered:", fault(nil))
	_, file, line, ok := runtime.Caller(0)
	fmt.Println("caller:", file != "", line > 0, ok)
	info, ok := debug.ReadBuildInfo()
	fmt.Println("build info:", ok && info.GoVersion == runtime.Version())
	fmt.Fprintln(os.Stderr, "hello", runtime.GOARCH)
	runtime.KeepAlive(list)
}

func fault(n *node) (err any) {
	defer func() { err = recover() }()
	return n.next
}
