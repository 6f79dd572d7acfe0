//go:build ignore

#include "textflag.h"

// Entry of a packed program. It calls start of internal/pack/unpacker, which
// unpacks the program and returns the address to continue at. Compiled Go code has
// its arguments in registers (R0 to R6)
// and may store them above its return address. The packer defines
//	__pack_header the header
//	__pack_end    the end of the payload

TEXT _start(SB), NOSPLIT|NOFRAME, $0
	MOVD RSP, R0
	MOVD $__pack_header(SB), R1
	MOVD $__pack_end(SB), R2
	SUB  $64, RSP
	BL   unpacker·start(SB)
	ADD  $64, RSP
	MOVD R0, R16
	MOVD ZR, R0 // no function to call at exit
	ISB  $15    // the kernel has made caches agree when code became executable
	B    (R16)

// func syscall(nr, a, b, c, d, e, f uintptr) uintptr
TEXT unpacker·syscall(SB), NOSPLIT|NOFRAME, $0
	MOVD R0, R8
	MOVD R1, R0
	MOVD R2, R1
	MOVD R3, R2
	MOVD R4, R3
	MOVD R5, R4
	MOVD R6, R5
	SVC
	RET

// func spawn(flags uintptr, w *helper, tid *uint32) uintptr
TEXT unpacker·spawn(SB), NOSPLIT|NOFRAME, $0
	MOVD R1, R9
	MOVD R2, R4
	MOVD $220, R8 // clone
	SVC
	CBZ  R0, child
	RET
child:
	MOVD R9, R0
	SUB  $64, RSP
	BL   unpacker·help(SB)
	MOVD ZR, R0
	MOVD $93, R8 // exit
	SVC
	BRK

// func acquire(p *uint32) uint32
TEXT unpacker·acquire(SB), NOSPLIT|NOFRAME, $0
	LDARW (R0), R0
	RET
