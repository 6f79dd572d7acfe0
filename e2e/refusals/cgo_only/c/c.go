package c

// int one(void);
import "C"

func One() int { return int(C.one()) }
