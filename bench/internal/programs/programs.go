// Package programs says what the benchmarks measure: a small program, the program
// whose figures this project goes by, and a large server.
//
// The server is Caddy, from the Go module mirror, pinned by a nested module in
// testdata/caddy; the go command fetches it. Nothing but benchmarks may need it.
package programs

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

// A Program is a main package to compile and link.
type Program struct {
	Name string
	What string   // it is, for people
	Dir  string   // of the main package: where to run the go command
	Args []string // with which it ends soon after its start
}

// module is the module that this package belongs to.
const module = "github.com/go3s/rules_go3s"

// All returns the programs, the smallest first. The working directory must be in
// this module, and the go command on PATH.
func All() ([]Program, error) {
	return inModule(
		Program{Name: "hello", What: "fmt.Println", Dir: "tools/golink/testdata/hello"},
		Program{Name: "seed", What: "http.Get and fmt.Println", Dir: "tools/golink/testdata/seed", Args: []string{"https://127.0.0.1:1/"}},
		Program{Name: "caddy", What: "Caddy 2.11.9, a web server", Dir: "bench/internal/programs/testdata/caddy", Args: []string{"version"}},
	)
}

// AllAndLarge returns All and a program that takes ten minutes to compile, which benchmarks have to be asked for.
func AllAndLarge() ([]Program, error) {
	large, err := inModule(
		Program{Name: "rclone", What: "Rclone 1.76.0, for online storage", Dir: "bench/internal/programs/testdata/rclone", Args: []string{"version"}})
	if err != nil {
		return nil, err
	}
	all, err := All()
	return append(all, large...), err
}

// inModule returns the programs, whose directories are relative to this module, with absolute ones.
func inModule(programs ...Program) ([]Program, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	if err != nil {
		return nil, fmt.Errorf("go list -m %s: %w: run benchmarks in a checkout of it", module, err)
	}
	for i := range programs {
		programs[i].Dir = filepath.Join(strings.TrimSpace(string(out)), filepath.FromSlash(programs[i].Dir))
	}
	return programs, nil
}
