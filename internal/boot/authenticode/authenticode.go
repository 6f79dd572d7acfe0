// Package authenticode signs UEFI programs so that firmware with Secure Boot starts them, and verifies such signatures: PKCS#7
// (RFC 2315) around SpcIndirectDataContent ("Windows Authenticode Portable Executable Signature Format"), by RSA and SHA-256, which is
// what all firmware knows (UEFI 2.10, 32.2.4). Signatures have no time in them, so their bytes follow from image, key and certificate.
// It refuses signatures in other forms than its own, but for signing times and certificates of authorities: firmware may be less strict.
package authenticode

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/go3s/rules_go3s/internal/boot/pe"
	"github.com/go3s/rules_go3s/internal/elfsign"
)

type contentInfo struct {
	Type    asn1.ObjectIdentifier
	Content signedData `asn1:"explicit,tag:0"`
}

type signedData struct {
	Version      int
	Digests      []pkix.AlgorithmIdentifier `asn1:"set"`
	Content      content
	Certificates asn1.RawValue `asn1:"optional,tag:0"`
	Signers      []signerInfo  `asn1:"set"`
}

type content struct {
	Type  asn1.ObjectIdentifier
	Value indirectData `asn1:"explicit,tag:0"`
}

// An indirectData is SpcIndirectDataContent: what is signed in place of the image.
type indirectData struct {
	Data   spcData
	Digest digestInfo
}

type spcData struct {
	Type  asn1.ObjectIdentifier
	Value asn1.RawValue
}

type digestInfo struct {
	Algorithm pkix.AlgorithmIdentifier
	Digest    []byte
}

type signerInfo struct {
	Version    int
	ID         issuerAndSerial
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
	oidSignedData    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	oidContentType   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	oidMessageDigest = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	oidSigningTime   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 5}
	oidIndirectData  = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 2, 1, 4}
	oidPEImageData   = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 2, 1, 15}

	algSHA256 = pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}, Parameters: asn1.NullRawValue}
	algRSA    = pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}, Parameters: asn1.NullRawValue}

	// SpcPeImageData without flags, and with an empty file name: all signers write this, and nobody reads it.
	imageData = asn1.RawValue{FullBytes: []byte{0x30, 0x09, 0x03, 0x01, 0x00, 0xa0, 0x04, 0xa2, 0x02, 0x80, 0x00}}
)

// indirect returns the SpcIndirectDataContent of an image.
func indirect(digest [sha256.Size]byte) indirectData {
	return indirectData{spcData{oidPEImageData, imageData}, digestInfo{algSHA256, digest[:]}}
}

// indirectContent returns the content of a signature, in DER.
func indirectContent(digest [sha256.Size]byte) []byte {
	der, err := asn1.Marshal(content{oidIndirectData, indirect(digest)})
	if err != nil {
		panic(err) // it depends on no input but the bytes of the digest
	}
	return der
}

// Attributes returns what a key signs for an image: the signed attributes, in DER, as they are hashed (RFC 2315, 9.3).
func Attributes(im *pe.Image) ([]byte, error) {
	der, err := asn1.Marshal(indirect(im.Digest()))
	if err != nil {
		return nil, err
	}
	var value asn1.RawValue // of which the digest is, without its head
	if _, err := asn1.Unmarshal(der, &value); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(value.Bytes)
	kind, err := asn1.Marshal(oidIndirectData)
	if err != nil {
		return nil, err
	}
	digest, err := asn1.Marshal(sum[:])
	if err != nil {
		return nil, err
	}
	return asn1.MarshalWithParams([]attribute{
		{oidContentType, []asn1.RawValue{{FullBytes: kind}}},
		{oidMessageDigest, []asn1.RawValue{{FullBytes: digest}}},
	}, "set")
}

// CheckCertificate refuses a certificate that firmware would not take, or that is not valid at the time now, unless that is zero.
func CheckCertificate(cert *x509.Certificate, now time.Time) (*rsa.PublicKey, error) {
	if !now.IsZero() && (now.Before(cert.NotBefore) || now.After(cert.NotAfter)) {
		return nil, fmt.Errorf("the certificate of %s is valid from %s to %s, and it is %s: make a new one of the key, and enrol it",
			cert.Subject, cert.NotBefore.UTC().Format(time.RFC3339), cert.NotAfter.UTC().Format(time.RFC3339),
			now.UTC().Format(time.RFC3339))
	}
	key, ok := cert.PublicKey.(*rsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("the certificate of %s has a key of type %T, want RSA: firmware knows no other", cert.Subject, cert.PublicKey)
	}
	if n := key.N.BitLen(); n < elfsign.MinRSA {
		return nil, fmt.Errorf("the certificate of %s has an RSA key of %d bits, want %d at least", cert.Subject, n, elfsign.MinRSA)
	}
	return key, nil
}

