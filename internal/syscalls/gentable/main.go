// Gentable writes the tables of system call numbers of package syscalls from the
// constants of golang.org/x/sys/unix:
//
//	go run ./internal/syscalls/gentable
package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/go3s/rules_go3s/internal/machine"
)

func main() {
	if err := run("internal/syscalls"); err != nil {
		fmt.Fprintln(os.Stderr, "gentable:", err)
		os.Exit(1)
	}
}

// run writes the tables into directory dir.
func run(dir string) error {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Version}} {{.Dir}}", "golang.org/x/sys").Output()
	if err != nil {
		return fmt.Errorf("go list: %w", err)
	}
	version, src, _ := strings.Cut(strings.TrimSpace(string(out)), " ")
	for _, goarch := range machine.GOARCHs() {
		table, err := Table(filepath.Join(src, "unix", "zsysnum_linux_"+goarch+".go"))
		if err != nil {
			return err
		}
		text := fmt.Sprintf("# System calls of linux/%s, from golang.org/x/sys %s. Written by gentable.\n%s", goarch, version, table)
		if err := os.WriteFile(filepath.Join(dir, "table_"+goarch+".txt"), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// Table returns a line "NUMBER NAME" for each constant SYS_NAME of a Go file.
func Table(file string) (string, error) {
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, decl := range f.Decls {
		consts, ok := decl.(*ast.GenDecl)
		if !ok || consts.Tok != token.CONST {
			continue
		}
		for _, spec := range consts.Specs {
			s := spec.(*ast.ValueSpec)
			name, ok := strings.CutPrefix(s.Names[0].Name, "SYS_")
			value, lit := s.Values[0].(*ast.BasicLit)
			if !ok || !lit {
				return "", fmt.Errorf("%s: constant %s, want SYS_NAME = number", file, s.Names[0].Name)
			}
			number, err := strconv.ParseUint(value.Value, 0, 32)
			if err != nil {
				return "", fmt.Errorf("%s: %s: %w", file, name, err)
			}
			fmt.Fprintf(&b, "%d %s\n", number, strings.ToLower(name))
		}
	}
	return b.String(), nil
}
