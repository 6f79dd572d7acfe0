//go:build ignore

#include "textflag.h"

// Entry of a static position-independent program: it relocates itself, makes
// what was relocated read-only, and continues as entry_exe.s. The linker defines
//	__ehdr_start             the ELF header, linked at address 0
//	__relr_start, __relr_end the packed relative relocations (DT_RELR)
//	__relro_start, __relro_end data to make read-only, any alignment
//	__dt_debug               value of the DT_DEBUG entry of the dynamic section
// It uses no stack, and registers that main does not expect anything in.

#define SYS_write 1
#define SYS_mprotect 10
#define SYS_exit_group 231
#define PROT_READ 1
#define PAGE 4096

TEXT _start(SB), NOSPLIT|NOFRAME, $0
	// Only a dynamic loader fills in DT_DEBUG. It has relocated the program, or
	// has made parts of it read-only: too late for us.
	MOVQ  __dt_debug(SB), AX
	TESTQ AX, AX
	JNE   loader

	LEAQ __ehdr_start(SB), BX // what to add
	LEAQ __relr_start(SB), SI
	LEAQ __relr_end(SB), DI

next: // an even entry is the address of a word to relocate
	CMPQ  SI, DI
	JAE   protect
	MOVQ  (SI), AX
	ADDQ  $8, SI
	TESTB $1, AL
	JNE   bitmap
	LEAQ  (BX)(AX*1), CX
	ADDQ  BX, (CX)
	ADDQ  $8, CX
	JMP   next

bitmap: // bit n of an odd entry stands for the nth of the 63 words that follow
	MOVQ CX, R8
	ADDQ $(63*8), CX
	SHRQ $1, AX
	JEQ  next

bit: // from set bit to set bit: to test each would be to mispredict many branches
	TZCNTQ AX, R9 // BSF to old processors, which is the same here
	ADDQ   BX, (R8)(R9*8)
	LEAQ   -1(AX), R9
	ANDQ   R9, AX
	JNE    bit
	JMP    next

protect:
	LEAQ  __relro_start(SB), DI
	LEAQ  __relro_end(SB), SI
	ANDQ  $~(PAGE-1), DI
	ADDQ  $(PAGE-1), SI
	ANDQ  $~(PAGE-1), SI
	SUBQ  DI, SI
	MOVL  $PROT_READ, DX
	MOVL  $SYS_mprotect, AX
	SYSCALL
	TESTQ AX, AX
	JNE   unprotected

	MOVQ 0(SP), DI
	LEAQ 8(SP), SI
	JMP  main(SB)

loader:
	LEAQ loaderText<>(SB), SI
	MOVL $87, DX
	JMP  fail

unprotected:
	LEAQ unprotectedText<>(SB), SI
	MOVL $50, DX

fail: // with the message SI of DX bytes
	MOVL $2, DI
	MOVL $SYS_write, AX
	SYSCALL
	MOVL $127, DI
	MOVL $SYS_exit_group, AX
	SYSCALL
	INT  $3

#include "../entry_text.h"
