// A program to be checked.
package main

func main() { println("checked") }
