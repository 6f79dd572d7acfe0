package main

import (
	"debug/buildinfo"
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"sync"

	vuln "github.com/go3s/rules_go3s/bench/internal/govulncheck"
)

// An inspection says what a program is still good for.
type inspection struct {
	size        int64 // in bytes
	starts      bool
	buildInfo   string // what go version -m says; "" when it fails
	vulnSymbols string // for the table
}

func inspect(path string) (inspection, error) {
	info, err := os.Stat(path)
	if err != nil {
		return inspection{}, err
	}
	r := inspection{size: info.Size()}
	r.starts = exec.Command(path, "--version").Run() == nil
	if b, err := buildinfo.ReadFile(path); err == nil {
		r.buildInfo = b.String()
	}
	if govulncheck() == "" {
		r.vulnSymbols = map[bool]string{true: "possible", false: "LOST"}[hasGoFunc(path)]
		return r, nil
	}
	functions, err := vuln.Functions(govulncheck(), path)
	if err != nil {
		return inspection{}, err
	}
	r.vulnSymbols = fmt.Sprint(len(functions))
	if len(functions) == 0 {
		r.vulnSymbols = "LOST"
	}
	return r, nil
}

// govulncheck returns the path of govulncheck, "" when it is not installed.
var govulncheck = sync.OnceValue(func() string {
	path, _ := exec.LookPath("govulncheck")
	return path
})

// hasGoFunc reports whether the program has the symbol that govulncheck needs.
func hasGoFunc(path string) bool {
	f, err := elf.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	syms, _ := f.Symbols()
	for _, s := range syms {
		if s.Name == "go:func.*" {
			return true
		}
	}
	return false
}
