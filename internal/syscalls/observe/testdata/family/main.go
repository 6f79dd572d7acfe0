// Command family starts the programs in its arguments; without any, it is a child.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

var name = "program"

func main() {
	if len(os.Args) == 1 {
		syscall.Getpgid(0)
		fmt.Println(name, "child")
		return
	}
	syscall.RawSyscall(syscall.SYS_GETSID, 0, 0, 0)
	for _, path := range os.Args[1:] {
		cmd := exec.Command(path)
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		if err := cmd.Run(); err != nil {
			fmt.Println(err)
		}
	}
	os.Exit(7)
}
