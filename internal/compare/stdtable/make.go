package stdtable

import (
	"bytes"
	_ "embed"
	"fmt"
	"go/version"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// generator is the source of this package that makes a table.
//
//go:embed generate.go
var generator string

// generatorMain makes a program of it.
const generatorMain = `
func main() {
	table, err := generate(os.Args[1])
	if err == nil {
		_, err = os.Stdout.Write(table)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
`

// Make returns the table of the SDKs in the directories goroots, of those releases, such as "go1.26.8". The error says which of them has
// another table than the first. If this program was built by Go of another series, which may not understand the sources, an SDK's own
// go command compiles and runs the generator.
func Make(goroots, releases []string) ([]byte, error) {
	var table []byte
	for i, goroot := range goroots {
		one, err := makeOne(goroot, releases[i])
		if err != nil {
			return nil, err
		}
		if table != nil && !bytes.Equal(one, table) {
			return nil, fmt.Errorf("%s: the table of %s is not that of %s: make a table of its own", goroot, releases[i], releases[0])
		}
		table = one
	}
	return slices.Concat([]byte(head+"go "+strings.Join(releases, " ")+"\n"), table), nil
}

const head = "# Written by linkcheck stdtable; internal/compare/std.go describes the format.\n"

func makeOne(goroot, release string) ([]byte, error) {
	goroot, err := filepath.Abs(goroot)
	if err != nil {
		return nil, err
	}
	if lang(release) == "" {
		return nil, fmt.Errorf("%s: %q is no Go release, want one such as go1.26.8", goroot, release)
	}
	if lang(release) == lang(runtime.Version()) {
		return generate(goroot)
	}
	return makeByOwnGo(goroot, release)
}

func lang(release string) string {
	name, _, _ := strings.Cut(release, " ")
	return version.Lang(name)
}

// makeByOwnGo depends on nothing but the SDK: no configuration of a user, module or network. Only the build cache is the user's,
// if there is one.
func makeByOwnGo(goroot, release string) ([]byte, error) {
	tmp, err := os.MkdirTemp("", "stdtable-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(tmp)
	file := filepath.Join(tmp, "main.go")
	source := strings.Replace(generator, "\npackage stdtable\n", "\npackage main\n", 1) + generatorMain
	if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
		return nil, err
	}
	cache := os.Getenv("GOCACHE")
	if dir, err := os.UserCacheDir(); err == nil && cache == "" {
		cache = filepath.Join(dir, "go-build")
	} else if cache == "" {
		cache = filepath.Join(tmp, "cache")
	}
	cmd := exec.Command(filepath.Join(goroot, "bin", "go"), "run", file, goroot)
	cmd.Dir = tmp
	cmd.Env = []string{"GOROOT=" + goroot, "GOCACHE=" + cache, "GOPATH=" + filepath.Join(tmp, "path"), "GOTMPDIR=" + tmp,
		"GOENV=off", "GOFLAGS=", "GO111MODULE=off", "GOPROXY=off", "GOTOOLCHAIN=local", "GOWORK=off", "CGO_ENABLED=0", "PATH=" + os.Getenv("PATH")}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	table, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("the table of %s by its own go command, because this program is of %s: %w\n%s",
			release, runtime.Version(), err, stderr.String())
	}
	return table, nil
}
