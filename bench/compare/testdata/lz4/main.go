// Lz4 packs by github.com/pierrec/lz4/v4 and github.com/golang/snappy.
package main

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"github.com/golang/snappy"
	"github.com/pierrec/lz4/v4"
)

func main() {
	var b bytes.Buffer
	w := lz4.NewWriter(&b)
	_, err := io.WriteString(w, os.Args[0])
	fmt.Println(err, w.Close())
	back, err := io.ReadAll(lz4.NewReader(&b))
	packed := snappy.Encode(nil, back)
	_, err2 := snappy.Decode(nil, packed)
	fmt.Println(len(packed), err, err2)
}
