#include "textflag.h"

#define SYS_write 1

// func rawWrite(fd uintptr, p unsafe.Pointer, n uintptr) int
//
// Linux on amd64: number in AX, arguments in DI, SI, DX, result in AX; CX and R11 are lost.
TEXT ·rawWrite(SB), NOSPLIT, $0-32
	MOVQ fd+0(FP), DI
	MOVQ p+8(FP), SI
	MOVQ n+16(FP), DX
	MOVQ $SYS_write, AX
	SYSCALL
	MOVQ AX, ret+24(FP)
	RET
