// Command syscalls prints, for examples on each architecture, how many system calls linkcheck
// lists and how many one run makes, as qemu-user prints them. It fails when a run makes a call
// that is not listed.
//
//	RULES_GO3S_QEMU_DIR=<directory of qemu-<machine>-static> go run ./bench/syscalls
package main

import (
	"errors"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/syscalls"
)

var programs = []struct {
	name string
	args []string
}{
	{"hello", nil},
	{"rawsys", nil},
	{"userdb", []string{"root", "localhost"}},
	{"https_client", []string{"https://127.0.0.1:1/"}}, // nobody listens there
}

var machines = []struct{ goarch, qemu string }{{"amd64", "x86_64"}, {"arm64", "aarch64"}, {"riscv64", "riscv64"}}

// call matches a call in what qemu-user prints.
var call = regexp.MustCompile(`\d ([a-z][a-z0-9_]*)\(`)

func main() {
	log.SetFlags(0)
	dir, err := os.MkdirTemp("", "syscalls")
	if err != nil {
		log.Fatal(err)
	}
	err = run(dir)
	os.RemoveAll(dir)
	if err != nil {
		log.Fatal(err)
	}
}

func run(dir string) error {
	fmt.Println("| program | architecture | dynamic sites | listed | made in one run | made, not listed |")
	fmt.Println("|---|---|---|---|---|---|")
	var missing error
	for _, p := range programs {
		for _, m := range machines {
			exe := filepath.Join(dir, p.name+"_"+m.goarch)
			build := exec.Command("go", "build", "-o", exe, "./examples/"+p.name)
			build.Env = append(os.Environ(), "GOOS=linux", "GOARCH="+m.goarch, "CGO_ENABLED=0", "GOFLAGS=")
			if out, err := build.CombinedOutput(); err != nil {
				return fmt.Errorf("%v: %w\n%s", build, err, out)
			}
			f, err := elf.Open(exe)
			if err != nil {
				return err
			}
			r, err := syscalls.Analyze(f, p.name)
			f.Close()
			if err != nil {
				return err
			}
			qemu := filepath.Join(os.Getenv("RULES_GO3S_QEMU_DIR"), "qemu-"+m.qemu+"-static")
			// The exit status does not matter: the client finds no server.
			out, err := exec.Command(qemu, append([]string{"-strace", exe}, p.args...)...).CombinedOutput()
			if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
				return err
			}
			made := map[string]bool{}
			for _, match := range call.FindAllSubmatch(out, -1) {
				made[string(match[1])] = true
			}
			count := len(made)
			for _, c := range r.Calls {
				delete(made, c.Name)
			}
			var names []string
			for name := range made {
				names = append(names, name)
			}
			if len(names) > 0 {
				missing = fmt.Errorf("%s on %s makes %v, which is not listed", p.name, m.goarch, names)
			}
			fmt.Printf("| %s | %s | %d | %d | %d | %d %s |\n", p.name, m.goarch, len(r.Dynamic), len(r.Calls), count, len(names), strings.Join(names, " "))
		}
	}
	return missing
}
