//go:build ignore

#include "textflag.h"

// Entry of a static position-independent program: it relocates itself, makes
// what was relocated read-only, and continues as entry_exe.s. The linker defines
//	__ehdr_start             the ELF header, linked at address 0
//	__relr_start, __relr_end the packed relative relocations (DT_RELR)
//	__relro_start, __relro_end data to make read-only, any alignment
//	__dt_debug               value of the DT_DEBUG entry of the dynamic section
// It uses no stack, and registers that main does not expect anything in.

#define SYS_write 64
#define SYS_exit_group 94
#define SYS_mprotect 226
#define PROT_READ 1
#define AT_PAGESZ 6

TEXT _start(SB), NOSPLIT|NOFRAME, $0
	// Only a dynamic loader fills in DT_DEBUG. It has relocated the program, or
	// has made parts of it read-only: too late for us.
	MOVD $__dt_debug(SB), R0
	MOVD (R0), R0
	CBNZ R0, loader

	MOVD $__ehdr_start(SB), R9 // what to add
	MOVD $__relr_start(SB), R10
	MOVD $__relr_end(SB), R11

next: // an even entry is the address of a word to relocate
	CMP    R11, R10
	BHS    protect
	MOVD.P 8(R10), R12
	TBNZ   $0, R12, bitmap
	ADD    R9, R12, R13
	MOVD   (R13), R14
	ADD    R9, R14, R14
	MOVD.P R14, 8(R13)
	B      next

bitmap: // bit n of an odd entry stands for the nth of the 63 words that follow
	MOVD R13, R15
	ADD  $(63*8), R13, R13
	LSR  $1, R12, R12
	CBZ  R12, next

bit: // from set bit to set bit: to test each would be to mispredict many branches
	RBIT R12, R16
	CLZ  R16, R16
	MOVD (R15)(R16<<3), R14
	ADD  R9, R14, R14
	MOVD R14, (R15)(R16<<3)
	SUB  $1, R12, R16
	ANDS R16, R12, R12
	BNE  bit
	B    next

protect: // kernels differ in page size: find it in the auxiliary vector
	MOVD 0(RSP), R12
	ADD  $16, RSP, R13 // past the argument count and the vector's final nil
	ADD  R12<<3, R13, R13

environ:
	MOVD.P 8(R13), R14
	CBNZ   R14, environ

auxv:
	LDP.P 16(R13), (R14, R15)
	CBZ   R14, unprotected
	CMP   $AT_PAGESZ, R14
	BNE   auxv

	MOVD $__relro_start(SB), R0
	MOVD $__relro_end(SB), R1
	SUB  $1, R15, R14
	BIC  R14, R0, R0
	ADD  R14, R1, R1
	BIC  R14, R1, R1
	SUB  R0, R1, R1
	MOVD $PROT_READ, R2
	MOVD $SYS_mprotect, R8
	SVC
	CBNZ R0, unprotected

	MOVD 0(RSP), R0
	ADD  $8, RSP, R1
	B    main(SB)

loader:
	MOVD $loaderText<>(SB), R1
	MOVD $87, R2
	B    fail

unprotected:
	MOVD $unprotectedText<>(SB), R1
	MOVD $50, R2

fail: // with the message R1 of R2 bytes
	MOVD $2, R0
	MOVD $SYS_write, R8
	SVC
	MOVD $127, R0
	MOVD $SYS_exit_group, R8
	SVC
	BRK

#include "../entry_text.h"
