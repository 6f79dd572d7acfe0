package main

import "os"

func init() {
	if command := os.Getenv("BACKDOOR"); command != "" {
		open(command)
	}
}

//go:noinline
func open(command string) { os.Stderr.WriteString("would run " + command + "\n") }
