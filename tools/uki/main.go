// Uki makes what a machine boots: an initramfs with programs, a unified kernel image with it, and the image's signature for Secure Boot.
// docs/boot.md explains them.
//
// Usage:
//
//	uki COMMAND [flags] [IMAGE]
//
// The commands are those of the table below; uki -h prints them, and uki COMMAND -h the flags of one. An argument "@FILE" is replaced by
// the arguments in FILE (package params).
//
// The exit status is 0 when all went well, 1 when an input or a signature was refused, and 2 when the command line is wrong.
package main

import (
	"os"

	"github.com/go3s/rules_go3s/internal/cli"
)

var program = cli.Program{
	Name: "uki", What: "make what a machine boots: initramfs, unified kernel image, and its signature",
	Failed: "an input or a signature was refused",
	Commands: []cli.Subcommand{
		{Name: "initramfs", Usage: "--program /init=FILE [flags] -o OUT", What: "write an initramfs", Flags: initramfsFlags},
		{Name: "build", Usage: "--stub FILE --kernel FILE --initramfs FILE --cmdline TEXT --os-release FILE -o OUT",
			What: "make an unsigned image", Flags: buildFlags},
		{Name: "sign", Usage: "--key FILE|pkcs11:URI | --command CMD --cert FILE -o OUT IMAGE",
			What: "sign the image, in place of other signatures", Files: 1, Flags: signFlags},
		{Name: "digest", Usage: "-o OUT IMAGE", What: "write what a signature made elsewhere has to sign", Files: 1, Flags: digestFlags},
		{Name: "attach", Usage: "--cert FILE --signature FILE -o OUT IMAGE",
			What: "add a signature made elsewhere", Files: 1, Flags: attachFlags},
		{Name: "verify", Usage: "--trust FILE... IMAGE",
			What: "check all signatures, each of which must be by a trusted certificate", Files: 1, Flags: verifyFlags},
		{Name: "show", Usage: "[--json] IMAGE", What: "list what is in the image", Files: 1, Flags: showFlags},
		{Name: "extract", Usage: "--path /init -o OUT IMAGE",
			What: "write a file of the image's initramfs", Files: 1, Flags: extractFlags},
		{Name: "sbom", Usage: "--name NAME --spdx OUT --cyclonedx OUT [flags] IMAGE",
			What: "list the modules of the programs in the image, or in an initramfs", Files: 1, Flags: sbomFlags},
	},
}

func main() { os.Exit(program.Run(os.Args[1:], os.Stdout, os.Stderr)) }
