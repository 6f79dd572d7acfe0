//go:build linux

package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/examples/https_client/testca"
	"github.com/go3s/rules_go3s/examples/internal/progtest"
)

// TestWithout is the counter-proof of TestEmptyRoot: what the attributes embed is needed there, because
// the client fails without it.
func TestWithout(t *testing.T) {
	(&dnsServer{hosts: []string{wwwHost}}).start(t)
	startWeb(t)
	for _, test := range []struct {
		name  string
		build progtest.Build
		want  string
	}{
		{
			name:  "ca_roots",
			build: progtest.Build{Tags: []string{"timetzdata"}},
			want:  "x509: certificate signed by unknown authority",
		}, {
			name:  "tzdata",
			build: progtest.Build{Overlay: withRoots(testca.TrustedPEM)},
			want:  "unknown time zone Europe/Berlin",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			result := build(t, test.build).Run(t, "-tz", "Europe/Berlin", "https://www.go3s.test/summer")
			if result.Code != 1 || !strings.Contains(result.Stderr, test.want) {
				t.Errorf("got %+v, want status 1 and %q", result, test.want)
			}
		})
	}
}

// TestBadRoots: a file that does not hold certificates, and nothing else, stops the program at start and
// names the attribute.
func TestBadRoots(t *testing.T) {
	ca := testca.TrustedPEM
	begin, end := "-----BEGIN CERTIFICATE-----\n", "-----END CERTIFICATE-----\n"
	for _, test := range []struct{ name, pem, want string }{
		{"empty", "", "holds no certificate (0 bytes)"},
		{"no PEM", "no certificate here\n", "holds no certificate (20 bytes)"},
		{"another block", ca + "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", `holds a "PRIVATE KEY" as PEM block 2`},
		{"no DER", ca + begin + "AAAA\n" + end, "holds no valid certificate as PEM block 2: x509: malformed certificate"},
		{"no base64", ca + begin + "!\n" + end, "begins 2 PEM blocks, of which only 1 can be decoded"},
		{"cut off", ca[:len(ca)-len(end)], "begins 1 PEM blocks, of which only 0 can be decoded"},
	} {
		t.Run(test.name, func(t *testing.T) {
			result := build(t, progtest.Build{Overlay: withRoots(test.pem)}).Run(t, "--version")
			want := "panic: ca_roots: the file given by the ca_roots attribute " + test.want
			if result.Code != 2 || result.Stdout != "" || !strings.HasPrefix(result.Stderr, want) {
				t.Errorf("got %+v, want status 2 and %q", result, want)
			}
		})
	}
}

// build builds the client and puts it in a root.
func build(t *testing.T, b progtest.Build) progtest.Root {
	t.Helper()
	program := progtest.Program{Path: filepath.Join(t.TempDir(), "program")}
	if err := b.To(program.Path); err != nil {
		t.Fatal(err)
	}
	return progtest.NewRoot(t, program, resolvConf)
}
