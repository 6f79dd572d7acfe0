package c

import "C"

func Name() string { return "cgo" }