// Sign returns a signature of the image, in DER. The certificate must be of the key, and valid at the time now.
func Sign(im *pe.Image, key *elfsign.Key, cert *x509.Certificate, now time.Time) ([]byte, error) {
	public, err := CheckCertificate(cert, now)
	if err != nil {
		return nil, err
	}
	if own, ok := key.Public.(*rsa.PublicKey); !ok || !own.Equal(public) {
		return nil, fmt.Errorf("the certificate of %s is not that of the key: name the certificate with its public key", cert.Subject)
	}
	attributes, err := Attributes(im)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(attributes)
	raw, err := key.Sign(elfsign.AlgorithmRSA, sum[:])
	if err != nil {
		return nil, err
	}
	return Assemble(im, raw, cert)
}

// Assemble returns the signature, in DER, that has raw, an RSA signature (PKCS #1 v1.5 with SHA-256) of Attributes. It refuses one that
// is not by the key of cert.
func Assemble(im *pe.Image, raw []byte, cert *x509.Certificate) ([]byte, error) {
	attributes, err := Attributes(im)
	if err != nil {
		return nil, err
	}
	var set asn1.RawValue
	if _, err := asn1.Unmarshal(attributes, &set); err != nil {
		return nil, err
	}
	der, err := asn1.Marshal(contentInfo{oidSignedData, signedData{
		Version:      1,
		Digests:      []pkix.AlgorithmIdentifier{algSHA256},
		Content:      content{oidIndirectData, indirect(im.Digest())},
		Certificates: tagged(cert.Raw),
		Signers: []signerInfo{{1, issuerAndSerial{asn1.RawValue{FullBytes: cert.RawIssuer}, cert.SerialNumber}, algSHA256,
			tagged(set.Bytes), algRSA, raw}},
	}})
	if err == nil {
		_, err = verify(im, der, []*x509.Certificate{cert})
	}
	if err != nil {
		return nil, fmt.Errorf("the %d bytes are not a signature of this image by the key of %s: %w", len(raw), cert.Subject, err)
	}
	return der, nil
}

// tagged returns a value with tag [0] around content.
func tagged(content []byte) asn1.RawValue {
	return asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: content}
}

// ErrUnsigned is the error for an image without signatures.
var ErrUnsigned = errors.New("it is not signed: firmware with Secure Boot refuses it")

// Verify checks all signatures of an image, and returns the certificates that they are by. Each must be by a trusted certificate: by its
// key, or by that of a certificate that it has signed. As in firmware, no time counts.
func Verify(im *pe.Image, trusted []*x509.Certificate) ([]*x509.Certificate, error) {
	signatures, err := im.Signatures()
	if err != nil {
		return nil, err
	}
	if len(signatures) == 0 {
		return nil, ErrUnsigned
	}
	var signers []*x509.Certificate
	for i, der := range signatures {
		cert, err := verify(im, der, trusted)
		if err != nil {
			return nil, fmt.Errorf("signature %d of %d: %w", i+1, len(signatures), err)
		}
		signers = append(signers, cert)
	}
	return signers, nil
}

