// Command wycheproof holds the test vectors of Project Wycheproof to the packages below crypto that use the FIPS 140-3 module. Its
// arguments are files of vectors (testvectors_v1). For each it writes a line: the file, how many passed, how many are about what
// the module does not offer, how many failed. A failure is also described on standard error.
package main

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/fips140"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/mlkem"
	"crypto/pbkdf2"
	"crypto/rsa"
	_ "crypto/sha3"
	_ "crypto/sha512"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"math/big"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	if !fips140.Enabled() {
		fmt.Fprintln(os.Stderr, "wycheproof: FIPS 140-3 mode is off: build with GOFIPS140")
		os.Exit(1)
	}
	for _, name := range os.Args[1:] {
		if err := run(name); err != nil {
			fmt.Fprintf(os.Stderr, "wycheproof: %s: %v\n", name, err)
			os.Exit(1)
		}
	}
}

type file struct {
	Algorithm  string
	TestGroups []group
}

// A group has the members of all kinds of groups that are understood.
type group struct {
	Type, Sha, MgfSha, Curve, ParameterSet string
	PublicKeyDer, PrivateKeyPkcs8          string
	IvSize, TagSize, SLen                  int
	PublicKey                              json.RawMessage
	Tests                                  []test
}

type test struct {
	TcID                                        int
	Comment, Result                             string
	Key, Iv, Aad, Msg, Ct, Tag, Sig             text
	Ikm, Salt, Info, Okm, Password, Dk          text
	Public, Private, Shared, Label, Seed, Ek, C text
	K                                           text `json:"K"`
	Size, IterationCount, DkLen                 int
}

// text is hexadecimal in JSON.
type text []byte

func (t *text) UnmarshalText(s []byte) (err error) {
	*t, err = hex.DecodeString(string(s))
	return err
}

// errNotOffered says that a vector is about something outside of the module or of the packages that offer it.
var errNotOffered = errors.New("not offered")

func run(name string) error {
	data, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	base := strings.TrimSuffix(filepath.Base(name), "_test.json")
	var count struct {
		TestGroups []struct{ Tests []json.RawMessage }
	}
	if err := json.Unmarshal(data, &count); err != nil {
		return err
	}
	passed, notOffered, failed := 0, 0, 0
	check := checkOf(base)
	if check == nil {
		for _, g := range count.TestGroups {
			notOffered += len(g.Tests)
		}
		fmt.Println(base, passed, notOffered, failed)
		return nil
	}
	var f file
	if err := json.Unmarshal(data, &f); err != nil {
		return err
	}
	for _, g := range f.TestGroups {
		for _, t := range g.Tests {
			right, err := check(&f, &g, &t)
			switch {
			case errors.Is(err, errNotOffered):
				notOffered++
			case t.Result == "acceptable", right && t.Result == "valid", !right && t.Result == "invalid":
				passed++
			default:
				failed++
				fmt.Fprintf(os.Stderr, "%s: test %d (%s) is %s, the module says %t: %v\n", base, t.TcID, t.Comment, t.Result, right, err)
			}
		}
	}
	fmt.Println(base, passed, notOffered, failed)
	return nil
}

// A check says whether the module takes a vector as right.
type check func(*file, *group, *test) (bool, error)

// checkOf returns the check for a file, nil for one about something else than the module. Wycheproof's encodings of what the public
// packages take in one encoding only (p1363, JWK, PEM, WebCrypto) are no other vectors for the module.
func checkOf(base string) check {
	for _, other := range []string{
		"p1363", "webcrypto", "bitcoin", "pem", "misc", "params", "shake", "three_primes", "brainpool", "secp256k1", "secp160", "secp192",
		"sm3", "_sha1",
	} {
		if strings.Contains(base, other) {
			return nil
		}
	}
	for prefix, c := range map[string]check{
		"aes_cbc_pkcs5": checkCBC, "ecdsa_secp": checkECDSA, "hkdf_": checkHKDF, "hmac_": checkHMAC,
		"pbkdf2_": checkPBKDF2, "rsa_oaep_": checkOAEP, "rsa_pss_": checkPSS, "rsa_signature_": checkPKCS1,
	} {
		if strings.HasPrefix(base, prefix) {
			return c
		}
	}
	return map[string]check{
		"aes_gcm": checkGCM, "ed25519": checkEd25519, "mlkem": checkMLKEM,
		"ecdh_secp256r1_ecpoint": checkECDH, "ecdh_secp384r1_ecpoint": checkECDH, "ecdh_secp521r1_ecpoint": checkECDH,
	}[base]
}

