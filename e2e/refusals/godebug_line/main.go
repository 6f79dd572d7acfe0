// Misspelt: it is panicnil.
//
//go:debug panicnill=1
package main

func main() {}
