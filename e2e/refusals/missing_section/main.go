package main

import (
	"fmt"

	"example.com/data"
)

func main() { fmt.Print(data.EmbedCfg()) }
