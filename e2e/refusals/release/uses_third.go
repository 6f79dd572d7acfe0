package main

import "example.com/third"

func main() { println(third.Word) }
