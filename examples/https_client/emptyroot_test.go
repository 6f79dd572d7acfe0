//go:build linux

package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/examples/https_client/testca"
	"github.com/go3s/rules_go3s/examples/internal/progtest"
)

func TestMain(m *testing.M) {
	progtest.Main(m, progtest.Options{
		Isolate: true,
		Build:   progtest.Build{Tags: []string{"timetzdata"}, Overlay: withRoots(testca.TrustedPEM)}.To,
	})
}

// withRoots does for a plain `go build` what the ca_roots attribute does in Bazel.
func withRoots(pem string) map[string]string {
	return map[string]string{
		"ca_roots_overlay.go":                    "package main\n\nimport _ \"github.com/go3s/rules_go3s/rules/private/ca_roots\"\n",
		"../../rules/private/ca_roots/roots.pem": pem,
	}
}

// resolvConf is all that the client finds in its root.
var resolvConf = map[string]string{"etc/resolv.conf": "nameserver 127.0.0.1\n"}

// TestEmptyRoot runs the client in a root that holds nothing but itself and /etc/resolv.conf, against a real
// name server and a real HTTPS server.
func TestEmptyRoot(t *testing.T) {
	names := &dnsServer{
		hosts:   []string{wwwHost, tcpHost, strangerHost, expiredHost, misnamedHost},
		onlyTCP: tcpHost,
	}
	names.start(t)
	startWeb(t)
	root := progtest.NewRoot(t, progtest.Under(), resolvConf)
	if got, want := root.Files(t), []string{"etc/resolv.conf"}; !slices.Equal(got, want) {
		t.Fatalf("the root holds %q beside the program, want %q", got, want)
	}

	for _, test := range []struct {
		name    string
		args    []string
		stdout  string
		stderr  string   // a part of it; the exit status is 1 if not empty, else 0
		queries []string // that the name server must have seen; nil for none at all
	}{
		{
			name:    "summer in Berlin",
			args:    []string{"-tz", "Europe/Berlin", "https://www.go3s.test/summer"},
			stdout:  "200 OK\n2027-07-01 14:00:00 CEST\nwww.go3s.test /summer by HTTP/2.0\n",
			queries: []string{"udp A www.go3s.test.", "udp AAAA www.go3s.test."},
		}, {
			name:    "winter in Berlin",
			args:    []string{"-tz", "Europe/Berlin", "https://www.go3s.test/winter"},
			stdout:  "200 OK\n2027-01-01 13:00:00 CET\nwww.go3s.test /winter by HTTP/2.0\n",
			queries: []string{"udp A www.go3s.test."},
		}, {
			name:    "an answer too long for UDP",
			args:    []string{"https://tcp.go3s.test/winter"},
			stdout:  "200 OK\n2027-01-01 12:00:00 UTC\ntcp.go3s.test /winter by HTTP/2.0\n",
			queries: []string{"udp A tcp.go3s.test.", "tcp A tcp.go3s.test."},
		}, {
			name:    "an authority that is not among the roots",
			args:    []string{"https://stranger.go3s.test/summer"},
			stderr:  "x509: certificate signed by unknown authority",
			queries: []string{"udp A stranger.go3s.test."},
		}, {
			name:    "a certificate out of date",
			args:    []string{"https://expired.go3s.test/summer"},
			stderr:  "x509: certificate has expired",
			queries: []string{"udp A expired.go3s.test."},
		}, {
			name:    "a certificate for another name",
			args:    []string{"https://misnamed.go3s.test/summer"},
			stderr:  "x509: certificate is valid for www.go3s.test, not misnamed.go3s.test",
			queries: []string{"udp A misnamed.go3s.test."},
		}, {
			name:    "a name that does not exist",
			args:    []string{"https://missing.go3s.test/summer"},
			stderr:  "lookup missing.go3s.test on 127.0.0.1:53: no such host",
			queries: []string{"udp A missing.go3s.test."},
		}, {
			name:   "a time zone that does not exist",
			args:   []string{"-tz", "Europe/Atlantis", "https://www.go3s.test/summer"},
			stderr: "time zone: unknown time zone Europe/Atlantis",
		}, {
			name:    "a page that does not exist",
			args:    []string{"https://www.go3s.test/"},
			stdout:  "404 Not Found\n",
			stderr:  "GET https://www.go3s.test/: the server answered 404 Not Found",
			queries: []string{"udp A www.go3s.test."},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			names.take()
			result := root.Run(t, test.args...)
			failure := test.stderr != ""
			if failure != (result.Code == 1) || !failure && result.Code != 0 {
				t.Errorf("exit status %d", result.Code)
			}
			if failure && !strings.HasPrefix(result.Stdout, test.stdout) || !failure && result.Stdout != test.stdout {
				t.Errorf("standard output %q, want %q", result.Stdout, test.stdout)
			}
			if !strings.Contains(result.Stderr, test.stderr) || !failure && result.Stderr != "" {
				t.Errorf("standard error %q, want %q", result.Stderr, test.stderr)
			}
			queries := names.take()
			for _, want := range test.queries {
				if !slices.Contains(queries, want) {
					t.Errorf("the name server received %q, not %q", queries, want)
				}
			}
			if test.queries == nil && len(queries) > 0 {
				t.Errorf("the name server received %q, want nothing", queries)
			}
		})
	}
}

// TestVersion runs without servers: --version must not need any.
func TestVersion(t *testing.T) {
	root := progtest.NewRoot(t, progtest.Under(), nil)
	result := root.Run(t, "--version")
	if result.Code != 0 || !strings.HasPrefix(result.Stdout, "https_client go1.") || result.Stderr != "" {
		t.Errorf("got %+v", result)
	}
}

// TestUsage: anything but one URL is a usage error.
func TestUsage(t *testing.T) {
	root := progtest.NewRoot(t, progtest.Under(), nil)
	for _, args := range [][]string{nil, {"https://a.test", "https://b.test"}, {"-unknown"}} {
		result := root.Run(t, args...)
		if result.Code != 2 || result.Stdout != "" || !strings.Contains(result.Stderr, "usage: https_client [-tz ZONE]") {
			t.Errorf("%q: got %+v", args, result)
		}
	}
}
