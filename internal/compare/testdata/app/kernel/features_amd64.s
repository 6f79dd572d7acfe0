#include "textflag.h"

// func features() uint64
TEXT ·features(SB), NOSPLIT, $0-8
	MOVQ $1, AX
	MOVQ AX, ret+0(FP)
	RET
