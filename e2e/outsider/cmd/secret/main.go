// Command secret says which FIPS 140-3 module is in it.
package main

import (
	"crypto/fips140"
	"crypto/sha256"
	"fmt"
)

func main() {
	fmt.Printf("module %s, enabled %t, %x\n", fips140.Version(), fips140.Enabled(), sha256.Sum256([]byte("secret")))
}
