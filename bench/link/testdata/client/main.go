// Client is an HTTPS client that returns at once for --version.
package main

import (
	"fmt"
	"net/http"
	"os"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "--version" {
		return
	}
	fmt.Println(http.Get("https://example.com"))
}
