// Package testca is a certificate authority FOR TESTS ONLY. Its keys protect nothing: each is made from a
// text in this file, so that anyone can sign with it and no private key is in the tree.
package testca

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	_ "embed"
	"encoding/pem"
	"fmt"
	"math/big"
	"time"
)

// TrustedPEM is the certificate of the authority New("trusted"), as a PEM block.
//
//go:embed test_only_ca.pem
var TrustedPEM string

// CA is a certificate authority.
type CA struct {
	cert *x509.Certificate
	key  ed25519.PrivateKey
}

// New returns the authority of the given name. The same name gives the same key and, byte for
// byte, the same certificate, valid from 2026 until 2126: Ed25519 signatures are deterministic.
func New(name string) (CA, error) {
	subject := "rules_go3s TEST ONLY " + name
	seed := sha256.Sum256([]byte(subject))
	key := ed25519.NewKeyFromSeed(seed[:])
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: subject},
		SubjectKeyId:          seed[:20], // any value will do; Go's default has changed between releases
		NotBefore:             time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:              time.Date(2126, 1, 1, 0, 0, 0, 0, time.UTC),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(nil, template, template, key.Public(), key)
	if err != nil {
		return CA{}, fmt.Errorf("certificate of %q: %w", subject, err)
	}
	cert, err := x509.ParseCertificate(der)
	return CA{cert, key}, err
}

// PEM returns the authority's own certificate as a PEM block.
func (ca CA) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.cert.Raw})
}

// Issue returns a server certificate for the DNS name host with a new ECDSA P-256 key, valid for the 48
// hours before notAfter.
func (ca CA) Issue(host string, notAfter time.Time) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2),
		Subject:      pkix.Name{CommonName: host},
		DNSNames:     []string{host},
		NotBefore:    notAfter.Add(-48 * time.Hour),
		NotAfter:     notAfter,
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, ca.cert, key.Public(), ca.key)
	if err != nil {
		return nil, fmt.Errorf("certificate of %s: %w", host, err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}
