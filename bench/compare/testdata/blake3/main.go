// Blake3 prints a sum by github.com/zeebo/blake3.
package main

import (
	"fmt"
	"os"

	"github.com/zeebo/blake3"
)

func main() { fmt.Printf("%x\n", blake3.Sum256([]byte(os.Args[0]))) }
