//go:build linux

package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/go3s/rules_go3s/examples/https_client/testca"
)

// Names that the servers know. Each but www and tcp has something wrong with its certificate.
const (
	wwwHost      = "www.go3s.test"
	tcpHost      = "tcp.go3s.test"
	strangerHost = "stranger.go3s.test"
	expiredHost  = "expired.go3s.test"
	misnamedHost = "misnamed.go3s.test"
)

// startWeb starts an HTTPS server for all those names on port 443 of 127.0.0.1.
func startWeb(t *testing.T) {
	t.Helper()
	trusted, stranger := newCA(t, "trusted"), newCA(t, "stranger")
	tomorrow, yesterday := time.Now().Add(24*time.Hour), time.Now().Add(-24*time.Hour)
	certs := map[string]*tls.Certificate{
		wwwHost:      issue(t, trusted, wwwHost, tomorrow),
		tcpHost:      issue(t, trusted, tcpHost, tomorrow),
		strangerHost: issue(t, stranger, strangerHost, tomorrow),
		expiredHost:  issue(t, trusted, expiredHost, yesterday),
		misnamedHost: issue(t, trusted, wwwHost, tomorrow),
	}
	mux := http.NewServeMux()
	for path, date := range map[string]string{
		"/winter": "Fri, 01 Jan 2027 12:00:00 GMT",
		"/summer": "Thu, 01 Jul 2027 12:00:00 GMT",
	} {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Date", date)
			fmt.Fprintf(w, "%s %s by %s\n", r.Host, r.URL.Path, r.Proto)
		})
	}
	server := &http.Server{
		Handler:  mux,
		ErrorLog: log.New(io.Discard, "", 0), // handshakes that the client ends, as it must
		TLSConfig: &tls.Config{
			GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
				if cert := certs[hello.ServerName]; cert != nil {
					return cert, nil
				}
				return nil, fmt.Errorf("no certificate for %q", hello.ServerName)
			},
		},
	}
	listener, err := net.Listen("tcp", "127.0.0.1:443")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		if err := server.ServeTLS(listener, "", ""); !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("HTTPS server: %v", err)
		}
	}()
	t.Cleanup(func() { server.Close() })
}

func newCA(t *testing.T, name string) testca.CA {
	t.Helper()
	ca, err := testca.New(name)
	if err != nil {
		t.Fatal(err)
	}
	return ca
}

func issue(t *testing.T, ca testca.CA, host string, notAfter time.Time) *tls.Certificate {
	t.Helper()
	cert, err := ca.Issue(host, notAfter)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}
