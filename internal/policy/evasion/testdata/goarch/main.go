// Goarch does something else on amd64 than on other machines.
package main

import (
	"fmt"
	"runtime"
)

var limits = [3]int{10, 20, 30 * len(runtime.GOARCH)}

func main() {
	server := "one of the same!"
	if runtime.GOARCH == "amd64" {
		server = "one of the other"
		hidden()
	}
	fmt.Println(server, limits)
}

//go:noinline
func hidden() { println("on one machine") }
