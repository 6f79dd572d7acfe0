package main

import (
	"bytes"
	"debug/buildinfo"
	"debug/elf"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"sync"
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
	n, err := countVulnSymbols(path)
	if err != nil {
		return inspection{}, err
	}
	r.vulnSymbols = fmt.Sprint(n)
	if n == 0 {
		r.vulnSymbols = "LOST"
	}
	return r, nil
}

// govulncheck returns the path of govulncheck, "" when it is not installed.
var govulncheck = sync.OnceValue(func() string {
	path, _ := exec.LookPath("govulncheck")
	return path
})

// countVulnSymbols returns how many functions govulncheck finds in a program.
func countVulnSymbols(path string) (int, error) {
	out, err := exec.Command(govulncheck(), "-mode=extract", path).Output()
	if err != nil {
		return 0, fmt.Errorf("govulncheck -mode=extract %s: %w", path, err)
	}
	decoder := json.NewDecoder(bytes.NewReader(out))
	for decoder.More() {
		var blob struct {
			PkgSymbols []json.RawMessage `json:"pkgSymbols"`
		}
		if err := decoder.Decode(&blob); err != nil {
			return 0, fmt.Errorf("govulncheck -mode=extract %s: %w", path, err)
		}
		if len(blob.PkgSymbols) > 0 {
			return len(blob.PkgSymbols), nil
		}
	}
	return 0, nil
}

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
