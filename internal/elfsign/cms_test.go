package elfsign

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509/pkix"
	"encoding/asn1"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestCMSRefused: a message has nothing but one signature, by algorithms that are known; else bytes of it would have no effect.
func TestCMSRefused(t *testing.T) {
	k, other := rsaPair(t, false), rsaPair(t, true)
	p := readProgram(t, sign(t, small()["EM_X86_64"], k))
	good := p.Signatures[0].Data
	attributes := func(list ...attribute) func(*contentInfo) {
		return func(c *contentInfo) {
			set, err := asn1.MarshalWithParams(list, "set")
			if err != nil {
				t.Fatal(err)
			}
			var raw asn1.RawValue
			if _, err := asn1.Unmarshal(set, &raw); err != nil {
				t.Fatal(err)
			}
			si := &c.Content.Signers[0]
			si.Attributes = asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: raw.Bytes}
			if si.Signature, err = k.key.Sign(AlgorithmRSA, digest(set)); err != nil {
				t.Fatal(err)
			}
		}
	}
	value := func(of asn1.ObjectIdentifier, values ...any) attribute {
		a := attribute{Type: of}
		for _, v := range values {
			der, err := asn1.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			a.Values = append(a.Values, asn1.RawValue{FullBytes: der})
		}
		return a
	}
	oid := func(arcs ...int) pkix.AlgorithmIdentifier { return pkix.AlgorithmIdentifier{Algorithm: arcs} }
	isData, ofContent := value(oidContentType, oidData), value(oidMessageDigest, digest(p.Content))
	for _, test := range []struct {
		name   string
		change func(*contentInfo)
		want   string // "" when it is right
	}{
		{"as it is", func(*contentInfo) {}, ""},
		{"without the certificate", func(c *contentInfo) { c.Content.Certificates = asn1.RawValue{} }, ""},
		{"signed attributes", attributes(isData, ofContent), ""},
		{"another signed attribute besides", attributes(isData, ofContent, value(asn1.ObjectIdentifier{1, 2, 3}, 1)), ""},
		{"another type", func(c *contentInfo) { c.Type = oidData }, "want signedData"},
		{"another type of content", func(c *contentInfo) { c.Content.Encapsulated.Type = oidSignedData }, "want data"},
		{"content inside", func(c *contentInfo) {
			c.Content.Encapsulated.Content = asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: []byte{4, 1, 'x'}}
		}, "want data (1.2.840.113549.1.7.1) without content"},
		{"no signers", func(c *contentInfo) { c.Content.Signers = nil }, "0 signers and 1 digest algorithms, want one of each"},
		{"two signers", func(c *contentInfo) {
			c.Content.Signers = append(c.Content.Signers, c.Content.Signers[0])
		}, "2 signers and 1 digest algorithms, want one of each"},
		{"two digest algorithms", func(c *contentInfo) {
			c.Content.Digests = append(c.Content.Digests, pkix.AlgorithmIdentifier{Algorithm: hashes[1].oid})
		}, "1 signers and 2 digest algorithms, want one of each"},
		{"two certificates", func(c *contentInfo) {
			c.Content.Certificates.Bytes = slices.Concat(k.cert.Raw, other.cert.Raw)
			c.Content.Certificates.FullBytes = nil
		}, "it has 2 certificates, want none or that of the signer alone"},
		{"another's certificate", func(c *contentInfo) {
			c.Content.Certificates.Bytes, c.Content.Certificates.FullBytes = other.cert.Raw, nil
		}, "it has 1 certificates, want none or that of the signer alone"},
		{"no certificate", func(c *contentInfo) {
			c.Content.Certificates.Bytes, c.Content.Certificates.FullBytes = []byte{4, 1, 'x'}, nil
		}, "x509: "},
		{"version", func(c *contentInfo) { c.Content.Version = 3 }, "its versions are 3 and 1, want 1"},
		{"version of the signer", func(c *contentInfo) { c.Content.Signers[0].Version = 3 }, "its versions are 1 and 3, want 1"},
		{"SHA-1", func(c *contentInfo) {
			c.Content.Digests[0], c.Content.Signers[0].Digest = oid(1, 3, 14, 3, 2, 26), oid(1, 3, 14, 3, 2, 26)
		}, "unknown algorithm: digests 1.3.14.3.2.26 and 1.3.14.3.2.26"},
		{"digests that differ", func(c *contentInfo) { c.Content.Digests[0] = pkix.AlgorithmIdentifier{Algorithm: hashes[1].oid} }, "unknown algorithm: digests"},
		{"another digest than was signed", func(c *contentInfo) {
			c.Content.Digests[0].Algorithm, c.Content.Signers[0].Digest.Algorithm = hashes[1].oid, hashes[1].oid
		}, "it is not a signature of this file"},
		{"RSA-PSS", func(c *contentInfo) { c.Content.Signers[0].Algorithm = oid(1, 2, 840, 113549, 1, 1, 10) }, "unknown algorithm: signature 1.2.840.113549.1.1.10"},
		{"ECDSA by an RSA key", func(c *contentInfo) {
			c.Content.Signers[0].Algorithm = pkix.AlgorithmIdentifier{Algorithm: hashes[0].ecdsa}
		}, "it is not a signature of this file"},
		{"parameters", func(c *contentInfo) {
			c.Content.Signers[0].Algorithm.Parameters = asn1.RawValue{FullBytes: []byte{4, 0}}
		}, "with parameters 04 00, want none or NULL"},
		{"signed attributes of another file", attributes(isData, value(oidMessageDigest, digest([]byte("another")))), "it is not a signature of this file"},
		{"no digest in the signed attributes", attributes(isData), "say type 1.2.840.113549.1.7.1 and a digest of 0 bytes"},
		{"no type in the signed attributes", attributes(ofContent), "say type  and a digest of 32 bytes"},
		{"two digests in a signed attribute", attributes(isData, value(oidMessageDigest, digest(p.Content), []byte("x"))), "has 2 values, want 1"},
		{"a digest that is none", attributes(isData, value(oidMessageDigest, 1)), "cannot be read"},
	} {
		var c contentInfo
		if _, err := asn1.Unmarshal(good, &c); err != nil {
			t.Fatal(err)
		}
		test.change(&c)
		der, err := asn1.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		_, err = k.trust.Verify("test", p.Content, []Signature{{CMS, der}}, zeroTime)
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q", test.name, err, test.want)
		}
	}
	for name, der := range map[string][]byte{
		"bytes after it":          append(slices.Clone(good), 0),
		"an unsigned attribute":   unsignedAttribute(t, good),
		"another form of lengths": longForm(good),
	} {
		if _, err := k.trust.Verify("test", p.Content, []Signature{{CMS, der}}, zeroTime); err == nil {
			t.Errorf("with %s it verifies", name)
		}
	}
}

