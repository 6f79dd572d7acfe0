package elfsign

// # CMS signatures
//
// A CMS signature is SignedData of RFC 5652 (PKCS#7) without the content: what scripts/sign-file of Linux makes for kernel modules, and
// what openssl cms -sign -binary makes. Ours has the certificate of the signer and no signed attributes, so its bytes follow from key and
// content. Ones that others made may have signed attributes, and may lack the certificate.
//
// What is not needed is refused, and every byte must be as we would write it: else a byte could change without
// effect on the verdict.

import (
	"bytes"
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	_ "crypto/sha512" // for signatures that others made
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"time"
)

type contentInfo struct {
	Type    asn1.ObjectIdentifier
	Content signedData `asn1:"explicit,tag:0"`
}

type signedData struct {
	Version      int
	Digests      []pkix.AlgorithmIdentifier `asn1:"set"`
	Encapsulated encapsulated
	Certificates asn1.RawValue `asn1:"optional,tag:0"`
	Signers      []signerInfo  `asn1:"set"`
}

type encapsulated struct {
	Type    asn1.ObjectIdentifier
	Content asn1.RawValue `asn1:"optional,explicit,tag:0"`
}

type signerInfo struct {
	Version    int
	SID        asn1.RawValue
	Digest     pkix.AlgorithmIdentifier
	Attributes asn1.RawValue `asn1:"optional,tag:0"`
	Algorithm  pkix.AlgorithmIdentifier
	Signature  []byte
}

type issuerAndSerial struct {
	Issuer asn1.RawValue
	Serial *big.Int
}

type attribute struct {
	Type   asn1.ObjectIdentifier
	Values []asn1.RawValue `asn1:"set"`
}

var (
	oidData          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidSignedData    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	oidContentType   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	oidMessageDigest = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	oidRSA           = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}
)

// A hash is one that a signature may use, with the algorithms of signatures by it (RFC 3370, RFC 5754).
type hash struct {
	oid        asn1.ObjectIdentifier
	hash       crypto.Hash
	rsa, ecdsa asn1.ObjectIdentifier
}

var hashes = []hash{
	{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}, crypto.SHA256, asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11},
		asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}},
	{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 2}, crypto.SHA384, asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 12},
		asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 3}},
	{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 3}, crypto.SHA512, asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 13},
		asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 4}},
}

// A message is a parsed CMS signature.
type message struct {
	signer     signerInfo
	hash       hash
	cert       *x509.Certificate // nil when it has none
	attributes []byte            // the signed attributes as they are hashed, nil for none
	digest     []byte            // from the signed attributes
}

// parseCMS reads a signature in DER.
func parseCMS(der []byte) (*message, error) {
	fail := func(format string, args ...any) (*message, error) {
		return nil, fmt.Errorf("CMS signature: "+format, args...)
	}
	var c contentInfo
	rest, err := asn1.Unmarshal(der, &c)
	switch {
	case err != nil:
		return fail("it is not SignedData in DER: %w", err)
	case len(rest) > 0:
		return fail("%d bytes follow it, want none", len(rest))
	case !c.Type.Equal(oidSignedData):
		return fail("its type is %v, want signedData (%v)", c.Type, oidSignedData)
	case !c.Content.Encapsulated.Type.Equal(oidData) || len(c.Content.Encapsulated.Content.FullBytes) > 0:
		return fail(
			"it is of type %v with %d bytes of content, want data (%v) without content. Make it without openssl's -nodetach",
			c.Content.Encapsulated.Type, len(c.Content.Encapsulated.Content.FullBytes), oidData)
	case len(c.Content.Signers) != 1 || len(c.Content.Digests) != 1:
		return fail("it has %d signers and %d digest algorithms, want one of each. Attach one signature for each signer",
			len(c.Content.Signers), len(c.Content.Digests))
	}
	m := &message{signer: c.Content.Signers[0]}
	if again, err := asn1.Marshal(c); err != nil || !bytes.Equal(again, der) {
		return fail("it has parts that no reader needs, such as revocation lists or unsigned attributes. Make it without them")
	}
	if err := m.algorithms(&c.Content); err != nil {
		return fail("%w", err)
	}
	if raw := c.Content.Certificates; len(raw.FullBytes) > 0 {
		certs, err := x509.ParseCertificates(raw.Bytes)
		if err != nil {
			return fail("%w", err)
		}
		if len(certs) != 1 || !bytes.Equal(certs[0].Raw, raw.Bytes) || !m.isBy(certs[0]) {
			return fail("it has %d certificates, want none or that of the signer alone", len(certs))
		}
		m.cert = certs[0]
	}
	if raw := m.signer.Attributes.FullBytes; len(raw) > 0 {
		if err := m.readAttributes(raw); err != nil {
			return fail("%w", err)
		}
	}
	return m, nil
}

