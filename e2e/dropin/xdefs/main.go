package main

import (
	"fmt"

	"example.com/dropin/xdefs/ver"
)

var (
	Text  = "unset"
	Name  = "unset"
	Quote = "unset"
	Big   = "unset"
	Path  = "unset"
	Brace = "unset"
)

func main() {
	fmt.Printf("lib=%q text=%q name=%q quote=%q big=%d path=%q brace=%q\n", ver.Version, Text, Name, Quote, len(Big), Path, Brace)
}
