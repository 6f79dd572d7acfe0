//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRecord(t *testing.T) {
	path := filepath.Join(t.TempDir(), "record.md")
	if err := os.WriteFile(path, []byte("before\n"+tableStart+tableEnd+"after\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	b, a := target{"internal/b", "", "FuzzB"}, target{"internal/a", "", "FuzzA"}
	for _, add := range []struct {
		target
		result
	}{
		{b, result{executions: 1_999_999, corpus: 3}},
		{a, result{executions: 5, corpus: 5}},
		{b, result{executions: 1, corpus: 1, failures: 1}},
	} {
		if err := addToRecord(path, add.target, add.result); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const want = "| `internal/a.FuzzA` | 5 | 5 | 0 |\n| `internal/b.FuzzB` | 2,000,000 | 3 | 1 |\n| **all** | 2,000,005 | 8 | 1 |\n"
	if s := string(text); !strings.Contains(s, want) || !strings.HasPrefix(s, "before\n") || !strings.HasSuffix(s, "after\n") {
		t.Errorf("record is\n%s\nwant in it\n%s", s, want)
	}
	rows, err := readRecord(path)
	if err != nil || rows.executions(b) != 2_000_000 || rows.executions(target{"x", "", "y"}) != 0 {
		t.Errorf("read back %v, %v", rows, err)
	}
	if err := os.WriteFile(path, []byte("no table\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := addToRecord(path, a, result{}); err == nil || !strings.Contains(err.Error(), "between which the table is") {
		t.Errorf("error %v for a file without table", err)
	}
}

func TestProgress(t *testing.T) {
	m := progress.FindStringSubmatch("fuzz: elapsed: 1m3s, execs: 10401 (35/sec), new interesting: 2 (total: 9)")
	if m == nil || m[1] != "10401" || m[2] != "9" {
		t.Errorf("got %q", m)
	}
}
