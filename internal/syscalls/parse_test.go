package syscalls

import (
	"strings"
	"testing"
)

// TestParseReport: a report is read back as it was written, and what is none is refused.
func TestParseReport(t *testing.T) {
	written := &Report{
		Schema: SchemaVersion, File: "//app:app", GOARCH: "arm64",
		Calls: []Call{
			{Name: "brk", Number: 214, Implied: "the kernel"},
			{Name: "exit", Number: 93, Sites: []Site{{Function: "main.main", Address: "0x10", Chain: []string{"main.main"}}}},
		},
		Dynamic: []Dynamic{{Site: Site{Function: "main.any", Address: "0x20", Chain: []string{"main.main", "main.any"}}, Reason: "computed"}},
	}
	data, err := JSON(written)
	if err != nil {
		t.Fatal(err)
	}
	read, err := ParseReport(data)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := JSON(read); err != nil || string(again) != string(data) {
		t.Errorf("read and written again: %v\n%s\nwant\n%s", err, again, data)
	}
	for text, want := range map[string]string{
		`x`:                           "invalid character",
		`{"goarch": "amd64"}`:         "schema is 0, want 1",
		`{"schema": 1}`:               `goarch is "", want one of [amd64 arm64 riscv64]`,
		`{"schema": 1, "goarch": "x"`: "unexpected end of JSON input",
		`{"schema": 1, "goarch": "amd64", "calls": [{"name": "read"}]}`:                     `calls[0], "read": want a name, and sites`,
		`{"schema": 1, "goarch": "amd64", "calls": [{"name": "read", "sites": [{}]}]}`:      `calls[0], "read": a site has no chain`,
		`{"schema": 1, "goarch": "amd64", "dynamic": [{"reason": "r", "chain": ["main"]}]}`: "dynamic[0]: want the name of a function",
	} {
		if r, err := ParseReport([]byte(text)); err == nil || !strings.Contains(err.Error(), want) || r != nil {
			t.Errorf("%s: %v, %v; want an error with %q", text, r, err, want)
		}
	}
}
