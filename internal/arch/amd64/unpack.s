//go:build ignore

#include "textflag.h"

// Entry of a packed program. It calls start of internal/pack/unpacker, which
// unpacks the program and returns the address to go on at. Compiled Go code has
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
