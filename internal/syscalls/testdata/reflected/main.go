// Reflected makes a system call by a method that only reflection calls, with a number that comes from outside.
package main

import (
	"fmt"
	"os"
	"reflect"
	"syscall"
)

type counter struct{ n int }

//go:noinline
func (counter) Hidden(number uintptr) {
	_, _, errno := syscall.RawSyscall(number, 0, 0, 0)
	fmt.Println(number, errno)
}

func main() {
	if len(os.Args) > 1 {
		if m := reflect.ValueOf(counter{1}).MethodByName(os.Args[1]); m.IsValid() {
			m.Call([]reflect.Value{reflect.ValueOf(uintptr(len(os.Args) + 100))})
		}
		return
	}
	counter{}.Hidden(171)
}