// unsignedAttribute adds an unsigned attribute to the signer, which is what ends a message.
func unsignedAttribute(t *testing.T, der []byte) []byte {
	t.Helper()
	type signer struct {
		Version    int
		SID        asn1.RawValue
		Digest     pkix.AlgorithmIdentifier
		Algorithm  pkix.AlgorithmIdentifier
		Signature  []byte
		Attributes asn1.RawValue `asn1:"optional,tag:1"`
	}
	type data struct {
		Version      int
		Digests      []pkix.AlgorithmIdentifier `asn1:"set"`
		Encapsulated encapsulated
		Certificates asn1.RawValue `asn1:"optional,tag:0"`
		Signers      []signer      `asn1:"set"`
	}
	var c struct {
		Type    asn1.ObjectIdentifier
		Content data `asn1:"explicit,tag:0"`
	}
	if _, err := asn1.Unmarshal(der, &c); err != nil {
		t.Fatal(err)
	}
	c.Content.Signers[0].Attributes = asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 1, IsCompound: true}
	out, err := asn1.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// longForm writes the length of the whole with a zero in front, which BER allows.
func longForm(der []byte) []byte {
	n := int(der[1] & 0x7f)
	return slices.Concat([]byte{der[0], der[1] + 1, 0}, der[2:2+n], der[2+n:])
}

// TestUsable: a certificate that is not for signatures, or of a small key, signs nothing, and nobody believes what it has signed.
func TestUsable(t *testing.T) {
	for _, test := range []struct {
		bits int
		ca   bool // for certificates alone
		want string
	}{
		{2048, true, "is not for digital signatures"},
		{1024, false, "has an RSA key of 1024 bits, want 2048 at least"},
	} {
		private, err := rsa.GenerateKey(rand.Reader, test.bits)
		if err != nil {
			t.Fatal(err)
		}
		key := keyFile(t, private)
		cert := certificate(t, private.Public(), private, nil, test.ca, now.Add(-time.Hour), now.Add(time.Hour))
		if _, err := key.Signature([]byte("content"), cert, now); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("error %v, want %q", err, test.want)
		}
		raw, err := key.Sign(AlgorithmRSA, digest([]byte("content")))
		if err != nil {
			t.Fatal(err)
		}
		der, err := marshalCMS(raw, cert, pkix.AlgorithmIdentifier{Algorithm: hashes[0].oid}, pkix.AlgorithmIdentifier{Algorithm: oidRSA})
		if err != nil {
			t.Fatal(err)
		}
		var trust Trust
		if err := trust.Add("cert", certPEM(cert)); err != nil {
			t.Fatal(err)
		}
		v := trust.Judge([]byte("content"), []Signature{{CMS, der}}, now)[0]
		if v.Trusted || v.Err == nil || !strings.Contains(v.Err.Error(), test.want) {
			t.Errorf("verdict %+v, want %q", v, test.want)
		}
	}
}
