package main

import "example.com/refusals/cgo_left_out/c"

func main() { println(c.Name()) }
