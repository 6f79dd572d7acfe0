//go:build !amd64

package main

import "os"

//go:noinline
func calls() int { return os.Getpid() }

//go:noinline
func sum(n int) int { return n + 1 }
