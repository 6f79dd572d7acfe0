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
	MOVD $__relro_start(SB), R9
	MOVD $__relro_end(SB), R10
	AND  $~(PAGE-1), R9, R9
	MOVD $HUGE, R11

	// R12: the first huge page.
	ADD $(HUGE-1), R9, R12
	AND $~(HUGE-1), R12, R12

	// R13: bytes up to the end of the last one, without one that has less than WORTH to relocate.
	ADD  $(HUGE-1), R10, R13
	AND  $~(HUGE-1), R13, R13
	SUB  R11, R13, R5
	CMP  R9, R5
	CSEL HI, R5, R9, R5
	SUB  R5, R10, R5
	CMP  $WORTH, R5
	BHS  length
	SUB  R11, R13, R13

length:
	SUBS R12, R13, R13
	BLE  done

	// R14: new memory, R15: its first huge page
	MOVD $0, R0
	ADD  R11, R13, R1
	MOVD $PROT_READ_WRITE, R2
	MOVD $MAP_PRIVATE_ANONYMOUS, R3
	MOVD $-1, R4
	MOVD $0, R5
	MOVD $SYS_mmap, R8
	SVC
	CMN  $4095, R0
	BHS  done
	MOVD R0, R14
	ADD  $(HUGE-1), R0, R15
	AND  $~(HUGE-1), R15, R15
	MOVD R15, R0
	MOVD R13, R1
	MOVD $MADV_HUGEPAGE, R2
	MOVD $SYS_madvise, R8
	SVC

	// Is it a huge page? Its last page is there when the first one is. With pages
	// of more than 4 KiB this is no page: an error.
	MOVB ZR, (R15)
	MOVD ZR, -8(RSP)
	ADD  $(HUGE-PAGE), R15, R0
	MOVD $PAGE, R1
	SUB  $8, RSP, R2
	MOVD $SYS_mincore, R8
	SVC
	MOVD -8(RSP), R0
	TBZ  $0, R0, free

	// Copy what is in the file: R0 to R1.
	ADD  R13, R12, R6
	MOVD R12, R0
	CMP  R6, R10
	CSEL LO, R10, R6, R1
	MOVD $1, R7 // ranges to come

copy:
	SUB R12, R0, R2
	ADD R15, R2, R2

words:
	CMP   R1, R0
	BHS   next
	LDP.P 16(R0), (R3, R4)
	STP.P (R3, R4), 16(R2)
	B     words

next:
	CBZ  R7, move
	SUB  $1, R7, R7
	MOVD $__data_start(SB), R0
	AND  $~15, R0, R0
	MOVD $__data_end(SB), R1
	CMP  R6, R1
	CSEL LO, R1, R6, R1
	B    copy

move:
	MOVD R15, R0
	MOVD R13, R1
	MOVD R13, R2
	MOVD $MREMAP_MAYMOVE_FIXED, R3
	MOVD R12, R4
	MOVD $SYS_mremap, R8
	SVC
	CMN  $4095, R0
	BLO  free

	// It failed: are the old pages still there?
	MOVD R12, R0
	MOVD $PAGE, R1
	SUB  $8, RSP, R2
	MOVD $SYS_mincore, R8
	SVC
	CBNZ R0, lost

free: // what was not moved
	MOVD R14, R0
	ADD  R11, R13, R1
	MOVD $SYS_munmap, R8
	SVC

done:
	B __entry_pie(SB)

lost:
	MOVD $lostText<>(SB), R1
	MOVD $48, R2
	MOVD $2, R0
	MOVD $SYS_write, R8
	SVC
	MOVD $127, R0
	MOVD $SYS_exit_group, R8
	SVC
	BRK

#include "../entry_text.h"
