package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const log = `{
  "mnemonic": "Go3sLink", "targetLabel": "//a:a", "runner": "remote", "cacheHit": false,
  "platform": {"properties": [{"name": "pool", "value": "w2"}]},
  "inputs": [
    {"path": "pkg", "digest": {"hash": "", "sizeBytes": "0"}},
    {"path": "golink", "digest": {"hash": "00", "sizeBytes": "5000000"}, "isTool": true}
  ],
  "digest": {"hash": "abc", "sizeBytes": "140"}
}
{
  "mnemonic": "Go3sLink", "targetLabel": "//a:b", "runner": "remote cache hit", "cacheHit": true,
  "inputs": [{"path": "x", "digest": {"sizeBytes": "7"}}]
}
`

const test = `{
  "mnemonic": "TestRunner", "targetLabel": "//a:t", "runner": "remote",
  "inputs": [{"path": "e/qemu-aarch64", "digest": {"sizeBytes": "SIZE"}}]
}
`

func TestRun(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return file
	}
	remote := write("remote", log)
	hit := write("hit", `{"mnemonic": "GoLink", "runner": "remote cache hit", "cacheHit": true}`)
	local := write("local", `{"mnemonic": "GoLink", "targetLabel": "//a:l", "runner": "linux-sandbox"}`)
	disk := write("disk", `{"mnemonic": "GoLink", "targetLabel": "//a:l", "runner": "disk cache hit", "cacheHit": true}`)
	emulated := write("emulated", strings.ReplaceAll(test, "SIZE", "5000000"))
	xml := write("xml", `{"mnemonic": "TestRunner", "runner": "remote", "commandArgs": ["external/bazel_tools/tools/test/generate-xml.sh"]}`)
	linked := write("linked", strings.ReplaceAll(test, "SIZE", "50"))
	for _, tt := range []struct {
		args   []string
		failed bool
		want   string // a part of the output, or of the error
	}{
		{[]string{"-remote", remote}, false, "| Go3sLink | 2   | 1              | 1              | 0    | 2     | 7                  | 5000000 |"},
		{[]string{"-remote", remote, local}, true, `GoLink of //a:l: it ran by "linux-sandbox", want the cluster`},
		{[]string{remote, local}, false, "| all      | 3   | 1              | 1              | 1"},
		{[]string{"-cached", hit}, false, "| all"},
		{[]string{"-cached", remote}, true, `Go3sLink of //a:a: it ran by "remote", want a hit`},
		{[]string{"-cached", disk}, true, `it ran by "disk cache hit", want a hit in the cluster's cache`},
		{[]string{"-emulator", emulated, xml}, false, "| TestRunner"},
		{[]string{"-emulator", linked}, true, "TestRunner of //a:t: no file qemu-*"},
		{[]string{"-find=Go3sLink", remote}, false, "abc pool=w2 //a:a\n"},
		{nil, false, "want execution logs"},
		{[]string{write("empty", "")}, false, "nothing was built"},
		{[]string{write("text", "text")}, false, "entry 1, before byte 0: invalid character"},
		{[]string{write("other", "{}")}, false, "entry 1 has no mnemonic"},
		{[]string{filepath.Join(dir, "none")}, false, "no such file"},
	} {
		var b strings.Builder
		failed, err := run(&b, tt.args)
		if err != nil {
			b.WriteString(err.Error())
		}
		if failed != tt.failed || !strings.Contains(b.String(), tt.want) {
			t.Errorf("%q: failed %t, want %t, and in the output %q:\n%s", tt.args, failed, tt.failed, tt.want, b.String())
		}
	}
}
