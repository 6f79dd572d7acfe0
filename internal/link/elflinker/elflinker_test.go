package elflinker

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestParseVersion(t *testing.T) {
	for _, tt := range []struct {
		text string
		want version
		err  string
	}{
		{"Debian LLD 14.0.6 (compatible with GNU linkers)\n", version{LLD, 14, 0}, ""},
		{"LLD 21.1.2 (compatible with GNU linkers)\n", version{LLD, 21, 1}, ""},
		{"Ubuntu LLD 13.0.1 (compatible with GNU linkers)\n", version{}, "want at least version 14.0"},
		{"GNU ld (GNU Binutils for Debian) 2.40\nCopyright (C) 2023 Free Software Foundation\n", version{GNU, 2, 40}, ""},
		{"GNU ld (GNU Binutils) 2.43.50.20240916\n", version{GNU, 2, 43}, ""},
		{"GNU ld version 2.35.2-17\n", version{}, "want at least version 2.38"},
		{"GNU gold (GNU Binutils for Debian 2.40) 1.16\n", version{}, "no other linker was verified"},
		{"mold 2.4.0 (compatible with GNU ld)\n", version{}, "no other linker was verified"},
		{"", version{}, `it calls itself ""`},
	} {
		got, err := parseVersion("tool", tt.text)
		if tt.err != "" {
			if err == nil || !strings.Contains(err.Error(), tt.err) || !strings.Contains(err.Error(), "tool") {
				t.Errorf("%q: %+v, %v; want error %q", tt.text, got, err, tt.err)
			}
		} else if err != nil || got != tt.want {
			t.Errorf("%q: %+v, %v; want %+v", tt.text, got, err, tt.want)
		}
	}
}

func TestCheckFlags(t *testing.T) {
	for _, tt := range []struct{ flag, err string }{
		{"--threads=1", ""},
		{"-O2", ""},
		{"-z", ""},
		{"--defsym=a=1", ""},
		{"--section-start=.text=0x800000", ""},
		{"-shared", "the output is a program"},
		{"--shared", "the output is a program"},
		{"-o", "decides the output"},
		{"--script=x.ld", "use --linker-script"},
		{"--build-id=none", "use --build-id-note"},
		{"--dynamic-linker=/lib/ld.so", "no dynamic loader"},
		{"@flags", "the flags themselves"},
	} {
		err := CheckFlags([]string{"-O1", tt.flag})
		if tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err) ||
			!strings.Contains(err.Error(), tt.flag)) {
			t.Errorf("%s: error %v, want %q", tt.flag, err, tt.err)
		}
	}
	if err := CheckFlags([]string{"-r", "-shared"}); err == nil || strings.Count(err.Error(), "refused") != 2 {
		t.Errorf("error %v, want both flags in it", err)
	}
}

func TestMissingLinker(t *testing.T) {
	plain := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(plain, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"no-such-linker":      "external linker no-such-linker: --version: ",
		"./dir/no-such":       "external linker ./dir/no-such: --version: ",
		plain:                 "permission denied",
		"/proc/self/no/where": "no such file",
	} {
		if _, err := (&Linker{Path: path}).version(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", path, err, want)
		}
	}
}
