//go:build ignore

#include "textflag.h"

// Entry of a program at a fixed address. The kernel leaves the argument count
// and vector on the stack; main, the Go runtime's entry for C programs, wants
// them in registers.
TEXT _start(SB), NOSPLIT|NOFRAME, $0
	MOVQ 0(SP), DI
	LEAQ 8(SP), SI
	JMP  main(SB)