// algorithms checks versions and algorithms.
func (m *message) algorithms(data *signedData) error {
	si := &m.signer
	wanted := 1
	if si.SID.Class == asn1.ClassContextSpecific && si.SID.Tag == 0 {
		wanted = 3 // subjectKeyIdentifier (RFC 5652, 5.1 and 5.3)
	}
	if si.Version != wanted || data.Version != wanted {
		return fmt.Errorf("its versions are %d and %d, want %d", data.Version, si.Version, wanted)
	}
	for _, h := range hashes {
		if h.oid.Equal(si.Digest.Algorithm) {
			m.hash = h
		}
	}
	if m.hash.hash == 0 || !data.Digests[0].Algorithm.Equal(si.Digest.Algorithm) {
		return fmt.Errorf("unknown algorithm: digests %v and %v, want SHA-256, SHA-384 or SHA-512 for both", data.Digests[0].Algorithm,
			si.Digest.Algorithm)
	}
	if a := si.Algorithm.Algorithm; !a.Equal(oidRSA) && !a.Equal(m.hash.rsa) && !a.Equal(m.hash.ecdsa) {
		return fmt.Errorf("unknown algorithm: signature %v, want RSA (PKCS #1 v1.5) or ECDSA with %v", a, m.hash.hash)
	}
	// Absent or NULL; signers differ, and some write both forms in one message.
	for _, a := range []pkix.AlgorithmIdentifier{data.Digests[0], si.Digest, si.Algorithm} {
		if p := a.Parameters.FullBytes; len(p) > 0 && !bytes.Equal(p, asn1.NullBytes) {
			return fmt.Errorf("unknown algorithm: %v with parameters % x, want none or NULL", a.Algorithm, p)
		}
	}
	return nil
}

// isBy reports whether cert is the one that the signer names.
func (m *message) isBy(cert *x509.Certificate) bool {
	if m.signer.Version == 3 {
		return len(cert.SubjectKeyId) > 0 && bytes.Equal(m.signer.SID.Bytes, cert.SubjectKeyId)
	}
	id, err := asn1.Marshal(issuerAndSerial{asn1.RawValue{FullBytes: cert.RawIssuer}, cert.SerialNumber})
	return err == nil && bytes.Equal(id, m.signer.SID.FullBytes)
}

// name returns who signed, for messages.
func (m *message) name() string {
	if m.cert != nil {
		return fmt.Sprintf("%s, serial %d", m.cert.Subject, m.cert.SerialNumber)
	}
	if m.signer.Version == 3 {
		return fmt.Sprintf("key identifier %x", m.signer.SID.Bytes)
	}
	var id issuerAndSerial
	var issuer pkix.RDNSequence
	if _, err := asn1.Unmarshal(m.signer.SID.FullBytes, &id); err == nil {
		if _, err := asn1.Unmarshal(id.Issuer.FullBytes, &issuer); err == nil {
			return fmt.Sprintf("issuer %s, serial %d", issuer, id.Serial)
		}
	}
	return fmt.Sprintf("signer %x", m.signer.SID.FullBytes)
}

