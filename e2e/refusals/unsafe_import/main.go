package main

import (
	"unsafe"

	"example.com/bits"
)

func main() { println(bits.Of(1), unsafe.Sizeof(0)) }