// hashOf returns a hash function of the module by Wycheproof's name, in any of its forms.
func hashOf(name string) (crypto.Hash, error) {
	name = strings.NewReplacer("-", "", "_", "", "/", "").Replace(strings.ToUpper(name))
	h, ok := map[string]crypto.Hash{
		"SHA224": crypto.SHA224, "SHA256": crypto.SHA256, "SHA384": crypto.SHA384, "SHA512": crypto.SHA512,
		"SHA512224": crypto.SHA512_224, "SHA512256": crypto.SHA512_256,
		"SHA3224": crypto.SHA3_224, "SHA3256": crypto.SHA3_256, "SHA3384": crypto.SHA3_384, "SHA3512": crypto.SHA3_512,
	}[name]
	if !ok {
		return 0, errNotOffered
	}
	return h, nil
}

func newOf(f *file, cut string) (func() hash.Hash, error) {
	h, err := hashOf(strings.TrimPrefix(strings.TrimPrefix(f.Algorithm, cut), "-"))
	return h.New, err
}

func digest(sha string, message []byte) (crypto.Hash, []byte, error) {
	h, err := hashOf(sha)
	if err != nil {
		return 0, nil, err
	}
	d := h.New()
	d.Write(message)
	return h, d.Sum(nil), nil
}

func checkGCM(_ *file, g *group, t *test) (bool, error) {
	block, err := aes.NewCipher(t.Key)
	if err != nil {
		return false, err
	}
	if g.TagSize != 128 {
		return false, errNotOffered
	}
	if len(t.Iv) == 0 {
		return false, errors.New("no nonce")
	}
	aead, err := cipher.NewGCMWithNonceSize(block, len(t.Iv))
	if err != nil {
		return false, err
	}
	sealed := append(bytes.Clone(t.Ct), t.Tag...)
	msg, err := aead.Open(nil, t.Iv, sealed, t.Aad)
	if err != nil {
		return false, err
	}
	return bytes.Equal(msg, t.Msg) && bytes.Equal(aead.Seal(nil, t.Iv, t.Msg, t.Aad), sealed), nil
}

func checkCBC(_ *file, _ *group, t *test) (bool, error) {
	block, err := aes.NewCipher(t.Key)
	if err != nil {
		return false, err
	}
	if len(t.Ct) == 0 || len(t.Ct)%aes.BlockSize != 0 {
		return false, errors.New("no whole blocks")
	}
	msg := make([]byte, len(t.Ct))
	cipher.NewCBCDecrypter(block, t.Iv).CryptBlocks(msg, t.Ct)
	n := int(msg[len(msg)-1])
	if n == 0 || n > aes.BlockSize || !bytes.Equal(msg[len(msg)-n:], bytes.Repeat([]byte{byte(n)}, n)) {
		return false, errors.New("bad padding")
	}
	return bytes.Equal(msg[:len(msg)-n], t.Msg), nil
}

func checkHMAC(f *file, g *group, t *test) (bool, error) {
	h, err := newOf(f, "HMAC")
	if err != nil {
		return false, err
	}
	mac := hmac.New(h, t.Key)
	mac.Write(t.Msg)
	return hmac.Equal(mac.Sum(nil)[:g.TagSize/8], t.Tag), nil
}

func checkHKDF(f *file, _ *group, t *test) (bool, error) {
	h, err := newOf(f, "HKDF")
	if err != nil {
		return false, err
	}
	out, err := hkdf.Key(h, t.Ikm, t.Salt, string(t.Info), t.Size)
	return err == nil && bytes.Equal(out, t.Okm), err
}

func checkPBKDF2(f *file, _ *group, t *test) (bool, error) {
	h, err := newOf(f, "PBKDF2-HMAC")
	if err != nil {
		return false, err
	}
	out, err := pbkdf2.Key(h, string(t.Password), t.Salt, t.IterationCount, t.DkLen)
	return err == nil && bytes.Equal(out, t.Dk), err
}

func checkECDH(_ *file, g *group, t *test) (bool, error) {
	curve := map[string]ecdh.Curve{"secp256r1": ecdh.P256(), "secp384r1": ecdh.P384(), "secp521r1": ecdh.P521()}[g.Curve]
	if curve == nil || len(t.Public) > 0 && (t.Public[0] == 2 || t.Public[0] == 3) {
		return false, errNotOffered // compressed points, too
	}
	public, err := curve.NewPublicKey(t.Public)
	if err != nil {
		return false, err
	}
	size := len(t.Shared)
	scalar := make([]byte, size)
	new(big.Int).SetBytes(t.Private).FillBytes(scalar)
	private, err := curve.NewPrivateKey(scalar)
	if err != nil {
		return false, err
	}
	shared, err := private.ECDH(public)
	return err == nil && bytes.Equal(shared, t.Shared), err
}

