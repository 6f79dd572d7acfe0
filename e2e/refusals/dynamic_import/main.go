// Command dynamic_import calls a function of a shared library by assembly, without cgo.
package main

import (
	"fmt"
	"os"
)

//go:cgo_import_dynamic lib_getpid getpid "libc.so.6"
//go:cgo_import_dynamic _ _ "libc.so.6"

func viaLib()

func main() {
	if len(os.Args) > 1 {
		viaLib()
	}
	fmt.Println("done")
}
