// Command select is built with a select() for each attribute.
package main

import "fmt"

func main() { fmt.Println("chosen") }
