#include "textflag.h"

// Linux/arm64 system calls: number in R8, arguments in R0, R1, R2.
#define SYS_write 64
#define SYS_exit_group 94

DATA msg<>+0(SB)/8, $"Hello, W"
DATA msg<>+8(SB)/6, $"orld!\n"
GLOBL msg<>(SB), RODATA|NOPTR, $14

// _start is where the kernel enters the program: no stack frame, no caller.
TEXT _start(SB), NOSPLIT|NOFRAME, $0
	MOVD $SYS_write, R8
	MOVD $1, R0 // standard output
	MOVD $msg<>(SB), R1
	MOVD $14, R2
	SVC
	CMP R2, R0 // a short write is a failure
	CSET NE, R0
	MOVD $SYS_exit_group, R8
	SVC
