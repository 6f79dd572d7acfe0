package main

import "os"

//go:noinline
func calls() int { return os.Getppid() }

//go:noinline
func sum(n int) int { return n - 1 }
