// Reedsolomon makes parity by github.com/klauspost/reedsolomon.
package main

import (
	"fmt"

	"github.com/klauspost/reedsolomon"
)

func main() {
	enc, err := reedsolomon.New(4, 2)
	if err != nil {
		panic(err)
	}
	shards := make([][]byte, 6)
	for i := range shards {
		shards[i] = make([]byte, 64)
	}
	fmt.Println(enc.Encode(shards), enc.Reconstruct(shards))
}
