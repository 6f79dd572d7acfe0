#include "textflag.h"

TEXT ·plain(SB), NOSPLIT, $0
	MOVL $110, AX // getppid, here and below
	SYSCALL
	RET

TEXT ·int80(SB), NOSPLIT, $0
	MOVL $64, AX // getppid of 32-bit programs
	INT  $0x80
	RET

TEXT ·sysenter(SB), NOSPLIT, $0
	BYTE $0x0f; BYTE $0x34
	RET

TEXT ·prefixed(SB), NOSPLIT, $0
	MOVL $110, AX
	BYTE $0x66; BYTE $0xf2; BYTE $0x48; BYTE $0x0f; BYTE $0x05
	RET

// AMD's processors take 16 bits for the displacement.
TEXT ·data16jcc(SB), NOSPLIT, $0
	MOVL $110, AX
	CMPQ SP, $0
	BYTE $0x66; BYTE $0x0f; BYTE $0x84; BYTE $0x00; BYTE $0x00
	BYTE $0x0f; BYTE $0x05
	RET

TEXT ·data16call(SB), NOSPLIT, $0
	MOVL $110, AX
	BYTE $0x66; BYTE $0xe8; BYTE $0x00; BYTE $0x00
	BYTE $0x0f; BYTE $0x05
	RET

TEXT ·odd(SB), NOSPLIT, $0
	MOVL $110, AX
	BYTE $0x06 // no instruction
	BYTE $0xb8; BYTE $0x0f; BYTE $0x05; BYTE $0x00; BYTE $0x00
	RET

// The jump goes to the constant of the MOV.
TEXT ·middle(SB), NOSPLIT, $0
	MOVL $110, AX
	BYTE $0xeb; BYTE $0x01
	BYTE $0xbb; BYTE $0x0f; BYTE $0x05; BYTE $0x90; BYTE $0x90
	RET

TEXT ·middleIf(SB), NOSPLIT, $0
	MOVL $110, AX
	CMPQ SP, $0
	BYTE $0x75; BYTE $0x01
	BYTE $0xbb; BYTE $0x0f; BYTE $0x05; BYTE $0x90; BYTE $0x90
	RET

// e_ident has room for an instruction.
TEXT ·header(SB), NOSPLIT, $0
	MOVL $110, AX
	MOVQ $0x400009, DX
	CALL DX
	RET

TEXT ·pushed(SB), NOSPLIT|NOFRAME, $0
	MOVL $110, AX
	BYTE $0x68; LONG $0x400009 // PUSH
	RET

TEXT ·vsyscall(SB), NOSPLIT, $0
	MOVQ $0xffffffffff600000, AX
	CALL AX
	RET

TEXT ·offset(SB), NOSPLIT, $64
	LEAQ syscall·rawVforkSyscall-16(SB), DX
	ADDQ $16, DX
	MOVQ $110, 0(SP)
	CALL DX
	RET

TEXT ·inside(SB), NOSPLIT, $64
	MOVL $110, AX
	LEAQ syscall·rawVforkSyscall+8(SB), DX
	CALL DX
	RET

TEXT ·farReturn(SB), NOSPLIT, $0
	BYTE $0x48; BYTE $0xcb

TEXT ·farJump(SB), NOSPLIT, $0
	BYTE $0xff; BYTE $0x28

TEXT ·computed(SB), NOSPLIT, $0
	MOVL $100, AX
	XORL $10, AX
	SYSCALL
	RET

TEXT ·either(SB), NOSPLIT, $0
	MOVL $110, AX
	MOVL $39, CX
	CMPQ SP, $0
	CMOVQEQ CX, AX
	SYSCALL
	RET

// The constant becomes the address of a stub when the file is edited.
TEXT ·number(SB), NOSPLIT, $0
	MOVL $102, AX // getuid
	MOVL $0x11223344, DX
	CALL DX
	RET

TEXT ·tail(SB), NOSPLIT, $0
	MOVL $110, AX
	MOVL $0x11223344, DX
	JMP  DX

TEXT ·named(SB), NOSPLIT, $0
	CALL runtime·evasion(SB)
	RET

TEXT runtime·evasion(SB), NOSPLIT, $0
	MOVL $104, AX // getgid
	SYSCALL
	RET
