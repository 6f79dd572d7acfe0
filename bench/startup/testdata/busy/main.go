// Work decodes and encodes JSON for a while, as command-line tools do that read their input, hold it and end. With
// the argument --version it returns at once.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	_ "github.com/go3s/rules_go3s/rules/private/startup"
)

type record struct {
	Name   string
	Values []float64
	Tags   map[string]string
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "--version" {
		return
	}
	var text strings.Builder
	for i := range 20 {
		fmt.Fprintf(&text, `{"Name":"record %d","Values":[1,2.5,%d],"Tags":{"a":"%d","b":"x"}}`+"\n", i, i, i)
	}
	var all []record
	for range 1000 {
		for decoder := json.NewDecoder(strings.NewReader(text.String())); decoder.More(); {
			var r record
			if err := decoder.Decode(&r); err != nil {
				panic(err)
			}
			all = append(all, r)
		}
	}
	out, err := json.Marshal(all)
	if err != nil {
		panic(err)
	}
	fmt.Println(len(out))
}
