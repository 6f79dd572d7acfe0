// App is a program that should be the same on all architectures.
package main

import (
	"bytes"
	"embed"
	"fmt"
	"os"
	"runtime"

	"example.com/app/kernel"
	"example.com/app/store"
)

//go:embed web
var web embed.FS

//go:embed web/banner.txt
var banner string

// version is set by the linker.
var version = "development"

var table = [...]uint16{3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3}

// places are numbers that in a program at a fixed address look like addresses, beside those of strings.
var places = [...]struct {
	name string
	at   uint64
}{
	{"code", 0x402010}, {"runtime", 0x450000}, {"constants", 0x4c0000}, {"types", 0x4f0008}, {"table", 0x530000}, {"data", 0x590010},
	{"more data", 0x5a0000}, {"zeros", 0x5d0000}, {"more zeros", 0x5e0020}, {"the end", 0x600000},
}

// A tag is two numbers that are one word, as those of golang.org/x/text are.
type tag struct {
	language, region uint32
	more             any
}

// Of these several look like the address of the same part of the program.
var north, south, east, west = tag{0x402000, 0, nil}, tag{0x402100, 0, nil}, tag{0x4f0000, 0, nil}, tag{0x4f0100, 0, nil}

// greet is not inlined, so that it has code of its own.
//
//go:noinline
func greet(who string) string { return fmt.Sprintf("hello, %s, from %s", who, runtime.GOARCH) }

// isVideo looks for a number that arm64 compares with its negative.
//
//go:noinline
func isVideo(data []byte) bool { return bytes.HasPrefix(data, []byte("\x1aE\xdf\xa3")) }

// Of constants the linker aligns the texts of embedded files that are longer than 1024 bytes. They follow this one, which is shorter.
const (
	line = "All machines have this line.\n"
	page = line + line + line + line + line + line + line + line
)

//go:noinline
func text() string { return page + page + page + page + page + line }

func main() {
	index, err := web.ReadFile("web/index.html")
	if err != nil {
		fmt.Fprintln(os.Stderr, "cannot read the page:", err)
		os.Exit(1)
	}
	s := store.Open("https://updates.example.com/feed")
	s.Put("index", string(index))
	fmt.Println(kernel.Sum(banner), kernel.Strict, isVideo(index), text(), store.Plain(version))
	fmt.Println(greet(s.Get(s.Shortest())+s.Longest()), version, banner, table[len(os.Args)%len(table)], places[len(os.Args)%len(places)], north, south, east, west)
	if len(os.Args) > 100 {
		north, south, east, west = south, east, west, north
	}
}
