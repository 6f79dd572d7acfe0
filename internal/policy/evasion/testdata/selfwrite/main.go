// Selfwrite puts a system call into its own code while it runs.
package main

import (
	"os"
	"reflect"
)

func main() {
	if len(os.Args) < 100 {
		return
	}
	f, err := os.OpenFile("/proc/self/mem", os.O_WRONLY, 0)
	if err != nil {
		panic(err)
	}
	f.WriteAt([]byte{0xb8, 110, 0, 0, 0, 0x0f, 0x05, 0xc3}, int64(reflect.ValueOf(victim).Pointer()))
	victim()
}

//go:noinline
func victim() { println("unchanged") }
