// Backdoor is a program that does more on one architecture than on the other.
package main

import "fmt"

func main() { fmt.Println("nothing to see here") }
