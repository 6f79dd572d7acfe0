package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/go3s/rules_go3s/bench/internal/programs"
)

// An input is a Go program to strip.
type input struct {
	name string
	what string // explanation below the table
	path string
}

func buildInputs(dir, big string) ([]input, error) {
	inputs := []input{
		{name: "hello", what: "fmt.Println"},
		{name: "https_client", what: "http.Get and fmt.Println"},
	}
	for i, source := range []string{programs.HelloSource, programs.SeedSource} {
		in := &inputs[i]
		src := filepath.Join(dir, in.name+".go")
		if err := os.WriteFile(src, []byte(source), 0o666); err != nil {
			return nil, err
		}
		in.path = filepath.Join(dir, in.name)
		if err := goCommand(dir, "build", "-o", in.path, src); err != nil {
			return nil, err
		}
	}
	large := input{name: "large", what: filepath.Base(big) + ", given by -big", path: big}
	if big == "" {
		large.path = filepath.Join(dir, "large")
		large.what = fmt.Sprintf("generated: %d packages of %d functions", packages, functions)
		if err := generate(filepath.Join(dir, "src")); err != nil {
			return nil, err
		}
		fmt.Fprintln(os.Stderr, "building the large program; this takes minutes the first time")
		if err := goCommand(filepath.Join(dir, "src"), "build", "-trimpath", "-o", large.path, "."); err != nil {
			return nil, err
		}
	}
	return append(inputs, large), nil
}

// goCommand runs the go command for a static Linux program of this machine's
// architecture.
func goCommand(dir string, args ...string) error {
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOOS=linux", "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}

func goVersion() string {
	out, err := exec.Command("go", "env", "GOVERSION").Output()
	if err != nil {
		return "unknown Go"
	}
	return strings.TrimSpace(string(out))
}

// The generated program has about 100 MB with symbols and debug information.
const (
	packages  = 136
	functions = 150 // in each package
)

// generate writes the module of the large program to dir.
func generate(dir string) error {
	write := func(name, text string) error {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return err
		}
		return os.WriteFile(path, []byte(text), 0o666)
	}
	if err := write("go.mod", "module large.test\n\ngo 1.26\n"); err != nil {
		return err
	}
	var main strings.Builder
	main.WriteString("package main\n\nimport (\n\t\"fmt\"\n\t\"os\"\n\n")
	for p := range packages {
		fmt.Fprintf(&main, "\t\"large.test/p%03d\"\n", p)
	}
	main.WriteString(")\n\nfunc main() {\n\tn := len(os.Args)\n")
	for p := range packages {
		fmt.Fprintf(&main, "\tn += p%03d.All(n)\n", p)
	}
	main.WriteString("\tif n == 0 {\n\t\tfmt.Println(n)\n\t}\n}\n")
	if err := write("main.go", main.String()); err != nil {
		return err
	}
	for p := range packages {
		var b strings.Builder
		fmt.Fprintf(&b, "package p%03d\n\nimport (\n\t\"fmt\"\n\t\"sort\"\n\t\"strings\"\n)\n", p)
		for f := range functions {
			fmt.Fprintf(&b, functionSource, f, p)
		}
		// Nothing runs, but the linker cannot know.
		b.WriteString("\nfunc All(n int) int {\n\tif n < 1000000 {\n\t\treturn 0\n\t}\n")
		for f := range functions {
			fmt.Fprintf(&b, "\tn += (&Record%03d{ID: n}).Digest(fmt.Sprint(n))\n", f)
		}
		b.WriteString("\treturn n\n}\n")
		if err := write(fmt.Sprintf("p%03d/p.go", p), b.String()); err != nil {
			return err
		}
	}
	return nil
}

// functionSource is what one "function" is made of: a type, its methods and
// what they call. %[1]d is its number, %[2]d that of the package.
const functionSource = `
type Record%03[1]d struct {
	ID     int
	Name   string
	Fields map[string][]float64
	Next   *Record%03[1]d
}

func (r *Record%03[1]d) String() string {
	parts := []string{fmt.Sprintf("record %[1]d of %[2]d: %%d %%q", r.ID, r.Name)}
	for key, values := range r.Fields {
		sum := 0.0
		for i, v := range values {
			sum += v * float64(i+%[1]d)
		}
		parts = append(parts, fmt.Sprintf("%%s=%%.3f", key, sum))
	}
	sort.Strings(parts)
	return strings.Join(parts, ", ")
}

func (r *Record%03[1]d) Digest(text string) int {
	total := len(r.String())
	for node := r; node != nil; node = node.Next {
		switch {
		case strings.HasPrefix(text, node.Name):
			total += node.ID * %[1]d
		case strings.Contains(text, node.Name):
			for _, word := range strings.Fields(text) {
				total += strings.Count(node.Name, word)
			}
		default:
			defer func(n *Record%03[1]d) { n.ID++ }(node)
		}
		if node.Fields == nil {
			node.Fields = map[string][]float64{text: {float64(total), %[2]d}}
		}
		sort.Slice(node.Fields[text], func(i, j int) bool { return node.Fields[text][i] < node.Fields[text][j] })
	}
	if total < 0 {
		panic(fmt.Errorf("record %[1]d of %[2]d: negative total %%d", total))
	}
	return total
}
`
