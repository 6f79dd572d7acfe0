// Command sections prints two sections of its own executable, and at which address the second one is.
package main

import (
	"fmt"
	"unsafe"

	"github.com/go3s/rules_go3s/examples/sections/data"
)

func main() {
	fmt.Print(data.EmbedCfg())
	motd := data.Motd()
	fmt.Printf("%#x %s", uintptr(unsafe.Pointer(unsafe.StringData(motd))), motd)
}
