//go:build linux

package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

const public = `-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEArfoIQ9cBdbL7z/C6jTwq/RIMPCSwuPJNol7hDM4q/48=
-----END PUBLIC KEY-----
`

// call runs the command in this process.
func call(args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	code = program.Run(args, &out, &err)
	return code, out.String(), err.String()
}

func write(t *testing.T, name, data string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestCheck(t *testing.T) {
	script := write(t, "script", "#!/bin/sh\n")
	other := write(t, "other", "#!/bin/sh\n\n")
	list := write(t, "list", fmt.Sprintf("%x  script\n", sha256.Sum256([]byte("#!/bin/sh\n"))))
	config := write(t, "config", "check\n--allow="+list+"\n")
	for _, tt := range []struct {
		args           []string
		code           int
		stdout, stderr string
	}{
		{[]string{"check", "--allow=" + list, script}, 0, script + ": allow: its digest is on the list\n", ""},
		{[]string{"@" + config, script}, 0, script + ": allow: its digest is on the list\n", ""},
		{[]string{"check", "--allow=" + list, other, script}, 1, other + ": deny: it is a script, which has no signature, and its digest is not on the list\n" +
			script + ": allow: its digest is on the list\n", "execguard: 1 of 2 files would not be executed\n"},
	} {
		code, stdout, stderr := call(tt.args...)
		if code != tt.code || stdout != tt.stdout || stderr != tt.stderr {
			t.Errorf("%q: got %d, %q, %q, want %d, %q, %q", tt.args, code, stdout, stderr, tt.code, tt.stdout, tt.stderr)
		}
	}
}

func TestErrors(t *testing.T) {
	trust := write(t, "trust", public)
	text := write(t, "text", "text\n")
	for _, tt := range []struct {
		args []string
		code int
		want string
	}{
		{nil, 2, "no command"},
		{[]string{"x"}, 2, `no command "x"`},
		{[]string{"run"}, 2, "run: no --trust and no --allow: nothing could be executed"},
		{[]string{"run", "--x"}, 2, "run: flag provided but not defined: -x"},
		{[]string{"run", "--trust=" + trust, "x"}, 2, `run: "x", want flags alone`},
		{[]string{"run", "--trust=" + trust, "--max-file=0"}, 2, "run: --max-file 0, want a number of bytes"},
		{[]string{"run", "--trust=/missing"}, 1, "/missing"},
		{[]string{"run", "--trust=" + text}, 1, text + ": is not PEM"},
		{[]string{"run", "--allow=" + text}, 1, text + `:1: "text", want a SHA-256`},
		{[]string{"run", "--trust=" + trust, "--audit=/missing/audit"}, 1, "/missing/audit: no such file"},
		{[]string{"check", "--trust=" + trust}, 2, "check: no files"},
		{[]string{"check", "--trust=" + trust, "/missing"}, 1, "/missing"},
		{[]string{"@/missing"}, 2, "/missing"},
	} {
		code, stdout, stderr := call(tt.args...)
		if code != tt.code || stdout != "" || !strings.Contains(stderr, "execguard: ") || !strings.Contains(stderr, tt.want) {
			t.Errorf("%q: got %d, %q, %q, want %d and %q", tt.args, code, stdout, stderr, tt.code, tt.want)
		}
	}
	for _, args := range [][]string{{"-h"}, {"run", "-h"}, {"check", "--help"}} {
		if code, stdout, stderr := call(args...); code != 0 || !strings.Contains(stdout, "usage: execguard ") || stderr != "" {
			t.Errorf("%q: got %d, %q, %q", args, code, stdout, stderr)
		}
	}
}

// TestPrivilege: without CAP_SYS_ADMIN it says what is missing, and nothing is guarded.
func TestPrivilege(t *testing.T) {
	done := make(chan bool)
	go func() {
		defer close(done)
		runtime.LockOSThread() // for ever: the thread has no capabilities from here on, and ends with this goroutine
		header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		var none [2]unix.CapUserData
		if err := unix.Capset(&header, &none[0]); err != nil {
			t.Error(err)
			return
		}
		code, _, stderr := call("run", "--trust="+write(t, "trust", public))
		if code != 1 || !strings.Contains(stderr, "fanotify_init: ") {
			t.Errorf("got %d, %q, want 1 and fanotify_init", code, stderr)
		}
	}()
	<-done
}
