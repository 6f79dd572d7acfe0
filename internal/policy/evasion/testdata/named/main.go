// Named makes a system call in a function that is called as one of package runtime.
package main

func named()

func main() { named() }
