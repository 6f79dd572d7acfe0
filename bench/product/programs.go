package main

import (
	"os"
	"path/filepath"

	"github.com/go3s/rules_go3s/bench/internal/programs"
)

// A program is a main package to measure.
type program struct {
	name string
	what string // explanation below the table
	dir  string
	arg  string // with it the program returns at once from main
	// Its packages and starts take long: the first architecture, a tenth of the starts, and of UPX only NRV without
	// --best must do.
	large bool
}

// writePrograms writes the benchmark's own programs to dir.
func writePrograms(dir string) ([]program, error) {
	var list []program
	for _, p := range []struct{ name, what, source string }{
		{"hello", "fmt.Println", programs.HelloSource},
		{"seed", "http.Get and fmt.Println", programs.SeedSource},
	} {
		sub := filepath.Join(dir, p.name)
		if err := os.MkdirAll(sub, 0o777); err != nil {
			return nil, err
		}
		for name, text := range map[string]string{"main.go": p.source, "go.mod": "module example.com/" + p.name + "\n\ngo 1.26\n"} {
			if err := os.WriteFile(filepath.Join(sub, name), []byte(text), 0o666); err != nil {
				return nil, err
			}
		}
		list = append(list, program{name: p.name, what: p.what, dir: sub, arg: "--version"})
	}
	return list, nil
}

// server returns the large program of the benchmarks.
func server() (program, error) {
	all, err := programs.All()
	if err != nil {
		return program{}, err
	}
	p := all[len(all)-1]
	return program{name: p.Name, what: p.What, dir: p.Dir, arg: p.Args[0], large: true}, nil
}
