#include "textflag.h"

TEXT _start(SB), NOSPLIT|NOFRAME, $0
	RET
