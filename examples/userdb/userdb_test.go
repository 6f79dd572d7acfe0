//go:build linux

package main

import (
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/examples/internal/progtest"
)

func TestMain(m *testing.M) { progtest.Main(m, progtest.Options{Isolate: true}) }

// files has names for user 0, who runs the program in there, that no real system has.
var files = map[string]string{
	"etc/passwd":        "captain:x:0:0:The Captain:/bridge:/bin/none\nada:x:1815:1852:Ada Lovelace,,,:/home/ada:/bin/none\n",
	"etc/group":         "bridge:x:0:\nanalysts:x:1852:\nengine:x:42:charles,ada\nnavy:x:7:charles\n",
	"etc/hosts":         "# comment\n192.0.2.7 engine.test engine\n2001:db8::7 engine.test\n",
	"etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
}

func TestLookups(t *testing.T) {
	const current = "current captain uid=0 gid=0 home=/bridge\n"
	const ada = "user ada uid=1815 home=/home/ada name=\"Ada Lovelace\" groups=analysts,engine\n"
	root := progtest.NewRoot(t, progtest.Under(), files)
	for _, test := range []struct {
		name           string
		args           []string
		code           int
		stdout, stderr string
	}{
		{"all known", []string{"ada", "engine.test"}, 0, current + ada + "host engine.test 192.0.2.7,2001:db8::7\n", ""},
		{"alias", []string{"ada", "engine"}, 0, current + ada + "host engine 192.0.2.7\n", ""},
		{"unknown user", []string{"charles", "engine.test"}, 1, current, "userdb: user: unknown user charles\n"},
		// nsswitch.conf says files only: no name server is asked, although Go would ask one on the loopback device.
		{"unknown host", []string{"ada", "moon.test"}, 1, current + ada, "userdb: lookup moon.test: no such host\n"},
		{"no arguments", nil, 2, "", "usage: userdb USER HOST\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			result := root.Run(t, test.args...)
			if result.Code != test.code || result.Stdout != test.stdout || result.Stderr != test.stderr {
				t.Errorf("got %+v, want %+v", result, test)
			}
		})
	}
}

// TestWithoutFiles is the counter-proof: without /etc the program does not know who runs it.
func TestWithoutFiles(t *testing.T) {
	result := progtest.NewRoot(t, progtest.Under(), nil).Run(t, "ada", "engine.test")
	if result.Code != 1 || result.Stdout != "" || !strings.HasPrefix(result.Stderr, "userdb: user: Current requires ") {
		t.Errorf("got %+v", result)
	}
}
