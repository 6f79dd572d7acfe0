//go:build linux

package main

import (
	"os"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/examples/internal/progtest"
)

func TestMain(m *testing.M) { progtest.Main(m, progtest.Options{}) }

func TestRunfiles(t *testing.T) {
	for _, test := range []struct {
		name, env, data string
		code            int
		stdout, stderr  string
	}{
		{
			name: "all there", env: "GREETING=good day", data: "greeting.txt",
			stdout: "args[0]=\"one\"\nargs[1]=\"two words\"\n" +
				"env GREETING=\"good day\"\n" +
				"data greeting.txt=\"a file that travels with the program\\n\"\n",
		},
		{name: "no variable", data: "greeting.txt", code: 1, stderr: "GREETING is not set: the env attribute sets it"},
		{name: "no file", env: "GREETING=", data: "missing.txt", code: 1, stderr: "cannot read the file of the data attribute: open missing.txt"},
	} {
		t.Run(test.name, func(t *testing.T) {
			cmd := progtest.Under().Command("-data", test.data, "one", "two words")
			cmd.Env = []string{test.env}
			result := progtest.Run(t, cmd)
			if result.Code != test.code || result.Stdout != test.stdout || !strings.Contains(result.Stderr, test.stderr) {
				t.Errorf("got %+v, want %+v", result, test)
			}
		})
	}
	if _, set := os.LookupEnv("GREETING"); set {
		t.Error("GREETING is set around this test: it proves nothing")
	}
}
