package main

import (
	"debug/elf"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/gobin/gobintest"
)

// builds writes a program for three machines, and one for riscv64 that does more.
func builds(t testing.TB) (dir string, same []string, more string) {
	dir = t.TempDir()
	for _, m := range []elf.Machine{elf.EM_X86_64, elf.EM_AARCH64, elf.EM_RISCV} {
		same = append(same, write(t, filepath.Join(dir, m.String()), gobintest.New(m).Build().Data))
	}
	p := gobintest.New(elf.EM_RISCV)
	p.Funcs = append(p.Funcs, gobintest.Func{Name: "main.open", Code: gobintest.Syscall[elf.EM_RISCV]})
	return dir, same, write(t, filepath.Join(dir, "more"), p.Build().Data)
}

func TestCompare(t *testing.T) {
	dir, same, more := builds(t)
	allow := write(t, filepath.Join(dir, "allow.json"), []byte(`{"schema": 1, "allow": {"same-functions": [{"subject": "main.op*", "reason": "test"}]}}`))
	expired := write(t, filepath.Join(dir, "expired.json"), []byte(`{"schema": 1, "allow": {"same-functions": [{"subject": "main.op*", "reason": "test", "expires": "2020-01-01"}]}}`))
	noGo := write(t, filepath.Join(dir, "text"), []byte("no ELF"))
	odd := []string{same[0], same[1], more}
	for _, c := range []struct {
		name           string
		args           []string
		status         int
		stdout, stderr string // a part of each; "" means none
	}{
		{"the same", same, 0, "EM_RISCV: ok (compare, riscv64,", ""},
		{"two", same[:2], 0, "EM_AARCH64: ok", ""},
		{"function", odd, 1, "main.open: riscv64 only; declared in ", ""},
		{"explanations", append([]string{"--explain"}, odd...), 1, "build-info     setting        1   for example build GOARCH", ""},
		{"allowed", append([]string{"--policy", allow}, odd...), 0, "more: ok", ""},
		{"allowed until", append([]string{"--policy", expired}, odd...), 1, "main.open", ""},
		{"report only", append([]string{"--report-only"}, odd...), 0, "main.open", ""},
		{"name", append([]string{"--name", "//app"}, same...), 0, "//app (riscv64): ok", ""},
		{"json", append([]string{"--format", "json"}, odd...), 1, `"subject": "main.open"`, ""},
		{"sarif", append([]string{"--format", "sarif"}, odd...), 1, `"same-functions"`, ""},
		{"explanations in json", append([]string{"--format", "json", "--explain"}, odd...), 2, "", "--explain goes with --format text"},
		{"one", same[:1], 2, "", "want the same program for two or more architectures"},
		{"twice", []string{same[2], more}, 2, "", "are both for riscv64"},
		{"no ELF", []string{same[0], noGo}, 2, "", "not an ELF file"},
		{"none", nil, 2, "", "want the same program"},
	} {
		status, stdout, stderr := linkcheck(append([]string{"compare"}, c.args...)...)
		if status != c.status || !strings.Contains(stdout, c.stdout) || !strings.Contains(stderr, c.stderr) || c.stderr == "" && stderr != "" {
			t.Errorf("%s: status %d, want %d; stdout\n%s\nstderr\n%s", c.name, status, c.status, stdout, stderr)
		}
	}
}

func TestCompareList(t *testing.T) {
	dir, same, more := builds(t)
	list := filepath.Join(dir, "list")
	linkcheck("compare", "--list", list, same[0], more)
	data, err := os.ReadFile(list)
	if err != nil {
		t.Fatal(err)
	}
	want := "build-info\tsetting\tamd64\tbuild GOARCH\tnames the architecture\nfunctions\t-\triscv64\tmain.open\tdeclared in "
	if !strings.HasPrefix(string(data), want) {
		t.Errorf("the list begins with\n%s, want\n%s", data, want)
	}
}