// readAttributes takes the digest of the content from the signed attributes, raw.
func (m *message) readAttributes(raw []byte) error {
	// What is hashed has the tag of a SET (RFC 5652, 5.4).
	m.attributes = append([]byte{asn1.TagSet | 0x20}, raw[1:]...)
	var list []attribute
	if rest, err := asn1.UnmarshalWithParams(m.attributes, &list, "set"); err != nil || len(rest) > 0 {
		return fmt.Errorf("its signed attributes cannot be read: %w", err)
	}
	var contentType asn1.ObjectIdentifier
	for _, a := range list {
		var target any
		switch {
		case a.Type.Equal(oidContentType):
			target = &contentType
		case a.Type.Equal(oidMessageDigest) && m.digest == nil:
			target = &m.digest
		default:
			continue
		}
		if len(a.Values) != 1 {
			return fmt.Errorf("its signed attribute %v has %d values, want 1", a.Type, len(a.Values))
		}
		if rest, err := asn1.Unmarshal(a.Values[0].FullBytes, target); err != nil || len(rest) > 0 {
			return fmt.Errorf("its signed attribute %v cannot be read: %w", a.Type, err)
		}
	}
	if !contentType.Equal(oidData) || len(m.digest) != m.hash.hash.Size() {
		return fmt.Errorf("its signed attributes say type %v and a digest of %d bytes, want data and %d", contentType, len(m.digest),
			m.hash.hash.Size())
	}
	return nil
}

// check verifies the signature of content by the key of cert.
func (m *message) check(content []byte, cert *x509.Certificate) error {
	sum := func(b []byte) []byte {
		h := m.hash.hash.New()
		h.Write(b)
		return h.Sum(nil)
	}
	signed := sum(content)
	if m.attributes != nil {
		if !bytes.Equal(signed, m.digest) {
			return errOther
		}
		signed = sum(m.attributes)
	}
	algorithm := m.signer.Algorithm.Algorithm
	switch key := cert.PublicKey.(type) {
	case *rsa.PublicKey:
		if algorithm.Equal(m.hash.ecdsa) || rsa.VerifyPKCS1v15(key, m.hash.hash, signed, m.signer.Signature) != nil {
			return errOther
		}
	case *ecdsa.PublicKey:
		if !algorithm.Equal(m.hash.ecdsa) || !ecdsa.VerifyASN1(key, signed, m.signer.Signature) {
			return errOther
		}
	default:
		return fmt.Errorf("unknown algorithm: the certificate has a key of type %T, want RSA or ECDSA", key)
	}
	return nil
}

// judgeCMS verifies a CMS signature.
func (t *Trust) judgeCMS(v *Verdict, content, der []byte, now time.Time) {
	m, err := parseCMS(der)
	if err != nil {
		v.Err = err
		return
	}
	cert := m.cert
	var believed *x509.Certificate
	for _, c := range t.signers {
		if m.isBy(c) && (cert == nil || cert.Equal(c)) {
			cert, believed = c, c
		}
	}
	v.Signer = m.name()
	if cert == nil {
		v.Err = ErrUnknownSigner
		return
	}
	if v.Err = m.check(content, cert); v.Err != nil {
		return
	}
	if believed != nil {
		v.Err = cmp.Or(validAt(cert, now, verifyRemedy), usable(cert))
		v.Trusted = v.Err == nil
		return
	}
	for _, authority := range t.authorities {
		if !cert.Equal(authority) && cert.CheckSignatureFrom(authority) != nil {
			continue // right, by somebody else
		}
		if v.Err = issuedBy(cert, authority, now); v.Err == nil {
			v.Trusted = true
			return
		}
	}
}

// issuedBy refuses the certificate of a signer unless authority, that has signed it, could do so, and both are valid at that time.
func issuedBy(cert, authority *x509.Certificate, now time.Time) error {
	err := cmp.Or(validAt(authority, now, verifyRemedy), validAt(cert, now, verifyRemedy), usable(cert))
	if err != nil {
		return err
	}
	if now.IsZero() {
		if now = cert.NotBefore; now.Before(authority.NotBefore) {
			now = authority.NotBefore
		}
		if now.After(cert.NotAfter) || now.After(authority.NotAfter) {
			return fmt.Errorf("the certificates of %s and %s are never valid at the same time: renew one of them", cert.Subject,
				authority.Subject)
		}
	}
	roots := x509.NewCertPool()
	roots.AddCert(authority)
	_, err = cert.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	return err
}

// What to do about a certificate that is not valid at the time.
const (
	signRemedy   = "renew it"
	verifyRemedy = "ask for a signature by a valid one, or name the time of signing with --time"
)

