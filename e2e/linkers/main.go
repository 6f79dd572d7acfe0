// Command hello greets, and says whether the FIPS 140 check is on.
package main

import (
	"crypto/fips140"
	"fmt"
	"runtime"
)

func main() {
	fmt.Printf("hello from %s, FIPS 140 %v\n", runtime.GOARCH, fips140.Enabled())
}
