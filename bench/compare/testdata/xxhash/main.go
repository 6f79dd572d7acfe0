// Xxhash prints a sum by github.com/cespare/xxhash/v2.
package main

import (
	"fmt"
	"os"

	"github.com/cespare/xxhash/v2"
)

func main() {
	d := xxhash.NewWithSeed(7)
	for _, arg := range os.Args {
		d.WriteString(arg)
	}
	fmt.Println(xxhash.Sum64String("hello"), d.Sum64())
}
