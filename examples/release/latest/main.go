// Latest prints the newest of the versions that are its arguments.
package main

import (
	"fmt"
	"os"

	"golang.org/x/mod/semver"
)

func main() {
	versions := os.Args[1:]
	for _, v := range versions {
		if !semver.IsValid(v) {
			fmt.Fprintf(os.Stderr, "latest: %q is no semantic version, want one like v1.2.3\n", v)
			os.Exit(1)
		}
	}
	if len(versions) == 0 {
		fmt.Fprintln(os.Stderr, "usage: latest VERSION...")
		os.Exit(2)
	}
	semver.Sort(versions)
	fmt.Println(versions[len(versions)-1])
}
