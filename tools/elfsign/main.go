// Elfsign signs ELF executables and verifies their signatures. Package elfsign and docs/signing.md say what a signature covers.
//
// Usage:
//
//	elfsign COMMAND [flags] FILE
//
// The commands are those of the table below; elfsign -h prints them, and elfsign COMMAND -h the flags of one. An argument "@FILE" is
// replaced by the arguments in FILE (package params).
//
// The exit status is 0 when all went well, 1 when a signature or an input was refused, and 2 when the command line is wrong.
package main

import (
	"os"

	"github.com/go3s/rules_go3s/internal/cli"
	"github.com/go3s/rules_go3s/internal/elf"
)

var program = cli.Program{
	Name: "elfsign", What: "sign ELF executables and verify their signatures",
	Failed: "a signature or an input was refused",
	Guard:  elf.Guard,
	Commands: []cli.Subcommand{
		{Name: "sign", Usage: "--key FILE|pkcs11:URI | --command CMD [flags] FILE",
			What: "add a signature, in place of any by the same key", Files: 1, Flags: signFlags},
		{Name: "verify", Usage: "--trust FILE... [flags] FILE",
			What: "check all signatures, of which one must be by a trusted key", Files: 1, Flags: verifyFlags},
		{Name: "show", Usage: "[--json] FILE",
			What: "list the signatures, checked as far as they name their key", Files: 1, Flags: showFlags},
		{Name: "strip-signature", Usage: "[-o OUT] FILE",
			What: "restore the file from before it was signed", Files: 1, Flags: stripFlags},
		{Name: "digest", Usage: "[flags] FILE", What: "write what a signature made elsewhere has to sign", Files: 1, Flags: digestFlags},
		{Name: "attach", Usage: "--trust FILE... --signature FILE... [-o OUT] FILE",
			What: "add signatures made elsewhere", Files: 1, Flags: attachFlags},
	},
}

func main() { os.Exit(program.Run(os.Args[1:], os.Stdout, os.Stderr)) }
