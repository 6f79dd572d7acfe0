# A program without a C library. With PIC, it looks for its relocations.
	.globl	_start
	.text
_start:
	.ifdef PIC
	lea	_DYNAMIC(%rip), %rsi
	.endif
	mov	$60, %eax
	xor	%edi, %edi
	syscall

	.data
	.globl	pointer
pointer:
	.quad	_start

	.ident	"assembly"
	.section .note.GNU-stack,"",@progbits
