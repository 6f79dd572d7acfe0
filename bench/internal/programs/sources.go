package programs

// HelloSource is a program that prints one line.
const HelloSource = `package main

import "fmt"

func main() { fmt.Println("hello") }
`

// SeedSource is an HTTPS client. With --version it returns at once.
const SeedSource = `package main

import (
	"fmt"
	"net/http"
	"os"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "--version" {
		return
	}
	resp, err := http.Get("https://example.com")
	fmt.Println(resp, err)
}
`