// verify checks one signature.
func verify(im *pe.Image, der []byte, trusted []*x509.Certificate) (*x509.Certificate, error) {
	var c contentInfo
	rest, err := asn1.Unmarshal(der, &c)
	if err != nil {
		return nil, fmt.Errorf("it is no PKCS#7 of Authenticode in DER: %w", err)
	}
	if len(bytes.Trim(rest, "\x00")) > 0 || len(rest) > 7 {
		return nil, fmt.Errorf("%d bytes follow it, want padding alone", len(rest))
	}
	if again, err := asn1.Marshal(c); err != nil || !bytes.Equal(again, der[:len(der)-len(rest)]) {
		return nil, errors.New("it has parts that firmware does not read, such as countersignatures: make it without them")
	}
	d := &c.Content
	if !c.Type.Equal(oidSignedData) || d.Version != 1 || len(d.Digests) != 1 || len(d.Signers) != 1 || d.Signers[0].Version != 1 {
		return nil, fmt.Errorf("type %v, version %d, %d digest algorithms, %d signers; want SignedData (%v), version 1, one of each", c.Type,
			d.Version, len(d.Digests), len(d.Signers), oidSignedData)
	}
	si := &d.Signers[0]
	for _, v := range []asn1.RawValue{d.Certificates, si.Attributes} {
		// encoding/asn1 takes any class and form of a raw value, and firmware the one of the standard.
		if v.Class != asn1.ClassContextSpecific || v.Tag != 0 || !v.IsCompound {
			return nil, fmt.Errorf("certificates or signed attributes have class %d, tag %d, constructed: %v; want context-specific, 0, true",
				v.Class, v.Tag, v.IsCompound)
		}
	}
	for _, a := range []struct{ got, want pkix.AlgorithmIdentifier }{
		{d.Digests[0], algSHA256}, {si.Digest, algSHA256}, {d.Content.Value.Digest.Algorithm, algSHA256}, {si.Algorithm, algRSA},
	} {
		if !a.got.Algorithm.Equal(a.want.Algorithm) || !bytes.Equal(a.got.Parameters.FullBytes, asn1.NullBytes) {
			return nil, fmt.Errorf("unknown algorithm %v, want %v (SHA-256 and RSA)", a.got.Algorithm, a.want.Algorithm)
		}
	}
	want := im.Digest()
	if got := d.Content.Value.Digest.Digest; !bytes.Equal(got, want[:]) {
		return nil, fmt.Errorf("it is of an image with digest %x, and this one has %x: the image was changed after it was signed", got, want)
	}
	if got, err := asn1.Marshal(d.Content); err != nil || !bytes.Equal(got, indirectContent(want)) {
		return nil, fmt.Errorf("its content is % x, want SpcIndirectDataContent with an empty file name, as uki and sbsign write it", got)
	}
	cert, err := signer(si, d.Certificates.Bytes)
	if err != nil {
		return nil, err
	}
	key, err := CheckCertificate(cert, time.Time{})
	if err != nil {
		return nil, err
	}
	attributes, err := signedAttributes(im, si.Attributes.Bytes)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(attributes)
	if err := rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], si.Signature); err != nil {
		return nil, fmt.Errorf("it is not by the key of %s: %w", cert.Subject, err)
	}
	for _, t := range trusted {
		if cert.Equal(t) || t.IsCA && cert.CheckSignatureFrom(t) == nil {
			return cert, nil
		}
	}
	return nil, fmt.Errorf("it is by %s, serial %d, which is none of the %d trusted certificates", cert.Subject, cert.SerialNumber,
		len(trusted))
}

// signer returns the certificate that a signature names.
func signer(si *signerInfo, der []byte) (*x509.Certificate, error) {
	certs, err := x509.ParseCertificates(der)
	if err != nil {
		return nil, err
	}
	for _, cert := range certs {
		if bytes.Equal(cert.RawIssuer, si.ID.Issuer.FullBytes) && cert.SerialNumber.Cmp(si.ID.Serial) == 0 {
			return cert, nil
		}
	}
	return nil, fmt.Errorf("it has %d certificates, and none is the signer's, serial %d", len(certs), si.ID.Serial)
}

// signedAttributes returns the signed attributes as they are hashed, after it has compared them with those of the image.
func signedAttributes(im *pe.Image, content []byte) ([]byte, error) {
	set := asn1.RawValue{Tag: asn1.TagSet, IsCompound: true, Bytes: content}
	der, err := asn1.Marshal(set)
	if err != nil {
		return nil, err
	}
	var got, want []attribute
	if _, err := asn1.UnmarshalWithParams(der, &got, "set"); err != nil {
		return nil, fmt.Errorf("its signed attributes: %w", err)
	}
	wanted, err := Attributes(im)
	if err != nil {
		return nil, err
	}
	if _, err := asn1.UnmarshalWithParams(wanted, &want, "set"); err != nil {
		return nil, err
	}
	for _, w := range want {
		n := 0
		for _, g := range got {
			if g.Type.Equal(w.Type) && len(g.Values) == 1 && bytes.Equal(g.Values[0].FullBytes, w.Values[0].FullBytes) {
				n++
			}
		}
		if n != 1 {
			return nil, fmt.Errorf("%d signed attributes %v with the value for this image, want one", n, w.Type)
		}
	}
	for _, g := range got {
		if !g.Type.Equal(oidContentType) && !g.Type.Equal(oidMessageDigest) && !g.Type.Equal(oidSigningTime) {
			return nil, fmt.Errorf("it has the signed attribute %v, want content type, message digest and perhaps signing time", g.Type)
		}
	}
	return der, nil
}
