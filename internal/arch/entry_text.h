// Messages of entry_pie.s and entry_huge.s, the same for every machine.

DATA loaderText<>+0(SB)/8, $"static P"
DATA loaderText<>+8(SB)/8, $"IE: this"
DATA loaderText<>+16(SB)/8, $" program"
DATA loaderText<>+24(SB)/8, $" relocat"
DATA loaderText<>+32(SB)/8, $"es itsel"
DATA loaderText<>+40(SB)/8, $"f: start"
DATA loaderText<>+48(SB)/8, $" it dire"
DATA loaderText<>+56(SB)/8, $"ctly, no"
DATA loaderText<>+64(SB)/8, $"t by a d"
DATA loaderText<>+72(SB)/8, $"ynamic l"
DATA loaderText<>+80(SB)/7, $"oader.\n"
GLOBL loaderText<>(SB), RODATA|NOPTR, $87

DATA unprotectedText<>+0(SB)/8, $"static P"
DATA unprotectedText<>+8(SB)/8, $"IE: cann"
DATA unprotectedText<>+16(SB)/8, $"ot make "
DATA unprotectedText<>+24(SB)/8, $"relocate"
DATA unprotectedText<>+32(SB)/8, $"d data r"
DATA unprotectedText<>+40(SB)/8, $"ead-only"
DATA unprotectedText<>+48(SB)/2, $".\n"
GLOBL unprotectedText<>(SB), RODATA|NOPTR, $50

// Its length keeps entry_pie.s, which comes behind it, aligned.
DATA lostText<>+0(SB)/8, $"static P"
DATA lostText<>+8(SB)/8, $"IE: no m"
DATA lostText<>+16(SB)/8, $"emory fo"
DATA lostText<>+24(SB)/8, $"r the da"
DATA lostText<>+32(SB)/8, $"ta to re"
DATA lostText<>+40(SB)/8, $"locate.\n"
GLOBL lostText<>(SB), RODATA|NOPTR, $48
