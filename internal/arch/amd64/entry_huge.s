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

#define SYS_write 1
#define SYS_mmap 9
#define SYS_munmap 11
#define SYS_mremap 25
#define SYS_mincore 27
#define SYS_madvise 28
#define SYS_exit_group 231
#define PROT_READ_WRITE 3
#define MAP_PRIVATE_ANONYMOUS 0x22
#define MADV_HUGEPAGE 14
#define MREMAP_MAYMOVE_FIXED 3
#define PAGE 4096
#define HUGE (2<<20)
#define WORTH (HUGE/4)

TEXT _start(SB), NOSPLIT|NOFRAME, $0
	LEAQ __relro_start(SB), R12
	LEAQ __relro_end(SB), R13
	ANDQ $~(PAGE-1), R12

	// BX: the first huge page.
	LEAQ (HUGE-1)(R12), BX
	ANDQ $~(HUGE-1), BX

	// BP: bytes up to the end of the last one, without one that has less than WORTH to relocate.
	LEAQ    (HUGE-1)(R13), BP
	ANDQ    $~(HUGE-1), BP
	LEAQ    -HUGE(BP), AX
	CMPQ    AX, R12
	CMOVQCS R12, AX
	NEGQ    AX
	ADDQ    R13, AX
	CMPQ    AX, $WORTH
	JCC     length
	SUBQ    $HUGE, BP

length:
	SUBQ BX, BP
	JLE  done

	// R14: new memory, R15: its first huge page
	XORL DI, DI
	LEAQ HUGE(BP), SI
	MOVL $PROT_READ_WRITE, DX
	MOVL $MAP_PRIVATE_ANONYMOUS, R10
	MOVQ $-1, R8
	XORL R9, R9
	MOVL $SYS_mmap, AX
	SYSCALL
	CMPQ AX, $-4095
	JCC  done
	MOVQ AX, R14
	LEAQ (HUGE-1)(AX), R15
	ANDQ $~(HUGE-1), R15
	MOVQ R15, DI
	MOVQ BP, SI
	MOVL $MADV_HUGEPAGE, DX
	MOVL $SYS_madvise, AX
	SYSCALL

	// Is it a huge page? Its last page is there when the first one is.
	MOVB  $0, (R15)
	LEAQ  (HUGE-PAGE)(R15), DI
	MOVL  $PAGE, SI
	LEAQ  -8(SP), DX
	MOVB  $0, (DX)
	MOVL  $SYS_mincore, AX
	SYSCALL
	TESTB $1, -8(SP)
	JEQ   free

	// Copy what is in the file.
	CLD
	LEAQ    (BX)(BP*1), R8
	MOVQ    BX, SI
	MOVQ    R13, CX
	CMPQ    CX, R8
	CMOVQHI R8, CX
	MOVQ    R15, DI
	SUBQ    SI, CX
	REP
	MOVSB
	LEAQ    __data_start(SB), SI
	LEAQ    __data_end(SB), CX
	CMPQ    CX, R8
	CMOVQHI R8, CX
	MOVQ    SI, DI
	SUBQ    BX, DI
	ADDQ    R15, DI
	SUBQ    SI, CX
	JLE     move
	REP
	MOVSB

move:
	MOVQ R15, DI
	MOVQ BP, SI
	MOVQ BP, DX
	MOVL $MREMAP_MAYMOVE_FIXED, R10
	MOVQ BX, R8
	MOVL $SYS_mremap, AX
	SYSCALL
	CMPQ AX, $-4095
	JCS  free

	// It failed: are the old pages still there?
	MOVQ  BX, DI
	MOVL  $PAGE, SI
	LEAQ  -8(SP), DX
	MOVL  $SYS_mincore, AX
	SYSCALL
	TESTQ AX, AX
	JNE   lost

free: // what was not moved
	MOVQ R14, DI
	LEAQ HUGE(BP), SI
	MOVL $SYS_munmap, AX
	SYSCALL

done:
	JMP __entry_pie(SB)

lost:
	LEAQ lostText<>(SB), SI
	MOVL $48, DX
	MOVL $2, DI
	MOVL $SYS_write, AX
	SYSCALL
	MOVL $127, DI
	MOVL $SYS_exit_group, AX
	SYSCALL
	INT  $3

#include "../entry_text.h"
