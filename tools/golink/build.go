package main

import (
	"cmp"
	"errors"
	"flag"
	"os"

	"github.com/go3s/rules_go3s/internal/gobuild"
)

// runBuild is "golink build".
func runBuild(args []string) error {
	return gobuild.Build(cmp.Or(os.Getenv("GO"), "go"), args)
}

// runToolexec is "golink toolexec".
func runToolexec(args []string) error {
	o := gobuild.NewOptions()
	fs := o.Flags("golink toolexec")
	if err := parse(fs, args); err != nil {
		return err
	}
	return gobuild.Toolexec(o, fs.Args())
}

// exitStatus returns the exit status that an error stands for, and whether something has to be said about it.
func exitStatus(err error) (status int, silent bool) {
	if exit, ok := errors.AsType[gobuild.ExitError](err); ok {
		return int(exit), true
	}
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return 0, true
	}
	return 1, false
}
