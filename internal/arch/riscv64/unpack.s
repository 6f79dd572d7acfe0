//go:build ignore

#include "textflag.h"

// Entry of a packed program. It calls start of internal/pack/unpacker, which
// unpacks the program and returns the address to continue at. Compiled Go code has
// its arguments in registers (A0 to A6)
// and may store them above its return address. The packer defines
//	__pack_header the header
//	__pack_end    the end of the payload

TEXT _start(SB), NOSPLIT|NOFRAME, $0
	MOV  X2, A0
	MOV  $__pack_header(SB), A1
	MOV  $__pack_end(SB), A2
	ADD  $-64, X2
	CALL unpacker·start(SB)
	ADD  $64, X2
	MOV  A0, T0
	MOV  ZERO, A0 // no function to call at exit
	FENCE
	WORD $0x0000100f // FENCE.I; the kernel has made caches of other harts agree
	JMP  (T0)

// func syscall(nr, a, b, c, d, e, f uintptr) uintptr
TEXT unpacker·syscall(SB), NOSPLIT|NOFRAME, $0
	MOV A0, A7
	MOV A1, A0
	MOV A2, A1
	MOV A3, A2
	MOV A4, A3
	MOV A5, A4
	MOV A6, A5
	ECALL
	RET

// func spawn(flags uintptr, w *helper, tid *uint32) uintptr
TEXT unpacker·spawn(SB), NOSPLIT|NOFRAME, $0
	MOV A1, T1
	MOV A2, A4
	MOV $220, A7 // clone
	ECALL
	BEQ ZERO, A0, child
	RET
child:
	MOV T1, A0
	ADD $-64, X2
	CALL unpacker·help(SB)
	MOV ZERO, A0
	MOV $93, A7 // exit
	ECALL
	EBREAK

// func acquire(p *uint32) uint32
TEXT unpacker·acquire(SB), NOSPLIT|NOFRAME, $0
	MOVWU (A0), A0
	FENCE
	RET
