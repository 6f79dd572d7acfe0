// Command program uses what depends on the tables that the tools read and write. With the argument "work" it prints
// want.txt, and want_go1.27.txt where the release has what is new in it; with "panic" it crashes.
package main

import (
	"fmt"
	"os"
)

// newer does what only newer releases of Go compile.
var newer = func() {}

func main() {
	switch os.Args[1] {
	case "work":
		generics()
		functions()
		reflections()
		recovers()
		goroutines()
		clocks()
		overHTTP()
		newer()
	case "panic":
		crash(os.Args[1])
	}
}

func check(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}
