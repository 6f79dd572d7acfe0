#include "textflag.h"

TEXT ·named(SB), NOSPLIT, $0
	JMP runtime·evasion(SB)

TEXT runtime·evasion(SB), NOSPLIT, $0
	MOVL $110, AX // getppid
	SYSCALL
	RET
