#include "textflag.h"

// Linux/amd64 system calls: number in AX, arguments in DI, SI, DX.
#define SYS_write 1
#define SYS_exit_group 231

DATA msg<>+0(SB)/8, $"Hello, W"
DATA msg<>+8(SB)/6, $"orld!\n"
GLOBL msg<>(SB), RODATA|NOPTR, $14

// _start is where the kernel enters the program: no stack frame, no caller.
TEXT _start(SB), NOSPLIT|NOFRAME, $0
	MOVL $SYS_write, AX
	MOVL $1, DI // standard output
	LEAQ msg<>(SB), SI
	MOVL $14, DX
	SYSCALL
	XORL DI, DI
	CMPQ AX, DX // a short write is a failure
	SETNE DI
	MOVL $SYS_exit_group, AX
	SYSCALL
