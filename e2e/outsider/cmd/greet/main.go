// Command greet greets each of its arguments, or the example of RFC 9562.
package main

import (
	"fmt"
	"os"
	"runtime"

	"example.com/outsider/greet"
)

func main() {
	names := os.Args[1:]
	if len(names) == 0 {
		names = []string{"www.example.com"}
	}
	for _, name := range names {
		fmt.Println(greet.Line(name) + " from " + runtime.GOARCH)
	}
}
