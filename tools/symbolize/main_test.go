package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestUsage(t *testing.T) {
	other := filepath.Join(t.TempDir(), "other")
	if err := os.WriteFile(other, []byte("something else"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"--help"}, exitOK, "usage: symbolize"},
		{nil, exitUsage, "usage: symbolize"},
		{[]string{"--symbols=a", "b", "c"}, exitUsage, "usage: symbolize"},
		{[]string{"--symbols=testdata/none"}, exitFailed, "testdata/none: no such file"},
		{[]string{"--symbols=" + other}, exitFailed, "it is no side file that elfstrip --symbols-file wrote"},
	} {
		var out, errs bytes.Buffer
		code, printed := run(test.args, strings.NewReader(""), &out, &errs), &errs
		if code == exitOK {
			printed = &out
		}
		if code != test.code || !strings.Contains(printed.String(), test.want) || out.Len()+errs.Len() != printed.Len() {
			t.Errorf("%q: exit code %d, printed %q and %q; want %d and %q", test.args, code, out.String(), errs.String(), test.code, test.want)
		}
	}
}
