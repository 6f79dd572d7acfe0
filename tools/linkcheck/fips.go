package main

import (
	"errors"

	"github.com/go3s/rules_go3s/internal/atomicfile"
	"github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/fips"
	"github.com/go3s/rules_go3s/internal/inputfile"
	"github.com/go3s/rules_go3s/internal/pcln"
	"github.com/go3s/rules_go3s/internal/policy"
)

// runFIPS is "linkcheck fips". It reports and judges nothing: the rules of "linkcheck check --fips" do.
func runFIPS(e env, args []string) (int, error) {
	fs := flagSet("fips")
	symbolsFile := fs.String("symbols", "", "the `file` that elfstrip --symbols-file wrote with the program: names that were taken out of it")
	name := fs.String("name", "", "`name` of the program in the report, instead of its path")
	out := fs.String("o", "", "write to `file` instead of standard output")
	files, err := parse(fs, args)
	if err != nil {
		return 0, err
	}
	if len(files) != 1 {
		return 0, errors.New("fips: want one program; see linkcheck fips -h")
	}
	if *name == "" {
		*name = files[0]
	}
	var symbols *pcln.Symbols
	if *symbolsFile != "" {
		data, err := inputfile.Read(*symbolsFile, inputfile.Data)
		if err != nil {
			return 0, err
		}
		if symbols, err = pcln.ReadSymbols(*symbolsFile, data); err != nil {
			return 0, err
		}
	}
	f, err := elf.Open(files[0])
	if err != nil {
		return 0, err
	}
	defer f.Close()
	report, err := fips.Examine(policy.ReadFIPSFacts(f, symbols), *name)
	if err != nil {
		return 0, err
	}
	text, err := report.JSON()
	if err != nil {
		return 0, err
	}
	if *out != "" {
		return clean, atomicfile.Write(*out, 0o644, text)
	}
	_, err = e.stdout.Write(text)
	return clean, err
}
