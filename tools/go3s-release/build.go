package main

import (
	"errors"
	"flag"
	"fmt"

	"github.com/go3s/rules_go3s/internal/release/assemble"
	"github.com/go3s/rules_go3s/internal/release/plan"
)

// runBuild is "go3s-release build".
func runBuild(e env, args []string) (int, error) {
	fs := flag.NewFlagSet("build", flag.ContinueOnError)
	text := fs.String("plan", "", "the plan of the release, as `JSON` (package plan)")
	out := fs.String("o", "", "the `folder` to write the release to")
	rest, err := parse(fs, args)
	if err != nil {
		return 0, err
	}
	if *text == "" || *out == "" || len(rest)%2 != 0 {
		return 0, errors.New("want --plan, -o and pairs of id and file; see go3s-release build -h")
	}
	p, err := plan.Parse(*text)
	if err != nil {
		return 0, err
	}
	inputs := map[string]string{}
	for i := 0; i < len(rest); i += 2 {
		if _, ok := inputs[rest[i]]; ok {
			return 0, fmt.Errorf("the id %q is there twice", rest[i])
		}
		inputs[rest[i]] = rest[i+1]
	}
	if err := assemble.Run(p, inputs, *out); err != nil {
		fmt.Fprintf(e.stderr, "go3s-release: %v\n", err)
		return refused, nil
	}
	return accepted, nil
}
