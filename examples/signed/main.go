// Command signed says for what it was built. Its file is signed; the test verifies that.
package main

import (
	"fmt"
	"runtime"
)

func main() { fmt.Printf("a signed program for %s/%s\n", runtime.GOOS, runtime.GOARCH) }
