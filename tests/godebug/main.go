//go:debug tarinsecurepath=0

// Command godebug has a directive, and its test another.
package main

func main() {}
