//go:build ignore

#include "textflag.h"

// Entry of a program at a fixed address. The kernel leaves the argument count
// and vector on the stack; main, the Go runtime's entry for C programs, wants
// them in registers.
TEXT _start(SB), NOSPLIT|NOFRAME, $0
	MOV 0(X2), A0
	ADD $8, X2, A1
	MOV $main(SB), T0 // a direct jump reaches 1 MB only
	JMP (T0)
