# A jump table among instructions.
	.text
	.globl	table
table:
	.quad	table
	.section .note.GNU-stack,"",@progbits
