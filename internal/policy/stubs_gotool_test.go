package policy

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/gotool"
)

// enters matches the assembler's system call instructions of the three machines.
var enters = regexp.MustCompile(`^\s+(SYSCALL|SVC|ECALL)\b`)

// TestStubs: each function of the standard library that has a system call instruction is a stub to the rule.
func TestStubs(t *testing.T) {
	text := regexp.MustCompile(`^TEXT\s+([^(<]*)`)
	for _, goarch := range []string{"amd64", "arm64", "riscv64"} {
		found := 0
		list := gotool.Output(t, ".", goarch, "list", "-f", "{{$p := .}}{{range .SFiles}}{{$p.ImportPath}} {{$p.Dir}} {{.}}\n{{end}}", "std")
		for line := range strings.Lines(list) {
			fields := strings.Fields(line)
			if len(fields) != 3 {
				continue
			}
			source, err := os.ReadFile(filepath.Join(fields[1], fields[2]))
			if err != nil {
				t.Fatal(err)
			}
			name := ""
			for line := range strings.Lines(string(source)) {
				if m := text.FindStringSubmatch(line); m != nil {
					pkg, function, _ := strings.Cut(m[1], "·")
					if pkg == "" {
						pkg = fields[0]
					}
					name = strings.ReplaceAll(pkg, "∕", "/") + "." + function
				}
				if enters.MatchString(line) {
					found++
					if !goabi.IsSyscallStub(name) {
						t.Errorf("%s: %s of %s has a system call instruction", goarch, name, filepath.Join(fields[0], fields[2]))
					}
				}
			}
		}
		if found < 30 {
			t.Errorf("%s: %d system call instructions in the standard library, want at least 30", goarch, found)
		}
	}
}
