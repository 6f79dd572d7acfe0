// Attacks holds system calls that a reader of machine code is meant to overlook. It is built, never run.
package main

import (
	"os"
	"syscall"
)

func plain()
func int80()
func sysenter()
func prefixed()
func data16jcc()
func data16call()
func odd()
func middle()
func middleIf()
func header()
func pushed()
func vsyscall()
func offset()
func inside()
func farReturn()
func farJump()
func computed()
func either()
func number()
func tail()
func named()

var numbers = []uintptr{110, 39}

//go:noinline
func fromTable(i int) { syscall.RawSyscall(numbers[i], 0, 0, 0) }

var value = syscall.RawSyscall

func main() {
	if len(os.Args) < 100 {
		return
	}
	for _, f := range []func(){plain, int80, sysenter, prefixed, data16jcc, data16call, odd, middle, middleIf, header, pushed, vsyscall,
		offset, inside, farReturn, farJump, computed, either, number, tail, named} {
		f()
	}
	fromTable(len(os.Args))
	value(110, 0, 0, 0)
}
