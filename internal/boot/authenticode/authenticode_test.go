package authenticode

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	_ "embed"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go3s/rules_go3s/internal/boot/pe"
	"github.com/go3s/rules_go3s/internal/boot/petest"
	"github.com/go3s/rules_go3s/internal/elfsign"
	"github.com/go3s/rules_go3s/internal/fuzztest"
)

var now = time.Date(2026, 11, 29, 0, 0, 0, 0, time.UTC)

// A party is a key with its certificate.
type party struct {
	key  *elfsign.Key
	cert *x509.Certificate
}

// newSigner makes a key and a certificate that is valid in 2026, signed by parent or itself.
func newSigner(t testing.TB, name string, bits int, parent *x509.Certificate, parentKey any) (party, any) {
	t.Helper()
	var key, public any
	if bits == 0 {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		key, public = k, &k.PublicKey
	} else {
		k, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			t.Fatal(err)
		}
		key, public = k, &k.PublicKey
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: name}, NotBefore: now.AddDate(0, -1, 0),
		NotAfter: now.AddDate(0, 1, 0), IsCA: parent == nil, BasicConstraintsValid: true}
	if parent == nil {
		parent, parentKey = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, parentKey)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}), 0o600); err != nil {
		t.Fatal(err)
	}
	k, err := elfsign.ReadKey(file, false)
	if err != nil {
		t.Fatal(err)
	}
	return party{k, cert}, key
}

func parse(t testing.TB, data []byte) *pe.Image {
	t.Helper()
	im, err := pe.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	return im
}

// signed returns the stub with the signature of s.
func (s party) signed(t testing.TB) []byte {
	t.Helper()
	im := parse(t, petest.Stub(pe.AMD64))
	der, err := Sign(im, s.key, s.cert, s.cert.NotBefore)
	if err != nil {
		t.Fatal(err)
	}
	data, err := im.WithSignatures([][]byte{der})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestSign(t *testing.T) {
	root, rootKey := newSigner(t, "root", 2048, nil, nil)
	leaf, _ := newSigner(t, "leaf", 2048, root.cert, rootKey)
	other, _ := newSigner(t, "root", 2048, nil, nil)
	data := leaf.signed(t)
	if !bytes.Equal(data, leaf.signed(t)) {
		t.Error("signed twice, it has other bytes")
	}
	im := parse(t, data)
	for _, trusted := range []*x509.Certificate{leaf.cert, root.cert} {
		signers, err := Verify(im, []*x509.Certificate{other.cert, trusted})
		if err != nil || len(signers) != 1 || !signers[0].Equal(leaf.cert) {
			t.Errorf("by %s: got %v", trusted.Subject, err)
		}
	}
	if _, err := Verify(im, []*x509.Certificate{other.cert}); err == nil || !strings.Contains(err.Error(), "none of the 1 trusted certificates") {
		t.Errorf("other key: got %v", err)
	}
	if _, err := Verify(parse(t, petest.Stub(pe.AMD64)), nil); err != ErrUnsigned {
		t.Errorf("unsigned: got %v", err)
	}
}

// TestEveryByte: a signed image of which any bit is changed is refused, but for the checksum, which nobody reads.
func TestEveryByte(t *testing.T) {
	s := fixed(t)
	data := s.signed(t)
	trusted := []*x509.Certificate{s.cert}
	const checksum = 64 + 24 + 64
	for i := range data {
		if i >= checksum && i < checksum+4 {
			continue
		}
		changed := bytes.Clone(data)
		changed[i] ^= 1 << (i % 8)
		im, err := pe.Parse(changed)
		if err == nil {
			_, err = Verify(im, trusted)
		}
		if err == nil {
			t.Errorf("offset %#x: byte %#x instead of %#x is taken", i, changed[i], data[i])
		}
	}
}

func TestRefused(t *testing.T) {
	rsa2048, _ := newSigner(t, "signer", 2048, nil, nil)
	other, _ := newSigner(t, "other", 2048, nil, nil)
	small, _ := newSigner(t, "small", 1024, nil, nil)
	curve, _ := newSigner(t, "curve", 0, nil, nil)
	for _, tt := range []struct {
		name string
		key  *elfsign.Key
		cert *x509.Certificate
		now  time.Time
		want string
	}{
		{"expired", rsa2048.key, rsa2048.cert, now.AddDate(1, 0, 0), "is valid from"},
		{"not yet valid", rsa2048.key, rsa2048.cert, now.AddDate(-1, 0, 0), "is valid from"},
		{"other certificate", rsa2048.key, other.cert, now, "is not that of the key"},
		{"small key", small.key, small.cert, now, "RSA key of 1024 bits, want 2048"},
		{"curve", curve.key, curve.cert, now, "want RSA"},
	} {
		der, err := Sign(parse(t, petest.Stub(pe.AMD64)), tt.key, tt.cert, tt.now)
		if err == nil || der != nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %d bytes, %v, want %q", tt.name, len(der), err, tt.want)
		}
	}
	if _, err := Assemble(parse(t, petest.Stub(pe.AMD64)), make([]byte, 256), rsa2048.cert); err == nil ||
		!strings.Contains(err.Error(), "the 256 bytes are not a signature of this image") {
		t.Errorf("signature of something else: %v", err)
	}
}

