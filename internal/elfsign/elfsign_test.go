package elfsign

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"debug/elf"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/elf/elftest"
	"github.com/go3s/rules_go3s/internal/fuzztest"
)

var now = time.Date(2026, 11, 29, 0, 0, 0, 0, time.UTC)

func parse(t testing.TB, data []byte) *goelf.File {
	t.Helper()
	f, err := goelf.Parse("test", data)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func readProgram(t testing.TB, data []byte) *Program {
	t.Helper()
	p, err := Read(parse(t, data))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// A pair is a key and the trust in it.
type pair struct {
	key   *Key
	cert  *x509.Certificate
	trust *Trust

	public []byte // in PEM, of Ed25519
}

// zeroTime leaves out when certificates are valid.
var zeroTime time.Time

// keyFile writes a private key as the command reads it, and returns what ReadKey makes of it.
func keyFile(t testing.TB, private any) *Key {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	k, err := ReadKey(path, false)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func ed25519Pair(t testing.TB) pair {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	trust := new(Trust)
	file := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	if err := trust.Add("public", file); err != nil {
		t.Fatal(err)
	}
	return pair{key: keyFile(t, private), trust: trust, public: file}
}

// certificate makes one for a key, of an authority of its own if parent is nil.
func certificate(t testing.TB, public, parentKey any, parent *x509.Certificate, ca bool, from, to time.Time) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(int64(from.Unix())), Subject: pkix.Name{CommonName: "signer"}, NotBefore: from, NotAfter: to,
		KeyUsage: x509.KeyUsageDigitalSignature, BasicConstraintsValid: true, IsCA: ca,
	}
	if ca {
		template.Subject.CommonName = "authority"
		template.KeyUsage = x509.KeyUsageCertSign
	}
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, parentKey)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func certPEM(c *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}

// rsaPair is a key with a certificate that is trusted itself, or by the authority that issued it.
func rsaPair(t testing.TB, byAuthority bool) pair {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	from, to := now.Add(-time.Hour), now.Add(time.Hour)
	trust := new(Trust)
	var cert *x509.Certificate
	if byAuthority {
		root := certificate(t, private.Public(), private, nil, true, from.Add(-time.Hour), to)
		cert = certificate(t, private.Public(), private, root, false, from, to)
		err = trust.Add("root", certPEM(root))
	} else {
		cert = certificate(t, private.Public(), private, nil, false, from, to)
		err = trust.Add("cert", certPEM(cert))
	}
	if err != nil {
		t.Fatal(err)
	}
	return pair{key: keyFile(t, private), cert: cert, trust: trust}
}

// sign adds the signature of a key to a file.
func sign(t testing.TB, data []byte, k pair) []byte {
	t.Helper()
	p := readProgram(t, data)
	s, err := k.key.Signature(p.Content, k.cert, now)
	if err == nil {
		err = p.Add(s)
	}
	if err != nil {
		t.Fatal(err)
	}
	return p.Bytes()
}

// verify is what the command does.
func verify(data []byte, trust *Trust) error {
	f, err := goelf.Parse("test", data)
	if err != nil {
		return err
	}
	p, err := Read(f)
	if err != nil {
		return err
	}
	_, err = trust.Verify("test", p.Content, p.Signatures, zeroTime)
	return err
}

// small are programs of each machine, with the section headers after the program headers, at the end, and without.
func small() map[string][]byte {
	out := map[string][]byte{}
	for _, m := range elftest.Machines {
		spec := elftest.Executable(m)
		out[m.String()] = spec.Build().Data
		spec.HeadersFirst = true
		out[m.String()+" headers first"] = spec.Build().Data
	}
	image := elftest.Executable(elf.EM_X86_64).Build()
	image.Put64(40, 0)
	image.Put16(58, 0)
	image.Put16(60, 0)
	image.Put16(62, 0)
	out["no sections"] = append(image.Data, "odd"...)
	return out
}

// What is signed verifies, loads the same bytes, and gives the original back.
func TestRoundTrip(t *testing.T) {
	first, second, cms := ed25519Pair(t), ed25519Pair(t), rsaPair(t, false)
	for name, data := range small() {
		t.Run(name, func(t *testing.T) {
			signed := sign(t, data, first)
			if err := verify(signed, first.trust); err != nil {
				t.Fatal(err)
			}
			f, g := parse(t, data), parse(t, signed)
			for i := range f.Progs {
				a, err := f.SegmentData(&f.Progs[i])
				if err != nil {
					t.Fatal(err)
				}
				b, err := g.SegmentData(&g.Progs[i])
				if err != nil {
					t.Fatal(err)
				}
				a, b = bytes.Clone(a), bytes.Clone(b)
				if f.Progs[i].Off == 0 && len(a) > 0 { // the ELF header, with the place of the section header table
					for _, s := range [][]byte{a, b} {
						clear(s[shoffAt : shoffAt+8])
						clear(s[shentAt : shentAt+shentSize])
					}
				}
				if f.Progs[i] != g.Progs[i] || !bytes.Equal(a, b) {
					t.Errorf("segment %d differs", i)
				}
			}
			for i := range f.Sections {
				if s := g.Section(f.Sections[i].Str); i > 0 && (s == nil || i != f.Shstrndx && s.Section64 != f.Sections[i].Section64) {
					t.Errorf("section %s is %v, want %v", f.Sections[i].Str, s, f.Sections[i])
				}
			}
			if !bytes.Equal(sign(t, signed, first), signed) {
				t.Error("signed twice it differs")
			}
			more := sign(t, sign(t, signed, second), cms)
			if other := sign(t, sign(t, sign(t, data, cms), second), first); !bytes.Equal(more, other) {
				t.Error("the order of signing shows")
			}
			for _, k := range []pair{first, second, cms} {
				if err := verify(more, k.trust); err != nil {
					t.Error(err)
				}
			}
			p := readProgram(t, more)
			if !bytes.Equal(p.Original, data) || len(p.Signatures) != 3 {
				t.Errorf("%d signatures, the original is the same: %v", len(p.Signatures), bytes.Equal(p.Original, data))
			}
			// The content is a program that can be signed; it is what is signed.
			if got := readProgram(t, p.Content); !bytes.Equal(got.Content, p.Content) || len(got.Signatures) > 0 {
				t.Error("the content of the content differs")
			}
		})
	}
}

// mustFail reports a changed file that verifies; change says how it was changed.
func mustFail(t *testing.T, trust *Trust, data []byte, change ...any) {
	t.Helper()
	if verify(data, trust) == nil {
		t.Errorf("%v: it verifies", change)
	}
}

// TestTampered: no byte of a signed file can change, none can be added, left out or moved.
func TestTampered(t *testing.T) {
	keys := map[string]pair{"ed25519": ed25519Pair(t), "cms": rsaPair(t, false), "cms by an authority": rsaPair(t, true)}
	other := ed25519Pair(t)
	for name, data := range small() {
		for kind, k := range keys {
			if kind != "ed25519" && name != "EM_RISCV" && name != "no sections" {
				continue
			}
			t.Run(name+"/"+kind, func(t *testing.T) {
				signed := sign(t, data, k)
				changed := bytes.Clone(signed)
				for i := range changed {
					for _, mask := range []byte{0x01, 0x80, 0xff} {
						changed[i] ^= mask
						mustFail(t, k.trust, changed, "flipped", i, mask)
						changed[i] ^= mask
					}
					mustFail(t, k.trust, signed[:i], "truncated", i)
				}
				for _, n := range []int{1, 7, 8, 64, 4096} {
					mustFail(t, k.trust, append(bytes.Clone(signed), make([]byte, n)...), "extended", n)
					// As the section header would say it, if the attacker changed that, too.
					p := readProgram(t, signed)
					longer := append(bytes.Clone(signed), make([]byte, n)...)
					le.PutUint64(longer[p.sizeField:], le.Uint64(longer[p.sizeField:])+uint64(n))
					mustFail(t, k.trust, longer, "extended with its section", n)
				}
				const block = 16
				for i := 0; i+2*block <= len(signed); i += block {
					if bytes.Equal(signed[i:i+block], signed[i+block:i+2*block]) {
						continue
					}
					swapped := bytes.Clone(signed)
					copy(swapped[i:], signed[i+block:i+2*block])
					copy(swapped[i+block:], signed[i:i+block])
					mustFail(t, k.trust, swapped, "reordered", i)
				}
				p := readProgram(t, signed)
				mustFail(t, k.trust, p.Original, "stripped")
				mustFail(t, k.trust, p.Content, "without signatures")
				mustFail(t, k.trust, sign(t, data, other), "by another key")
				foreign := append(bytes.Clone(data), 0)
				q := readProgram(t, foreign)
				q.Signatures = p.Signatures
				mustFail(t, k.trust, q.Bytes(), "with another file's signature")
				if err := verify(signed, k.trust); err != nil {
					t.Fatal(err)
				}
			})
		}
	}
}

// A second signature that is wrong makes the file wrong for who trusts the first.
func TestWrongSecond(t *testing.T) {
	first, second := ed25519Pair(t), ed25519Pair(t)
	signed := sign(t, sign(t, small()["EM_X86_64"], first), second)
	p := readProgram(t, signed)
	for i := len(p.Content); i < len(signed); i++ {
		changed := bytes.Clone(signed)
		changed[i] ^= 4
		mustFail(t, first.trust, changed, "flipped", i)
	}
}

func TestRefused(t *testing.T) {
	k := ed25519Pair(t)
	data := small()["EM_X86_64"]
	p := readProgram(t, data)
	with := func(tail []byte) []byte {
		out := append(bytes.Clone(p.Content), tail...)
		le.PutUint64(out[p.sizeField:], headSize+uint64(len(tail)))
		return out
	}
	good := readProgram(t, sign(t, data, k)).Signatures[0]
	entry := func(kind Kind, data []byte) []byte { return Signature{kind, data}.append(nil) }
	renamed := bytes.Clone(sign(t, data, k))
	for name, test := range map[string]struct {
		data []byte
		want string
	}{
		"unknown algorithm": {with(entry(9, make([]byte, 96))), "unknown algorithm: signature of kind 9"},
		"short signature":   {with(entry(Ed25519, make([]byte, 95))), "has 95 bytes, want 96"},
		"length beyond": {with(append(entry(Ed25519, good.Data), 1, 0, 0, 0, 0xff, 0xff, 0, 0)),
			"signature 2 has 65535 bytes, want at most 0"},
		"a rest":             {with(append(entry(Ed25519, good.Data), 1)), "1 bytes follow the last signature"},
		"padding not zero":   {with(append(entry(CMS, make([]byte, 12))[:23], 1)), "signature 1 is followed by 00 00 00 01, want zeros"},
		"twice":              {with(append(entry(Ed25519, good.Data), entry(Ed25519, good.Data)...)), "signature 2 is not in the order"},
		"short section":      {patched(p.Content[:len(p.Content)-16], p.sizeField, 16), "it has 16 bytes, want at least 32"},
		"another magic":      {patched(p.Content, uint64(len(p.Content)-headSize), 0), "it begins with 00 00 00 00 00 00 00 00"},
		"another type":       {patched(p.Content, p.sizeField-shSizeAt+8, 2), "and flags 0x2"}, // SHF_ALLOC
		"garbage for CMS":    {with(entry(CMS, []byte("garbage"))), "CMS signature: it is not SignedData in DER"},
		"signed in original": {signedInside(t, renamed), "the original in the file is signed, too"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := verify(test.data, k.trust); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

// What could not be restored or read by others is not signed.
func TestUnsignable(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(m *elftest.Image)
		want   string
	}{
		{"object file", func(m *elftest.Image) { m.Put16(16, uint16(elf.ET_REL)) }, "only programs are signed"},
		{"no names of sections", func(m *elftest.Image) { m.Put16(62, 0) }, "e_shstrndx is 0x0"},
		{"count of sections elsewhere", func(m *elftest.Image) {
			count := le.Uint16(m.Data[60:])
			m.Put16(60, 0)
			m.Put64(int(le.Uint64(m.Data[shoffAt:]))+shSizeAt, uint64(count))
		}, "sections, want less than"},
	} {
		m := elftest.Executable(elf.EM_X86_64).Build()
		test.change(m)
		if p, err := Read(parse(t, m.Data)); p != nil || err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q", test.name, err, test.want)
		}
	}
}

// A file has 64 signatures at most, whether they are added or read.
func TestMany(t *testing.T) {
	p := readProgram(t, small()["EM_X86_64"])
	by := func(i int) Signature {
		data := make([]byte, ed25519Size)
		data[0] = byte(i)
		return Signature{Ed25519, data}
	}
	for i := range maxSignatures {
		if err := p.Add(by(i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Add(by(maxSignatures)); err == nil || !strings.Contains(err.Error(), "has 64 signatures, want no more") {
		t.Errorf("one more: error %v", err)
	}
	if err := p.Add(by(0)); err != nil {
		t.Errorf("one in place of another: %v", err)
	}
	if got := readProgram(t, p.Bytes()).Signatures; len(got) != maxSignatures {
		t.Errorf("%d signatures are read", len(got))
	}
	p.Signatures = append(p.Signatures, by(maxSignatures))
	if _, err := Read(parse(t, p.Bytes())); err == nil || !strings.Contains(err.Error(), "more than 64 signatures") {
		t.Errorf("one more in the file: error %v", err)
	}
	if err := p.Add(Signature{CMS, make([]byte, maxSignature+1)}); err == nil || !strings.Contains(err.Error(), "want at most 65536") {
		t.Errorf("a large one: error %v", err)
	}
}

// patched returns a copy of data with another 64-bit word at an offset.
func patched(data []byte, at, word uint64) []byte {
	out := bytes.Clone(data)
	le.PutUint64(out[at:], word)
	return out
}

// signedInside wraps a signed file into another section of the same name, as an attacker could who has a signature for something else.
func signedInside(t *testing.T, signed []byte) []byte {
	t.Helper()
	// The name is hidden for prepare, then put back.
	hidden := bytes.ReplaceAll(signed, []byte(Section+"\x00"), []byte(".elfsing\x00"))
	p := readProgram(t, hidden)
	return bytes.Replace(p.Content, []byte(".elfsing\x00"), []byte(Section+"\x00"), 1)
}

// Keys that Go's packages do not know, made by openssl genpkey and openssl req -x509.
const (
	ed448Key = `-----BEGIN PRIVATE KEY-----
MEcCAQAwBQYDK2VxBDsEORA7tgF9CTW9fIuYfkcKjGNFhcjLx5P+EfH0leRBD26e
NCIWDbhRkkv7fNRhHGt8QlnDC6ze3b+0gg==
-----END PRIVATE KEY-----
`
	ed448Public = `-----BEGIN PUBLIC KEY-----
MEMwBQYDK2VxAzoAF99LbgeVG7w/8U+JbQDiX5TyrKnfwh/LUC/+UzLY0fgiGM2f
GkklRyfKke47GGGS4jrku4hk+SsA
-----END PUBLIC KEY-----
`
	koblitzKey = `-----BEGIN PRIVATE KEY-----
MIGEAgEAMBAGByqGSM49AgEGBSuBBAAKBG0wawIBAQQgkHaWnx6SGAglJFYmuqWz
ZAzmGUUPgiH6V9dtzihoyaShRANCAARQPq39EMf0V0NTbEV3P37u61RriS2grFyv
W/K2X86/XGkP7OYBHxcLyuNbAf6It2LwDqYavkg7kLKlOG1HaGiX
-----END PRIVATE KEY-----
`
	koblitzCertificate = `-----BEGIN CERTIFICATE-----
MIIBazCCARCgAwIBAgIUMA5GYaC2So4tTp4OQv7s/yY/NiAwCgYIKoZIzj0EAwIw
DDEKMAgGA1UEAwwBZTAeFw0yNjExMjkxNzQzNTJaFw0yNjEyMjkxNzQzNTJaMAwx
CjAIBgNVBAMMAWUwVjAQBgcqhkjOPQIBBgUrgQQACgNCAARQPq39EMf0V0NTbEV3
P37u61RriS2grFyvW/K2X86/XGkP7OYBHxcLyuNbAf6It2LwDqYavkg7kLKlOG1H
aGiXo1MwUTAdBgNVHQ4EFgQU3knJOuwEB5oyby1M4Bnu862oXTgwHwYDVR0jBBgw
FoAU3knJOuwEB5oyby1M4Bnu862oXTgwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjO
PQQDAgNJADBGAiEApavGt+JANtsdacoobJjhK8GVTzzQnNBaXU7mK3ruG0ICIQC/
9/r9/FES4wszMT6rxSRdIVNKuKt+TjyqVu/yjKVsbw==
-----END CERTIFICATE-----
`
)

func TestKeys(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, data []byte, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	_, private, _ := ed25519.GenerateKey(rand.Reader)
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	good := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	for _, mode := range []os.FileMode{0o640, 0o604, 0o620, 0o602, 0o644} {
		path := write("open", good, mode)
		if _, err := ReadKey(path, false); err == nil || !strings.Contains(err.Error(), "chmod 600") {
			t.Errorf("mode %o: error %v", mode, err)
		}
		if _, err := ReadKey(path, true); err != nil {
			t.Error(err)
		}
	}
	encrypted := pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: der})
	for want, data := range map[string][]byte{"is not PEM": []byte("key"), "want one PRIVATE KEY": encrypted} {
		if _, err := ReadKey(write("bad", data, 0o600), false); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	damaged := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der[:len(der)-1]})
	for name, data := range map[string][]byte{"Ed448": []byte(ed448Key), "secp256k1": []byte(koblitzKey), "damaged": damaged} {
		_, err := ReadKey(write("bad", data, 0o600), false)
		if err == nil || !strings.Contains(err.Error(), "unknown algorithm, or a damaged file, want a key of Ed25519, RSA or ECDSA") {
			t.Errorf("%s: error %v", name, err)
		}
	}
	for want, data := range map[string]string{"want an Ed25519 public key": ed448Public, "want the certificate of a key of RSA": koblitzCertificate} {
		if err := new(Trust).Add("trust", []byte(data)); err == nil || !strings.Contains(err.Error(), "unknown algorithm, or a damaged file, "+want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	rsaKey := rsaPair(t, false)
	public, err := x509.MarshalPKIXPublicKey(rsaKey.key.Public)
	if err != nil {
		t.Fatal(err)
	}
	err = new(Trust).Add("rsa", pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}))
	if err == nil || !strings.Contains(err.Error(), "unknown algorithm: public key of type *rsa.PublicKey") {
		t.Errorf("error %v", err)
	}
	if _, err := rsaKey.key.Signature(nil, nil, now); err == nil || !strings.Contains(err.Error(), "--cert") {
		t.Errorf("error %v", err)
	}
	if _, err := ed25519Pair(t).key.Signature(nil, rsaKey.cert, now); err == nil || !strings.Contains(err.Error(),
		"is not that of the key") {
		t.Errorf("error %v", err)
	}
	if _, err := CommandKey("", "pkcs11:object=k?pin-value=1234", nil); err == nil || !strings.Contains(err.Error(), "pin-source") {
		t.Errorf("error %v", err)
	}
}

// An expired certificate neither signs nor verifies.
func TestExpired(t *testing.T) {
	data := small()["EM_X86_64"]
	for _, byAuthority := range []bool{false, true} {
		k := rsaPair(t, byAuthority)
		p := readProgram(t, sign(t, data, k))
		for _, at := range []time.Time{now.Add(-2 * time.Hour), now.Add(2 * time.Hour)} {
			_, err := k.trust.Verify("test", p.Content, p.Signatures, at)
			if err == nil || !strings.Contains(err.Error(), "is valid from") || !strings.Contains(err.Error(), "--time") {
				t.Errorf("by an authority %v, at %v: error %v", byAuthority, at, err)
			}
			if _, err := k.key.Signature(p.Content, k.cert, at); err == nil || !strings.Contains(err.Error(), "is valid from") {
				t.Errorf("at %v: error %v", at, err)
			}
		}
		if _, err := k.trust.Verify("test", p.Content, p.Signatures, zeroTime); err != nil {
			t.Error(err)
		}
	}
}

// What counts is whether authority and signer are valid, not whether one outlives the other.
func TestAuthority(t *testing.T) {
	k := rsaPair(t, false)
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	add := func(d time.Duration) time.Time { return now.Add(d * time.Hour) }
	long := certificate(t, private.Public(), private, nil, true, add(-3), add(3))
	short := certificate(t, private.Public(), private, nil, true, add(-2), add(1))
	gone := certificate(t, private.Public(), private, nil, true, add(-9), add(-8))
	k.cert = certificate(t, k.key.Public, private, long, false, add(-1), add(2))
	p := readProgram(t, sign(t, small()["EM_X86_64"], k))
	const untrusted = "by a key that is trusted"
	for _, test := range []struct {
		name        string
		at          time.Time
		want        string // "" when it is trusted
		authorities []*x509.Certificate
	}{
		{"valid", now, "", []*x509.Certificate{long}},
		{"another's", now, untrusted, []*x509.Certificate{certificate(t, foreign.Public(), foreign, nil, true, add(-3), add(3))}},
		{"ends before the signer", now, "", []*x509.Certificate{short}},
		{"ends before the signer, at any time", zeroTime, "", []*x509.Certificate{short}},
		{"has expired", add(2), "the certificate of CN=authority is valid from", []*x509.Certificate{short}},
		{"expired before the signer was valid", zeroTime, "are never valid at the same time", []*x509.Certificate{gone}},
		{"two, of which one has expired", add(2), "", []*x509.Certificate{short, long}},
		{"two, of which one expired, in another order", add(2), "", []*x509.Certificate{long, short}},
	} {
		trust := new(Trust)
		for _, c := range test.authorities {
			if err := trust.Add("authority", certPEM(c)); err != nil {
				t.Fatal(err)
			}
		}
		_, err := trust.Verify("test", p.Content, p.Signatures, test.at)
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q", test.name, err, test.want)
		}
	}
}

// Read takes any bytes; what it accepts is in the one form that it writes.
// Its seeds are always the same, as the engine expects; one in testdata has a CMS signature.
func FuzzRead(f *testing.F) {
	private := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	k := pair{key: keyFile(f, private)}
	for _, data := range small() {
		f.Add(data)
		f.Add(sign(f, data, k))
	}
	for _, c := range elftest.Malformed() {
		f.Add(c.Data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := goelf.Parse("fuzz", data)
		if err != nil {
			return
		}
		before := bytes.Clone(data)
		var p *Program
		fuzztest.Bounded(t, len(data), 64, func() { p, err = Read(file) })
		if (p == nil) == (err == nil) {
			t.Fatalf("program %v and error %v", p != nil, err)
		}
		if !bytes.Equal(before, data) {
			t.Fatal("the input has changed")
		}
		if p == nil {
			return
		}
		if file.Section(Section) != nil && !bytes.Equal(p.Bytes(), data) {
			t.Fatal("a signed file has another form")
		}
		again := readProgram(t, p.Bytes())
		if !bytes.Equal(again.Original, p.Original) || !bytes.Equal(again.Content, p.Content) {
			t.Fatal("what was written reads differently")
		}
	})
}
