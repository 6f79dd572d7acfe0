#include "textflag.h"

#define SYS_write 64

// func rawWrite(fd uintptr, p unsafe.Pointer, n uintptr) int
//
// Linux on riscv64: number in A7, arguments in A0, A1, A2, result in A0.
TEXT ·rawWrite(SB), NOSPLIT, $0-32
	MOV fd+0(FP), A0
	MOV p+8(FP), A1
	MOV n+16(FP), A2
	MOV $SYS_write, A7
	ECALL
	MOV A0, ret+24(FP)
	RET
