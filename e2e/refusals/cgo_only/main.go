package main

import _ "example.com/refusals/cgo_only/a"

func main() {}
