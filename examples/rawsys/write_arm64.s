#include "textflag.h"

#define SYS_write 64

// func rawWrite(fd uintptr, p unsafe.Pointer, n uintptr) int
//
// Linux on arm64: number in R8, arguments in R0, R1, R2, result in R0.
TEXT ·rawWrite(SB), NOSPLIT, $0-32
	MOVD fd+0(FP), R0
	MOVD p+8(FP), R1
	MOVD n+16(FP), R2
	MOVD $SYS_write, R8
	SVC
	MOVD R0, ret+24(FP)
	RET
