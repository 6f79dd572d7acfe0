#include "textflag.h"

// Linux/riscv64 system calls: number in A7, arguments in A0, A1, A2.
#define SYS_write 64
#define SYS_exit_group 94

DATA msg<>+0(SB)/8, $"Hello, W"
DATA msg<>+8(SB)/6, $"orld!\n"
GLOBL msg<>(SB), RODATA|NOPTR, $14

// _start is where the kernel enters the program: no stack frame, no caller.
TEXT _start(SB), NOSPLIT|NOFRAME, $0
	MOV $SYS_write, A7
	MOV $1, A0 // standard output
	MOV $msg<>(SB), A1
	MOV $14, A2
	ECALL
	SUB A2, A0 // a short write is a failure
	SNEZ A0, A0
	MOV $SYS_exit_group, A7
	ECALL
