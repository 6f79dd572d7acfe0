package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCommandLine(t *testing.T) {
	dir := t.TempDir()
	key := filepath.Join(dir, "key")
	if err := os.WriteFile(key, []byte("no key"), 0o666); err != nil {
		t.Fatal(err)
	}
	empty := t.TempDir()
	for _, test := range []struct {
		args   []string
		status int
		want   string // printed
	}{
		{nil, accepted, "go3s-release verify --key=FILE DIR"},
		{[]string{"verify", "-h"}, accepted, "-no-signatures"},
		{[]string{"check"}, unusable, `"check" is no command`},
		{[]string{"verify"}, unusable, "want one folder"},
		{[]string{"verify", empty}, unusable, "want --key FILE"},
		{[]string{"verify", "--no-signatures", "--key=" + key, empty}, unusable, "want --key FILE"},
		{[]string{"verify", "--key=" + key, empty}, unusable, "no Ed25519 public key"},
		{[]string{"verify", "--key=" + filepath.Join(dir, "none"), empty}, unusable, "no such file"},
		{[]string{"verify", "--no-signatures", filepath.Join(dir, "none")}, unusable, "no such file"},
		{[]string{"verify", empty, "--no-signatures"}, refused, "there is no SHA256SUMS"},
		{[]string{"rebuild", empty}, unusable, "want two folders"},
		{[]string{"rebuild", empty, empty}, unusable, "there is no SHA256SUMS"},
		{[]string{"sign", empty}, unusable, "want --key or --openpgp-key, and one folder"},
		{[]string{"sign", "--key=" + key, empty}, unusable, "no private key"},
		{[]string{"publish", empty}, unusable, "want --directory, --registry"},
		{[]string{"publish", empty, "--directory=" + filepath.Join(dir, "out")}, refused, "not published"},
		{[]string{"build", "--plan={}", "-o", dir, "id"}, unusable, "pairs of id and file"},
		{[]string{"build", `--plan={"nme": ""}`, "-o", dir}, unusable, `unknown field "nme"`},
	} {
		var out strings.Builder
		if status := run(env{&out, &out}, test.args); status != test.status || !strings.Contains(out.String(), test.want) {
			t.Errorf("%q: status %d, printed %q, want %d and %q", test.args, status, out.String(), test.status, test.want)
		}
	}
	if entries, err := os.ReadDir(empty); err != nil || len(entries) != 0 {
		t.Errorf("%d files were written (%v)", len(entries), err)
	}
}
