// Unsafe looks for a system call in its own code and goes there, with a number that no instruction holds.
package main

import (
	"os"
	"reflect"
	"unsafe"
)

func main() {
	if len(os.Args) < 100 {
		return
	}
	at := reflect.ValueOf(os.Exit).Pointer()
	for *(*[2]byte)(unsafe.Pointer(at)) != [2]byte{0x0f, 0x05} {
		at--
	}
	f := &[1]uintptr{at}
	(*(*func(number uintptr))(unsafe.Pointer(&f)))(110)
}
