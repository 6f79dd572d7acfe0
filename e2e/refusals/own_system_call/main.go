package main

func getpid() int

func main() { println(getpid()) }
