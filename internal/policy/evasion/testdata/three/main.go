// Three does something else on amd64 than on other machines, in files for one architecture.
package main

import "fmt"

func main() { fmt.Println(calls(), sum(3)) }
