# Memory to write code to.
	.section .jit,"awx",@progbits
	.zero	64
	.section .note.GNU-stack,"",@progbits
