// The seed program: a plain HTTPS client.
package main

import (
	"fmt"
	"net/http"
	"os"
)

func main() {
	r, err := http.Get(os.Args[1])
	fmt.Println(r != nil, err)
}
