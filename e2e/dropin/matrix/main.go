// Command matrix prints what its build set.
package main

import (
	"fmt"
	"time"
)

var label = "unstamped"

func main() {
	_, err := time.LoadLocation("Pacific/Auckland")
	fmt.Println(label, err)
}
