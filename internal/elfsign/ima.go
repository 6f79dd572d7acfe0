package elfsign

import (
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"fmt"
	"time"
)

// The head of the extended attribute security.ima of a signed file: type EVM_IMA_XATTR_DIGSIG and version 2
// (security/integrity/integrity.h), and HASH_ALGO_SHA256 (include/uapi/linux/hash_info.h).
var imaHead = []byte{3, 2, 4}

// IMA signs content in the form that Linux' Integrity Measurement Architecture reads from the extended attribute security.ima, and that
// evmctl reads and writes. The certificate, of RSA or ECDSA, is that of the key; the kernel finds the key by the end of its identifier.
func (k *Key) IMA(content []byte, cert *x509.Certificate, now time.Time) ([]byte, error) {
	s, err := k.signCMS(content, cert, now)
	if err != nil {
		return nil, err
	}
	m, err := parseCMS(s.Data)
	if err != nil {
		return nil, err
	}
	id, err := keyIdentifier(cert)
	if err != nil {
		return nil, err
	}
	out := append(append([]byte{}, imaHead...), id[len(id)-4:]...)
	out = binary.BigEndian.AppendUint16(out, uint16(len(m.signer.Signature)))
	return append(out, m.signer.Signature...), nil
}

// keyIdentifier returns what a certificate calls its key, or what it is usually called: the SHA-1 of its bits (RFC 5280, 4.2.1.2).
func keyIdentifier(cert *x509.Certificate) ([]byte, error) {
	if len(cert.SubjectKeyId) >= 4 {
		return cert.SubjectKeyId, nil
	}
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(cert.RawSubjectPublicKeyInfo, &info); err != nil {
		return nil, fmt.Errorf("the certificate of %s: %w", cert.Subject, err)
	}
	sum := sha1.Sum(info.Key.Bytes)
	return sum[:], nil
}
