package syscalls

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "update the table of the documentation")

// TestStarterTable: the documentation has the table of what starters call.
func TestStarterTable(t *testing.T) {
	path := filepath.Join("..", "..", "docs", "syscalls.md")
	const begin, end = "TestStarterTable -update`. -->\n", "<!-- end -->\n"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s: no place for the table", path)
	}
	var table strings.Builder
	writeStarterTable(&table)
	want := before + begin + "\n" + table.String() + "\n" + end + after
	switch {
	case *update:
		if err := os.WriteFile(path, []byte(want), 0o666); err != nil {
			t.Fatal(err)
		}
	case string(text) != want:
		t.Errorf("%s is not up to date: go test ./internal/syscalls -run TestStarterTable -update", path)
	}
}

// TestStarterCalls: every call in the table exists on some machine, and the default has those of all others.
func TestStarterCalls(t *testing.T) {
	for _, row := range startCalls {
		for name := range strings.FieldsSeq(row.calls) {
			if _, ok := Tables["amd64"].load().numbers[name]; !ok {
				t.Errorf("there is no system call %s", name)
			}
		}
	}
	for goarch := range Tables {
		all := strings.Join(Starters[0].calls(goarch), " ")
		for _, s := range Starters {
			calls := s.calls(goarch)
			if len(calls) == 0 {
				t.Errorf("%s makes no call on %s", s, goarch)
			}
			for _, name := range calls {
				if !strings.Contains(" "+all+" ", " "+name+" ") {
					t.Errorf("%s calls %s on %s, which %s lacks", s, name, goarch, Starters[0])
				}
			}
		}
	}
	if _, err := ParseStarter("docker"); err == nil {
		t.Error("docker is a starter")
	}
}