// validAt refuses a certificate that is not valid at that time, unless that is zero.
func validAt(cert *x509.Certificate, now time.Time, remedy string) error {
	if now.IsZero() || !now.Before(cert.NotBefore) && !now.After(cert.NotAfter) {
		return nil
	}
	day := func(t time.Time) string { return t.UTC().Format(time.RFC3339) }
	return fmt.Errorf("the certificate of %s is valid from %s to %s, and it is %s: %s", cert.Subject, day(cert.NotBefore), day(cert.NotAfter),
		day(now), remedy)
}

// MinRSA is the size in bits of the smallest RSA key that signs, here and for firmware (package authenticode).
const MinRSA = 2048

// usable refuses a certificate that is not for signatures, or of a key that is too small for them.
func usable(cert *x509.Certificate) error {
	if key, ok := cert.PublicKey.(*rsa.PublicKey); ok && key.N.BitLen() < MinRSA {
		return fmt.Errorf("the certificate of %s has an RSA key of %d bits, want %d at least", cert.Subject, key.N.BitLen(), MinRSA)
	}
	if cert.KeyUsage != 0 && cert.KeyUsage&x509.KeyUsageDigitalSignature == 0 {
		return fmt.Errorf("the certificate of %s is not for digital signatures (key usage %#x)", cert.Subject, cert.KeyUsage)
	}
	return nil
}

// signCMS makes a CMS signature.
func (k *Key) signCMS(content []byte, cert *x509.Certificate, now time.Time) (Signature, error) {
	if err := cmp.Or(validAt(cert, now, signRemedy), usable(cert)); err != nil {
		return Signature{}, err
	}
	name := AlgorithmRSA
	h := hashes[0]
	null := asn1.RawValue{FullBytes: asn1.NullBytes}
	algorithm := pkix.AlgorithmIdentifier{Algorithm: oidRSA, Parameters: null} // as sign-file writes it
	switch cert.PublicKey.(type) {
	case *rsa.PublicKey:
	case *ecdsa.PublicKey:
		name, algorithm = algECDSA, pkix.AlgorithmIdentifier{Algorithm: h.ecdsa}
	default:
		return Signature{}, fmt.Errorf(
			"unknown algorithm: the certificate has a key of type %T, want RSA or ECDSA. Ed25519 needs no certificate", cert.PublicKey)
	}
	if own, ok := k.Public.(interface{ Equal(crypto.PublicKey) bool }); ok && !own.Equal(cert.PublicKey) {
		return Signature{}, fmt.Errorf("the certificate of %s is not that of the key", cert.Subject)
	}
	raw, err := k.Sign(name, digest(content))
	if err != nil {
		return Signature{}, err
	}
	der, err := marshalCMS(raw, cert, pkix.AlgorithmIdentifier{Algorithm: h.oid}, algorithm)
	if err != nil {
		return Signature{}, err
	}
	m, err := parseCMS(der)
	if err == nil {
		err = m.check(content, cert)
	}
	if err != nil {
		return Signature{}, fmt.Errorf("the %d bytes that were made are not a signature by the key of %s: %w", len(raw), cert.Subject,
			err)
	}
	return Signature{CMS, der}, nil
}

// marshalCMS returns SignedData in DER with the certificate of the signer. raw is the signature of the content by its key.
func marshalCMS(raw []byte, cert *x509.Certificate, digest, algorithm pkix.AlgorithmIdentifier) ([]byte, error) {
	sid, err := asn1.Marshal(issuerAndSerial{asn1.RawValue{FullBytes: cert.RawIssuer}, cert.SerialNumber})
	if err != nil {
		return nil, err
	}
	return asn1.Marshal(contentInfo{oidSignedData, signedData{
		Version:      1,
		Digests:      []pkix.AlgorithmIdentifier{digest},
		Encapsulated: encapsulated{Type: oidData},
		Certificates: asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: cert.Raw},
		Signers: []signerInfo{{Version: 1, SID: asn1.RawValue{FullBytes: sid}, Digest: digest, Algorithm: algorithm,
			Signature: raw}},
	}})
}
