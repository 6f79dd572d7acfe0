// Command cgo_optional uses, three packages down, a package that has one implementation in C and one in Go.
package main

import (
	"fmt"

	"github.com/go3s/rules_go3s/examples/cgo_optional/a"
)

func main() {
	fmt.Println(a.Length("three levels down"))
}
