//go:build unix

package inputfile

import "syscall"

// nonblock keeps open(2) from waiting for a writer, and a terminal from becoming the process' own.
const nonblock = syscall.O_NONBLOCK | syscall.O_NOCTTY
