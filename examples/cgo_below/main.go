// Command cgo_below is a counter-example: nothing in this file shows it, but three packages down
// it needs a C compiler and libc. The rules refuse to build it and name the way down; see BUILD.bazel.
package main

import (
	"fmt"

	"github.com/go3s/rules_go3s/examples/cgo_below/a"
)

func main() {
	fmt.Println(a.Length("three levels down"))
}
