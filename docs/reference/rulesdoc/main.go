// Rulesdoc writes docs/reference/rules.md from what Bazel's starlark_doc_extract wrote, in text form, of the public rules
// (rules/defs.bzl) and of the attributes of programs (rules/private/program_attributes.bzl):
//
//	rulesdoc DEFS.textproto PROGRAM.textproto > rules.md
package main

import (
	"fmt"
	"os"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: rulesdoc DEFS.textproto PROGRAM.textproto")
		os.Exit(2)
	}
	var modules []message
	for _, name := range os.Args[1:] {
		text, err := os.ReadFile(name)
		if err == nil {
			var m message
			m, err = parse(name, string(text))
			modules = append(modules, m)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "rulesdoc:", err)
			os.Exit(1)
		}
	}
	page, err := render(modules[0], modules[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, "rulesdoc:", err)
		os.Exit(1)
	}
	fmt.Print(page)
}
