//go:build linux

package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/examples/internal/progtest"
)

func TestMain(m *testing.M) { progtest.Main(m, progtest.Options{}) }

// start runs the program; the User logs in with the password.
func start(t *testing.T, password string) progtest.Result {
	t.Helper()
	cmd := progtest.Under().Command("-iterations=1000", "a", "message")
	cmd.Stdin = strings.NewReader("officer's password\nuser's password\n" + password + "\n6b6579\n")
	return progtest.Run(t, cmd)
}

func TestKeyguard(t *testing.T) {
	mac := hmac.New(sha256.New, []byte("key"))
	mac.Write([]byte("a message"))
	want := fmt.Sprintf("officer: keyguard: role may not do that: Use by CryptoOfficer\nhmac: %x\n", mac.Sum(nil))
	result := start(t, "user's password")
	memory, rest, _ := strings.Cut(result.Stdout, "\n")
	if result.Code != 0 || rest != want || result.Stderr != "" || memory != "memory: memfd_secret" && memory != "memory: anonymous" {
		t.Errorf("got %+v, want %q", result, want)
	}
}

func TestWrongPassword(t *testing.T) {
	if r := start(t, "another password"); r.Code != 1 || strings.Contains(r.Stdout, "hmac") || r.Stderr != "keyguard: wrong password\n" {
		t.Errorf("got %+v", r)
	}
}