func checkECDSA(_ *file, g *group, t *test) (bool, error) {
	var key struct{ Curve, Uncompressed string }
	if err := json.Unmarshal(g.PublicKey, &key); err != nil {
		return false, err
	}
	curve := map[string]elliptic.Curve{
		"secp224r1": elliptic.P224(), "secp256r1": elliptic.P256(), "secp384r1": elliptic.P384(), "secp521r1": elliptic.P521(),
	}[key.Curve]
	point, err := hex.DecodeString(key.Uncompressed)
	if err != nil || curve == nil {
		return false, errNotOffered
	}
	public, err := ecdsa.ParseUncompressedPublicKey(curve, point)
	if err != nil {
		return false, err
	}
	_, sum, err := digest(g.Sha, t.Msg)
	return err == nil && ecdsa.VerifyASN1(public, sum, t.Sig), err
}

func checkEd25519(_ *file, g *group, t *test) (bool, error) {
	var key struct{ Pk text }
	if err := json.Unmarshal(g.PublicKey, &key); err != nil {
		return false, err
	}
	return len(key.Pk) == ed25519.PublicKeySize && ed25519.Verify(ed25519.PublicKey(key.Pk), t.Msg, t.Sig), nil
}

func rsaPublic(g *group) (*rsa.PublicKey, error) {
	der, err := hex.DecodeString(g.PublicKeyDer)
	if err != nil {
		return nil, err
	}
	key, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, err
	}
	public, ok := key.(*rsa.PublicKey)
	if !ok {
		return nil, errNotOffered
	}
	return public, nil
}

func checkPKCS1(_ *file, g *group, t *test) (bool, error) {
	public, err := rsaPublic(g)
	if err != nil {
		return false, err
	}
	h, sum, err := digest(g.Sha, t.Msg)
	if err != nil {
		return false, err
	}
	err = rsa.VerifyPKCS1v15(public, h, sum, t.Sig)
	return err == nil, err
}

func checkPSS(_ *file, g *group, t *test) (bool, error) {
	if g.Sha != g.MgfSha {
		return false, errNotOffered
	}
	public, err := rsaPublic(g)
	if err != nil {
		return false, err
	}
	h, sum, err := digest(g.Sha, t.Msg)
	if err != nil {
		return false, err
	}
	salt := g.SLen
	if salt == 0 {
		return false, errNotOffered // crypto/rsa takes 0 for any length
	}
	err = rsa.VerifyPSS(public, h, sum, t.Sig, &rsa.PSSOptions{SaltLength: salt})
	return err == nil, err
}

func checkOAEP(_ *file, g *group, t *test) (bool, error) {
	h, err := hashOf(g.Sha)
	if err != nil {
		return false, err
	}
	mgf, err := hashOf(g.MgfSha)
	if err != nil {
		return false, err
	}
	der, err := hex.DecodeString(g.PrivateKeyPkcs8)
	if err != nil {
		return false, err
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return false, err
	}
	private, ok := key.(*rsa.PrivateKey)
	if !ok {
		return false, errNotOffered
	}
	msg, err := private.Decrypt(nil, t.Ct, &rsa.OAEPOptions{Hash: h, MGFHash: mgf, Label: t.Label})
	return err == nil && bytes.Equal(msg, t.Msg), err
}

// A decapsulationKey is one of package mlkem.
type decapsulationKey interface {
	Decapsulate([]byte) ([]byte, error)
}

func checkMLKEM(_ *file, g *group, t *test) (bool, error) {
	var key decapsulationKey
	var ek []byte
	switch g.ParameterSet {
	case "ML-KEM-768":
		k, err := mlkem.NewDecapsulationKey768(t.Seed)
		if err != nil {
			return false, err
		}
		key, ek = k, k.EncapsulationKey().Bytes()
	case "ML-KEM-1024":
		k, err := mlkem.NewDecapsulationKey1024(t.Seed)
		if err != nil {
			return false, err
		}
		key, ek = k, k.EncapsulationKey().Bytes()
	default:
		return false, errNotOffered
	}
	if len(t.Ek) > 0 && !bytes.Equal(ek, t.Ek) {
		return false, errors.New("another encapsulation key")
	}
	shared, err := key.Decapsulate(t.C)
	return err == nil && bytes.Equal(shared, t.K), err
}
