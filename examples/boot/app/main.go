// Command app is what the machine of this example is for.
package main

import (
	"fmt"
	"runtime"
)

func main() { fmt.Printf("app: at work on %s/%s\n", runtime.GOOS, runtime.GOARCH) }
