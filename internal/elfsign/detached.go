package elfsign

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"fmt"
)

// A signature in a file of its own is what other tools read and write: the 64 bytes of an Ed25519 signature of the statement, or a
// CMS signature in DER or PEM.

// Detached returns the signature as a file of its own.
func (s Signature) Detached() []byte {
	if s.Kind == Ed25519 {
		return s.Data[ed25519.PublicKeySize:]
	}
	return s.Data
}

// ParseDetached reads a signature of content from a file of its own. An Ed25519 signature does not say by which key it is: the keys of t
// are tried.
func (t *Trust) ParseDetached(name string, data, content []byte) (Signature, error) {
	if b, rest := pem.Decode(data); b != nil && len(bytes.TrimSpace(rest)) == 0 && (b.Type == "CMS" || b.Type == "PKCS7") {
		data = b.Bytes
	}
	if len(data) == ed25519.SignatureSize {
		for _, key := range t.keys {
			if ed25519.Verify(key, Statement(content), data) {
				return Signature{Ed25519, append(append([]byte{}, key...), data...)}, nil
			}
		}
		return Signature{}, fmt.Errorf("%s: by none of the %d Ed25519 keys that are trusted: %w", name, len(t.keys), errOther)
	}
	s := Signature{CMS, data}
	m, err := parseCMS(data)
	if err != nil {
		return Signature{}, fmt.Errorf("%s: has %d bytes, want the 64 of an Ed25519 signature, or a CMS signature: %w", name, len(data),
			err)
	}
	if m.cert == nil {
		for _, c := range t.signers {
			if m.isBy(c) {
				return s, nil
			}
		}
		return Signature{}, fmt.Errorf("%s: %s: %w", name, m.name(), ErrUnknownSigner)
	}
	return s, nil
}

// ParseCertificate reads one certificate in PEM.
func ParseCertificate(name string, data []byte) (*x509.Certificate, error) {
	blocks, err := pemBlocks(name, data)
	if err != nil {
		return nil, err
	}
	if len(blocks) != 1 || blocks[0].Type != "CERTIFICATE" {
		return nil, fmt.Errorf("%s: %d PEM blocks, the first %q; want one CERTIFICATE", name, len(blocks), blocks[0].Type)
	}
	return parseCertificate(name, blocks[0].Bytes)
}

// parseCertificate reads a certificate in DER.
func parseCertificate(name string, der []byte) (*x509.Certificate, error) {
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("%s: unknown algorithm, or a damaged file, want the certificate of a key of RSA or ECDSA (P-224 to P-521): %w",
			name, err)
	}
	return c, nil
}
