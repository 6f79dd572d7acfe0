// Command hello prints the platform and the Go release it was built for.
package main

import (
	"fmt"
	"runtime"
)

func main() {
	fmt.Printf("hello from %s/%s, built by %s\n", runtime.GOOS, runtime.GOARCH, runtime.Version())
}
