//go:build linux

// Execguard lets only those files of a Linux system be executed that are signed by a trusted key (elfsign), or whose digest is on a list.
// Package execguard and docs/execguard.md say how, and what it does not see.
//
// Usage:
//
//	execguard run|check [flags]
//
// An argument "@FILE" is replaced by the arguments in FILE (package params), so that a file has the configuration.
//
// The exit status of check is 0 when all files may be executed, 1 when one may not or an input was refused, and 2 when the command line is
// wrong. Run ends with 0 after SIGTERM and SIGINT, and with 1 if it cannot guard.
package main

import (
	"os"

	"github.com/go3s/rules_go3s/internal/cli"
)

// workerCommand is how run starts its worker.
const workerCommand = "worker"

var program = cli.Program{
	Name: "execguard", What: "let only files be executed that are signed or on a list",
	Failed: "a file or an input was refused",
	Commands: []cli.Subcommand{
		{Name: "run", Usage: "[flags]",
			What: "refuse to execute what is neither signed nor on a list, until SIGTERM", Files: cli.AnyFiles, Flags: runFlags},
		{Name: "check", Usage: "[flags] FILE...",
			What: "say of files whether run would let them be executed", Files: cli.AnyFiles, Flags: checkFlags},
		{Name: workerCommand, Usage: "[flags]", Files: cli.AnyFiles, Flags: workerFlags},
	},
}

func main() { os.Exit(program.Run(os.Args[1:], os.Stdout, os.Stderr)) }
