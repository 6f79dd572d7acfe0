# A function that a resolver chooses at start.
	.text
resolve:
	lea	resolve(%rip), %rax
	ret
	.type	chosen, @gnu_indirect_function
chosen = resolve
	.data
	.quad	chosen
	.section .note.GNU-stack,"",@progbits
