# A shared library, and with a version script one with versioned symbols.
	.globl	function
	.type	function, @function
	.text
function:
	ret
	.section .note.GNU-stack,"",@progbits
