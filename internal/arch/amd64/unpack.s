//go:build ignore

#include "textflag.h"

// Entry of a packed program. It calls start of internal/pack/unpacker, which
// unpacks the program and returns the address to continue at. Compiled Go code has
// its arguments in registers (AX, BX, CX, DI, SI, R8, R9), expects zero in X15
// and may store them above its return address. The packer defines
//	__pack_header the header
//	__pack_end    the end of the payload

TEXT _start(SB), NOSPLIT|NOFRAME, $0
	MOVQ  SP, AX
	LEAQ  __pack_header(SB), BX
	LEAQ  __pack_end(SB), CX
	XORPS X15, X15
	SUBQ  $64, SP
	CALL  unpacker·start(SB)
	ADDQ  $64, SP
	XORL  DX, DX // no function to call at exit (ABI, 3.4.1)
	JMP   AX

// func syscall(nr, a, b, c, d, e, f uintptr) uintptr
TEXT unpacker·syscall(SB), NOSPLIT|NOFRAME, $0
	MOVQ DI, DX
	MOVQ SI, R10
	MOVQ BX, DI
	MOVQ CX, SI
	SYSCALL
	RET

// func spawn(flags uintptr, w *helper, tid *uint32) uintptr
TEXT unpacker·spawn(SB), NOSPLIT|NOFRAME, $0
	MOVQ AX, DI
	MOVQ BX, SI // the stack, below w
	MOVQ CX, DX
	MOVQ CX, R10
	MOVQ BX, R12
	MOVL $56, AX // clone
	SYSCALL
	TESTQ AX, AX
	JNE  parent
	MOVQ R12, AX
	SUBQ $64, SP
	CALL unpacker·help(SB)
	XORL DI, DI
	MOVL $60, AX // exit
	SYSCALL
	INT  $3
parent:
	RET

// func acquire(p *uint32) uint32
TEXT unpacker·acquire(SB), NOSPLIT|NOFRAME, $0
	MOVL (AX), AX
	RET
