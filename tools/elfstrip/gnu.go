package main

import (
	"fmt"
	"io"
	"strings"
)

// A gnuOption is an option of GNU strip or objcopy that elfstrip does not take.
type gnuOption struct {
	names []string
	why   string
}

const (
	notRelinked = "an executable is not linked again, and nothing else looks at the binding and visibility of its symbols"
	addresses   = "a Go program holds addresses that no symbol or relocation tells of; link it again"
	oneProgram  = "what is loaded is the program: it does not run without a part of it"
	loadedFlags = "the kernel looks at segments, not at the flags of sections"
	otherFormat = "it is about formats other than ELF"
	rawBytes    = "it is about raw images of memory, which a Linux kernel does not start"
	noSplit     = "the Go compiler does not split DWARF"
	renamed     = "debuggers and Go's tools find Go's symbols by their names"
)

// notTaken lists them in the order of objcopy --help.
var notTaken = []gnuOption{
	{[]string{"-B", "--binary-architecture"}, otherFormat},
	{[]string{"--debugging"}, otherFormat},
	{[]string{"-j", "--only-section"}, oneProgram + "; --dump-section takes a section out"},
	{[]string{"--extract-dwo"}, noSplit},
	{[]string{"--extract-symbol"}, oneProgram},
	{[]string{"--localize-hidden"}, notRelinked},
	{[]string{"-L", "--localize-symbol"}, notRelinked},
	{[]string{"--globalize-symbol"}, notRelinked},
	{[]string{"-G", "--keep-global-symbol"}, notRelinked},
	{[]string{"-W", "--weaken-symbol"}, notRelinked},
	{[]string{"--weaken"}, notRelinked},
	{[]string{"-i", "--interleave"}, rawBytes},
	{[]string{"--interleave-width"}, rawBytes},
	{[]string{"-b", "--byte"}, rawBytes},
	{[]string{"--gap-fill"}, rawBytes},
	{[]string{"--pad-to"}, rawBytes},
	{[]string{"--set-start"}, addresses},
	{[]string{"--change-start", "--adjust-start"}, addresses},
	{[]string{"--change-addresses", "--adjust-vma"}, addresses},
	{[]string{"--change-section-address", "--adjust-section-vma"}, addresses},
	{[]string{"--change-section-lma"}, addresses},
	{[]string{"--change-section-vma"}, addresses},
	{[]string{"--change-warnings", "--adjust-warnings"}, "a section that is named and not there is an error"},
	{[]string{"--no-change-warnings", "--no-adjust-warnings"}, "a section that is named and not there is an error"},
	{[]string{"--set-section-flags"}, loadedFlags},
	{[]string{"--set-section-alignment"}, addresses},
	{[]string{"--long-section-names"}, otherFormat},
	{[]string{"--change-leading-char"}, otherFormat},
	{[]string{"--remove-leading-char"}, renamed},
	{[]string{"--reverse-bytes"}, rawBytes},
	{[]string{"--redefine-sym"}, renamed},
	{[]string{"--redefine-syms"}, renamed},
	{[]string{"--srec-len"}, otherFormat},
	{[]string{"--srec-forceS3"}, otherFormat},
	{[]string{"--localize-symbols"}, notRelinked},
	{[]string{"--globalize-symbols"}, notRelinked},
	{[]string{"--keep-global-symbols"}, notRelinked},
	{[]string{"--weaken-symbols"}, notRelinked},
	{[]string{"--add-symbol"}, "no program and no debugger needs a symbol that the linker did not write; --keep-govulncheck adds the one that is worth it"},
	{[]string{"--alt-machine-code"}, otherFormat},
	{[]string{"--writable-text"}, "memory that is writable and executable is what attackers need; linkcheck refuses it"},
	{[]string{"--readonly-text"}, "the code of a Go program is read-only already"},
	{[]string{"--pure"}, otherFormat},
	{[]string{"--impure"}, otherFormat},
	{[]string{"--prefix-symbols"}, renamed},
	{[]string{"--prefix-sections"}, "Go's tools find sections by their names"},
	{[]string{"--prefix-alloc-sections"}, "Go's tools find sections by their names"},
	{[]string{"--file-alignment"}, otherFormat},
	{[]string{"--heap"}, otherFormat},
	{[]string{"--image-base"}, otherFormat},
	{[]string{"--section-alignment"}, otherFormat},
	{[]string{"--stack"}, otherFormat},
	{[]string{"--subsystem"}, otherFormat},
	{[]string{"--compress-debug-sections"}, "golink and the Go linker write DWARF compressed already"},
	{[]string{"--decompress-debug-sections"}, "debuggers read compressed DWARF; link with --ldflag=-compressdwarf=false for other readers"},
	{[]string{"--elf-stt-common"}, notRelinked},
	{[]string{"--verilog-data-width"}, otherFormat},
}

// unknown returns the error for an option that is not in the table of options.
func unknown(name string) error {
	for _, o := range notTaken {
		for _, n := range o.names {
			if n == name {
				return fmt.Errorf("option %s of objcopy is not for Go programs: %s", name, o.why)
			}
		}
	}
	return fmt.Errorf("unknown option %s", name)
}

func ignore(*config, string) error { return nil }

// writeOptionTables writes the tables of docs/elfstrip.md.
func writeOptionTables(w io.Writer) {
	fmt.Fprint(w, "| option | meaning |\n|---|---|\n")
	for _, o := range tool().Commands[0].Flags {
		fmt.Fprintf(w, "| `%s` | %s |\n", strings.ReplaceAll(o.Synopsis(), "|", `\|`), strings.ReplaceAll(o.Help, "*", `\*`))
	}
	fmt.Fprint(w, "\nOptions of GNU strip and objcopy that elfstrip does not take:\n\n| option | why not |\n|---|---|\n")
	for _, o := range notTaken {
		fmt.Fprintf(w, "| `%s` | %s |\n", strings.Join(o.names, "`, `"), o.why)
	}
}
