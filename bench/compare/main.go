// Compare's benchmark shows what "linkcheck compare" says of programs that are known to be
// honest: most use a module with code for single architectures. They are linked by
// golink for three architectures and compared: without a policy, or by testdata/PROGRAM.json, which allows what is known
// to differ.
//
//	go run ./bench/compare [-dir DIR] [-mode exe|static-pie] [PROGRAM...]
//
// The modules come from the Go module mirror, pinned by a nested module in testdata. Findings go to
// the standard error; the exit status is 1 when there is one that no policy allows, and 2 when a program cannot be compared.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/go3s/rules_go3s/bench/internal/build"
	"github.com/go3s/rules_go3s/bench/internal/programs"
	"github.com/go3s/rules_go3s/internal/compare"
	"github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/machine"
	"github.com/go3s/rules_go3s/internal/policy"
)

var goarches = machine.GOARCHs()

func main() {
	dir := flag.String("dir", "", "keep the programs in this `directory`, and take those that are there")
	mode := flag.String("mode", "static-pie", "build `mode` of golink: exe or static-pie")
	flag.Parse()
	findings, err := run(*dir, *mode, flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench/compare:", err)
		os.Exit(2)
	}
	if findings > 0 {
		os.Exit(1)
	}
}

// run prints the table and returns how many differences nothing explains.
func run(dir, mode string, only []string) (int, error) {
	if dir == "" {
		temp, err := os.MkdirTemp("", "compare")
		if err != nil {
			return 0, err
		}
		defer os.RemoveAll(temp)
		dir = temp
	}
	list, err := list()
	if err != nil {
		return 0, err
	}
	golink, err := build.Tool(dir, "golink")
	if err != nil {
		return 0, err
	}
	fmt.Println("| program | functions | calls | strings, data | others | of all, by constraint | allowed | findings | s |\n|---|---|---|---|---|---|---|---|---|")
	total := 0
	for _, p := range list {
		if len(only) > 0 && !slices.Contains(only, p.Name) {
			continue
		}
		n, err := row(p, dir, mode, golink)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", p.Name, err)
		}
		total += n
	}
	return total, nil
}

// testdata returns the folder with programs and policies.
func testdata() (string, error) {
	all, err := programs.All()
	if err != nil {
		return "", err
	}
	return filepath.Join(filepath.Dir(all[len(all)-1].Dir), "../../../compare/testdata"), nil
}

// list returns the programs of testdata, examples, a command of Go, and the server of all benchmarks.
func list() ([]programs.Program, error) {
	all, err := programs.All()
	if err != nil {
		return nil, err
	}
	server := all[len(all)-1]
	root, err := testdata()
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(root)
	if err != nil {
		return nil, err
	}
	var out []programs.Program
	for _, e := range entries {
		if e.IsDir() {
			out = append(out, programs.Program{Name: e.Name(), Dir: filepath.Join(root, e.Name())})
		}
	}
	for _, name := range []string{"hello", "https_client", "userdb"} {
		out = append(out, programs.Program{Name: name, Dir: filepath.Join(root, "../../../examples", name)})
	}
	goroot, err := build.Go("", "", "env", "GOROOT")
	if err != nil {
		return nil, err
	}
	vet := programs.Program{Name: "vet", Dir: filepath.Join(strings.TrimSpace(string(goroot)), "src/cmd/vet")}
	return append(out, vet, server), nil
}

// row compares the builds of one program and prints its line of the table, and its findings to the standard error.
func row(p programs.Program, dir, mode, golink string) (int, error) {
	var files []string
	for _, goarch := range goarches {
		file := filepath.Join(dir, p.Name+"_"+mode+"_"+goarch)
		files = append(files, file)
		if _, err := os.Stat(file); err == nil {
			continue
		}
		flags, err := build.Compile(p.Dir, goarch)
		if err != nil {
			return 0, err
		}
		if out, err := exec.Command(golink, append(flags, "--buildmode="+mode, "-o", file)...).CombinedOutput(); err != nil {
			return 0, fmt.Errorf("golink for %s: %w\n%s", goarch, err, out)
		}
	}
	accept, err := allowances(p.Name)
	if err != nil {
		return 0, err
	}
	start := time.Now()
	differences, err := differ(files, accept)
	if err != nil {
		return 0, err
	}
	kinds, specific, allowed, findings := map[compare.Kind]int{}, 0, 0, 0
	for _, d := range differences {
		kinds[d.Kind]++
		switch {
		case d.Rule == "constraint":
			specific++
		case d.Rule == "" && accept(d.Kind, d.Subject):
			allowed++
		case d.Rule == "":
			findings++
			fmt.Fprintf(os.Stderr, "%s: %s: %s: %v\n", p.Name, d.Kind, d.Subject, &d)
		}
	}
	rest := len(differences) - kinds[compare.Functions] - kinds[compare.Calls] - kinds[compare.Strings] - kinds[compare.Data]
	fmt.Printf("| %s | %d | %d | %d | %d | %d | %d | %d | %.1f |\n", p.Name, kinds[compare.Functions], kinds[compare.Calls],
		kinds[compare.Strings]+kinds[compare.Data], rest, specific, allowed, findings, time.Since(start).Seconds())
	return findings, nil
}

// allowances returns what the policy of the program accepts.
func allowances(program string) (func(kind compare.Kind, subject string) bool, error) {
	root, err := testdata()
	if err != nil {
		return nil, err
	}
	file := filepath.Join(root, program+".json")
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return func(compare.Kind, string) bool { return false }, nil
	}
	if err != nil {
		return nil, err
	}
	p, err := policy.Parse(data)
	if err != nil {
		return nil, fmt.Errorf("policy %s: %w", file, err)
	}
	return func(kind compare.Kind, subject string) bool {
		return p.Allows(policy.CompareRule(string(kind)).ID, subject)
	}, nil
}

func differ(files []string, accept func(kind compare.Kind, subject string) bool) ([]compare.Difference, error) {
	var out []*compare.Program
	for _, file := range files {
		f, err := elf.Open(file)
		if err != nil {
			return nil, err
		}
		p, err := compare.Read(strings.TrimPrefix(filepath.Base(file), "/"), f, compare.ShippedStd())
		f.Close()
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return compare.Compare(out, accept)
}
