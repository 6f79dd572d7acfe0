// Command attributes prints what the linker set.
package main

import "fmt"

var version, channel, commit = "unset", "unset", "unset"

func main() { fmt.Println(version, channel, commit) }
