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
#define PAGE 4096

TEXT _start(SB), NOSPLIT|NOFRAME, $0
	// Only a dynamic loader fills in DT_DEBUG. It has relocated the program, or
	// has made parts of it read-only: too late for us.
	MOV $__dt_debug(SB), T0
	MOV (T0), T0
	BNE T0, ZERO, loader

	MOV $__ehdr_start(SB), S2 // what to add
	MOV $__relr_start(SB), S3
	MOV $__relr_end(SB), S4

next: // an even entry is the address of a word to relocate
	BGEU S3, S4, protect
	MOV  (S3), T0
	ADD  $8, S3
	AND  $1, T0, T1
	BNE  T1, ZERO, bitmap
	ADD  S2, T0, S5
	MOV  (S5), T1
	ADD  S2, T1
	MOV  T1, (S5)
	ADD  $8, S5
	JMP  next

bitmap: // bit n of an odd entry stands for the nth of the 63 words that follow
	MOV S5, T2
	ADD $(63*8), S5

bit:
	SRL $1, T0
	BEQ T0, ZERO, next
	AND $1, T0, T1
	BEQ T1, ZERO, skip
	MOV (T2), T1
	ADD S2, T1
	MOV T1, (T2)

skip:
	ADD $8, T2
	JMP bit

protect:
	MOV $__relro_start(SB), A0
	MOV $__relro_end(SB), A1
	MOV $-PAGE, T0
	AND T0, A0
	ADD $(PAGE-1), A1
	AND T0, A1
	SUB A0, A1
	MOV $PROT_READ, A2
	MOV $SYS_mprotect, A7
	ECALL
	BNE A0, ZERO, unprotected

	MOV 0(X2), A0
	ADD $8, X2, A1
	MOV $main(SB), T0 // a direct jump reaches 1 MB only
	JMP (T0)

loader:
	MOV $loaderText<>(SB), A1
	MOV $87, A2
	JMP fail

unprotected:
	MOV $unprotectedText<>(SB), A1
	MOV $50, A2

fail: // with the message A1 of A2 bytes
	MOV $2, A0
	MOV $SYS_write, A7
	ECALL
	MOV $127, A0
	MOV $SYS_exit_group, A7
	ECALL
	EBREAK

#include "../entry_text.h"
