// Compress packs its arguments by four packages of github.com/klauspost/compress.
package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/huff0"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
)

func main() {
	text := []byte(strings.Repeat(strings.Join(os.Args, " "), 1000))
	var b bytes.Buffer
	z, err := zstd.NewWriter(&b)
	check(err)
	_, err = z.Write(text)
	check(err)
	check(z.Close())
	r, err := zstd.NewReader(&b)
	check(err)
	back, err := io.ReadAll(r)
	check(err)
	packed := s2.EncodeBest(nil, s2.Encode(nil, back))
	unpacked, err := s2.Decode(nil, packed)
	check(err)
	f, err := flate.NewWriter(&b, 5)
	check(err)
	_, err = f.Write(unpacked)
	check(err)
	check(f.Close())
	g, err := gzip.NewWriterLevel(&b, 9)
	check(err)
	check(g.Close())
	_, _, err = huff0.Compress4X(text, nil)
	fmt.Println(b.Len(), len(unpacked), err)
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
