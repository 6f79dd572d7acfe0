// App is a program that should be the same on all architectures.
package main

import (
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

// greet is not inlined, so that it has code of its own.
//
//go:noinline
func greet(who string) string { return fmt.Sprintf("hello, %s, from %s", who, runtime.GOARCH) }

func main() {
	index, err := web.ReadFile("web/index.html")
	if err != nil {
		fmt.Fprintln(os.Stderr, "cannot read the page:", err)
		os.Exit(1)
	}
	s := store.Open("https://updates.example.com/feed")
	s.Put("index", string(index))
	fmt.Println(kernel.Sum(banner), kernel.Strict)
	fmt.Println(greet(s.Get("index")), version, banner, table[len(os.Args)%len(table)])
}