// TestForged: a signature that is right in itself, but not of this image or with other parts than signatures have.
func TestForged(t *testing.T) {
	s := fixed(t)
	im := parse(t, petest.Stub(pe.AMD64))
	other := parse(t, petest.Program(pe.AMD64, petest.Section{Name: ".text", Content: []byte("another")}))
	digest := im.Digest()
	// sign has the attributes signed that change returns.
	sign := func(c *contentInfo, change func([]attribute) []attribute) {
		var list []attribute
		wanted, err := Attributes(im)
		if err == nil {
			_, err = asn1.UnmarshalWithParams(wanted, &list, "set")
		}
		if err != nil {
			t.Fatal(err)
		}
		attributes, err := asn1.MarshalWithParams(change(list), "set")
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(attributes)
		si := &c.Content.Signers[0]
		if si.Signature, err = s.key.Sign(elfsign.AlgorithmRSA, sum[:]); err != nil {
			t.Fatal(err)
		}
		var set asn1.RawValue
		if _, err := asn1.Unmarshal(attributes, &set); err != nil {
			t.Fatal(err)
		}
		si.Attributes = tagged(set.Bytes)
	}
	with := func(kind asn1.ObjectIdentifier, value any) func(*contentInfo) {
		der, err := asn1.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		return func(c *contentInfo) {
			sign(c, func(list []attribute) []attribute {
				return append(list, attribute{kind, []asn1.RawValue{{FullBytes: der}}})
			})
		}
	}
	for _, tt := range []struct {
		name   string
		of     *pe.Image
		change func(*contentInfo)
		tail   string // after the signature
		want   string // "" when it is taken
	}{
		{"right", im, func(*contentInfo) {}, "", ""},
		{"padded", im, func(*contentInfo) {}, "\x00\x00\x00", ""},
		{"padded by more", im, func(*contentInfo) {}, strings.Repeat("\x00", 8), "8 bytes follow it"},
		{"with bytes after it", im, func(*contentInfo) {}, "\x00x", "2 bytes follow it"},
		{"of another image", other, func(*contentInfo) {}, "", "the image was changed after it was signed"},
		{"of another image, with the digest of this one", other, func(c *contentInfo) {
			c.Content.Content.Value.Digest.Digest = digest[:]
		}, "", "0 signed attributes"},
		{"without the digest among what is signed", im, func(c *contentInfo) {
			sign(c, func(list []attribute) []attribute { return list[:1] })
		}, "", "0 signed attributes"},
		{"with a signing time", im, with(oidSigningTime, now), "", ""},
		{"with another signed attribute", im, with(asn1.ObjectIdentifier{1, 2, 3}, 1), "", "it has the signed attribute 1.2.3"},
	} {
		der, err := Sign(tt.of, s.key, s.cert, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		var c contentInfo
		if _, err := asn1.Unmarshal(der, &c); err != nil {
			t.Fatal(err)
		}
		tt.change(&c)
		if der, err = asn1.Marshal(c); err != nil {
			t.Fatal(err)
		}
		data, err := im.WithSignatures([][]byte{append(der, tt.tail...)})
		if err != nil {
			t.Fatal(err)
		}
		_, err = Verify(parse(t, data), []*x509.Certificate{s.cert})
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want %q", tt.name, err, tt.want)
		}
	}
}

//go:embed test_key.pem
var fixedKey []byte

//go:embed test_cert.pem
var fixedCert []byte

// fixed returns a signer that is the same in all processes.
func fixed(t testing.TB) party {
	t.Helper()
	file := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(file, fixedKey, 0o600); err != nil {
		t.Fatal(err)
	}
	key, err := elfsign.ReadKey(file, false)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := elfsign.ParseCertificate("cert.pem", fixedCert)
	if err != nil {
		t.Fatal(err)
	}
	return party{key, cert}
}

// FuzzVerify changes the signature of an image: Verify returns signers or an error.
func FuzzVerify(f *testing.F) {
	s := fixed(f)
	image := parse(f, petest.Stub(pe.AMD64))
	der, err := Sign(image, s.key, s.cert, time.Time{})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(uint16(0), []byte{})
	f.Add(uint16(4), []byte{0x80})
	f.Fuzz(func(t *testing.T, at uint16, change []byte) {
		changed := bytes.Clone(der)
		for i, b := range change {
			changed[(int(at)+i)%len(changed)] ^= b
		}
		data, err := image.WithSignatures([][]byte{changed})
		if err != nil {
			t.Fatal(err)
		}
		im := parse(t, data)
		fuzztest.Bounded(t, len(data), 256, func() {
			signers, err := Verify(im, []*x509.Certificate{s.cert})
			if err == nil && (len(signers) != 1 || !bytes.Equal(changed, der)) {
				t.Errorf("a changed signature is taken: %x at %d", change, at)
			}
		})
	})
}
