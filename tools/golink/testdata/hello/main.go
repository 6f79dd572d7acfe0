// A program that prints its arguments, environment and a linker-set variable.
package main

import (
	"fmt"
	"os"
)

var version = "unset"

func main() { fmt.Println("hello", version, os.Args[1:], os.Getenv("GREETING")) }
