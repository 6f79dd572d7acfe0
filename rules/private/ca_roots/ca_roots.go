// Package ca_roots embeds certificate roots in a program, so that TLS works where no file under
// /etc/ssl exists.
//
// The rules link it into each program that sets the ca_roots attribute, with that attribute's file
// in the place of roots.pem. The roots are fallback roots of crypto/x509: on a system that has its
// own, those count, unless the program runs with GODEBUG=x509usefallbackroots=1.
//
// They are parsed before main starts, about 20 µs for each: the 144 of a Linux distribution cost 3 ms, the
// one of a company nothing to speak of.
//
// It never trusts less than it was asked to: a file with no certificate, or with anything that is
// not a certificate, stops the program at start.
package ca_roots

import (
	"bytes"
	"crypto/x509"
	_ "embed"
	"encoding/pem"
	"fmt"
)

// The file in the source tree holds no certificate: a program linked with it by accident stops.
//
//go:embed roots.pem
var roots []byte

func init() {
	pool, err := parse(roots)
	if err != nil {
		panic("ca_roots: the file given by the ca_roots attribute " + err.Error())
	}
	// It panics when called twice: a program cannot also import golang.org/x/crypto/x509roots.
	x509.SetFallbackRoots(pool)
}

// parse returns the certificates of data, PEM text as in RFC 7468 with any comments between blocks.
// Unlike x509.CertPool.AppendCertsFromPEM it skips no block that it cannot read.
func parse(data []byte) (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	begun := bytes.Count(data, []byte("-----BEGIN "))
	decoded := 0
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		decoded++
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("holds a %q as PEM block %d: only CERTIFICATE blocks belong there", block.Type, decoded)
		}
		root, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("holds no valid certificate as PEM block %d: %w: remove or replace it", decoded, err)
		}
		pool.AddCert(root)
	}
	if decoded != begun {
		return nil, fmt.Errorf("begins %d PEM blocks, of which only %d can be decoded: it is damaged", begun, decoded)
	}
	if decoded == 0 {
		return nil, fmt.Errorf("holds no certificate (%d bytes): give it a PEM file with at least one", len(data))
	}
	return pool, nil
}
