package main

import (
	"fmt"

	"example.com/dropin/cover"
)

func main() { fmt.Println(cover.Sign(-1)) }
