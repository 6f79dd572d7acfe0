//go:build ignore

#include "textflag.h"

// What a static position-independent program with much data to relocate does before
// entry_pie.s: it puts huge pages in the place of the pages that relocation would
// copy one by one. Whatever fails, nothing has changed then and the program continues, unless mremap fails
// after it took the old pages away (move_vma in the kernel's mm/mremap.c, where overcommit is refused): the program
// says so and ends. The linker defines
//	__relro_start, __relro_end data to make read-only, any alignment
//	__data_start, __data_end   contents of the segment after it
//	__entry_pie                entry_pie.s
// and leaves writable memory after __relro_end, as much as a huge page takes. What precedes it is not ours even where the
// program has a gap: the kernel may have the vDSO there, by which arm64 and riscv64 return from signals. The code uses no stack but the
// word below it.

#define SYS_write 64
#define SYS_exit_group 94
#define SYS_munmap 215
#define SYS_mremap 216
#define SYS_mmap 222
#define SYS_mincore 232
#define SYS_madvise 233
#define PROT_READ_WRITE 3
#define MAP_PRIVATE_ANONYMOUS 0x22
#define MADV_HUGEPAGE 14
#define MREMAP_MAYMOVE_FIXED 3
#define PAGE 4096
#define HUGE (2<<20)
#define WORTH (HUGE/4)

TEXT _start(SB), NOSPLIT|NOFRAME, $0
	MOV $__relro_start(SB), S2
	MOV $__relro_end(SB), S3
	MOV $-PAGE, T0
	AND T0, S2
	MOV $HUGE, S4
	MOV $-HUGE, S5
	MOV $WORTH, S6

	// S7: the first huge page.
	ADD S4, S2, S7
	ADD $-1, S7
	AND S5, S7

	// S8: bytes up to the end of the last one, without one that has less than WORTH to relocate.
	ADD  S4, S3, S8
	ADD  $-1, S8
	AND  S5, S8
	SUB  S4, S8, T0
	BGEU T0, S2, final
	MOV  S2, T0

final:
	SUB  T0, S3, T0
	BGEU T0, S6, length
	SUB  S4, S8

length:
	SUB S7, S8
	BGE ZERO, S8, done

	// S9: new memory, S10: its first huge page
	MOV  $0, A0
	ADD  S4, S8, A1
	MOV  $PROT_READ_WRITE, A2
	MOV  $MAP_PRIVATE_ANONYMOUS, A3
	MOV  $-1, A4
	MOV  $0, A5
	MOV  $SYS_mmap, A7
	ECALL
	MOV  $-4095, T0
	BGEU A0, T0, done
	MOV  A0, S9
	ADD  S4, A0, S10
	ADD  $-1, S10
	AND  S5, S10
	MOV  S10, A0
	MOV  S8, A1
	MOV  $MADV_HUGEPAGE, A2
	MOV  $SYS_madvise, A7
	ECALL

	// Is it a huge page? Its last page is there when the first one is.
	MOVB ZERO, (S10)
	MOV  ZERO, -8(X2)
	MOV  $(HUGE-PAGE), T0
	ADD  T0, S10, A0
	MOV  $PAGE, A1
	ADD  $-8, X2, A2
	MOV  $SYS_mincore, A7
	ECALL
	MOV  -8(X2), T0
	AND  $1, T0
	BEQ  T0, ZERO, free

	// Copy what is in the file: T0 to T1.
	ADD  S8, S7, A6
	MOV  S7, T0
	MOV  S3, T1
	MOV $1, T2 // ranges to come

copy:
	BGEU A6, T1, end
	MOV  A6, T1

end:
	SUB S7, T0, A0
	ADD S10, A0

words:
	BGEU T0, T1, next
	MOV  (T0), A1
	MOV  A1, (A0)
	ADD  $8, T0
	ADD  $8, A0
	JMP  words

next:
	BEQ T2, ZERO, move
	MOV $0, T2
	MOV $__data_start(SB), T0
	AND $-8, T0
	MOV $__data_end(SB), T1
	JMP copy

move:
	MOV S10, A0
	MOV S8, A1
	MOV S8, A2
	MOV $MREMAP_MAYMOVE_FIXED, A3
	MOV S7, A4
	MOV $SYS_mremap, A7
	ECALL
	MOV  $-4095, T0
	BLTU A0, T0, free

	// It failed: are the old pages still there?
	MOV S7, A0
	MOV $PAGE, A1
	ADD $-8, X2, A2
	MOV $SYS_mincore, A7
	ECALL
	BNE A0, ZERO, lost

free: // what was not moved
	MOV S9, A0
	ADD S4, S8, A1
	MOV $SYS_munmap, A7
	ECALL

done:
	MOV $__entry_pie(SB), T0
	JMP (T0)

lost:
	MOV $lostText<>(SB), A1
	MOV $48, A2
	MOV $2, A0
	MOV $SYS_write, A7
	ECALL
	MOV $127, A0
	MOV $SYS_exit_group, A7
	ECALL
	EBREAK

#include "../entry_text.h"
