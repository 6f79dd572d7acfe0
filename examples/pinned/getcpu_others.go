//go:build arm64 || riscv64

package main

import "syscall"

const sysGetcpu = syscall.SYS_GETCPU
