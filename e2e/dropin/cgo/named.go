// Command cgo depends on a package that nothing but cgo compiles. As with the go command, that matters only where
// a file that is compiled imports it.
package main

import "fmt"

func main() { fmt.Println("no need of it") }
