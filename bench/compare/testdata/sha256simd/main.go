// Sha256simd prints a sum by github.com/minio/sha256-simd.
package main

import (
	"fmt"
	"os"

	sha256 "github.com/minio/sha256-simd"
)

func main() { fmt.Printf("%x\n", sha256.Sum256([]byte(os.Args[0]))) }
