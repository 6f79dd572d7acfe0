package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
)

// emulatorVariable is the environment variable with the path of the program that
// starts this one, where the kernel cannot: an emulator of its machine.
const emulatorVariable = "STRESS_EMULATOR"

// again returns a command that starts this program with an argument.
func again(arg string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], arg)
	if emulator := os.Getenv(emulatorVariable); emulator != "" {
		cmd = exec.Command(emulator, os.Args[0], arg)
	}
	return cmd
}

// processes forks and executes this program while other goroutines collect
// garbage, and replaces a process of it by itself.
func processes() {
	var wg sync.WaitGroup
	results := make([]string, 4)
	for i := range results {
		wg.Go(func() {
			cmd := again([]string{"child", "replaced", "killed", "crashed"}[i])
			cmd.Stdin = strings.NewReader("from the parent")
			var out bytes.Buffer
			cmd.Stdout = &out
			err := cmd.Run()
			n := 0
			grow(300, &n)
			results[i] = fmt.Sprintf("%s, %v", out.String(), err)
		})
	}
	wg.Wait()
	for _, r := range results {
		fmt.Println("process:", r)
	}
}

// child is what the started process does.
func child(how string) {
	var b bytes.Buffer
	must(b.ReadFrom(os.Stdin))
	fmt.Print(strings.ToUpper(b.String()))
	switch how {
	case "replaced":
		cmd := again("child")
		panic(syscall.Exec(cmd.Path, cmd.Args, os.Environ()))
	case "killed":
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
	case "crashed":
		panic("crashed")
	}
	os.Exit(3)
}
