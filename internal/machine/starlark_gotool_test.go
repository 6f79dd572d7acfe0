package machine

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// The registry for Starlark has the same rows.
func TestStarlark(t *testing.T) {
	data, err := os.ReadFile("../../rules/private/goarch.bzl")
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	for _, m := range All {
		if row := fmt.Sprintf("    %q: struct(name = %q, uname = [", m.GOARCH, m.Name); !strings.Contains(text, row) {
			t.Errorf("rules/private/goarch.bzl lacks %s", row)
		}
	}
	if n := strings.Count(text, ": struct("); n != len(All) {
		t.Errorf("rules/private/goarch.bzl has %d machines, want %d", n, len(All))
	}
}
