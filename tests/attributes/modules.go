// Modules uses a package of another module.
package main

import (
	"fmt"

	"golang.org/x/mod/semver"
)

func main() { fmt.Println(semver.Canonical("v1.2")) }
