package elfsign

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"io/fs"
	"time"

	"github.com/go3s/rules_go3s/internal/inputfile"
)

// A Key makes signatures. Input is the statement for an Ed25519 key, and the SHA-256 of the content for others.
type Key struct {
	Public crypto.PublicKey
	Sign   func(algorithm string, input []byte) ([]byte, error)
}

// Names of algorithms, as an external command gets them.
const (
	algEd25519   = "ed25519"
	AlgorithmRSA = "rsa-pkcs1v15-sha256"
	algECDSA     = "ecdsa-sha256"
)

// maxKeyFile is the size in bytes of the largest key file.
const maxKeyFile = 64 << 10

// ReadKey reads a private key: PKCS#8 in PEM, not encrypted. It refuses a file that others than its owner may read or write, unless open
// is true.
func ReadKey(path string, open bool) (*Key, error) {
	f, err := inputfile.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 && !open {
		return nil, &fs.PathError{Op: "open", Path: path, Err: fmt.Errorf(
			"the private key has permissions %#o, want none for others: chmod 600, and replace a key that others could read", mode)}
	}
	data, err := inputfile.ReadStream(f, path, maxKeyFile)
	if err != nil {
		return nil, err
	}
	blocks, err := pemBlocks(path, data)
	if err != nil {
		return nil, err
	}
	if len(blocks) != 1 || blocks[0].Type != "PRIVATE KEY" {
		return nil, fmt.Errorf("%s: %d PEM blocks, the first %q; want one PRIVATE KEY (PKCS#8, not encrypted)",
			path, len(blocks), blocks[0].Type)
	}
	key, err := x509.ParsePKCS8PrivateKey(blocks[0].Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: unknown algorithm, or a damaged file, want a key of Ed25519, RSA or ECDSA (P-224 to P-521): %w", path, err)
	}
	switch k := key.(type) {
	case ed25519.PrivateKey:
		return &Key{k.Public(), func(_ string, input []byte) ([]byte, error) { return ed25519.Sign(k, input), nil }}, nil
	case *rsa.PrivateKey:
		return &Key{k.Public(), func(_ string, input []byte) ([]byte, error) {
			return rsa.SignPKCS1v15(nil, k, crypto.SHA256, input)
		}}, nil
	case *ecdsa.PrivateKey:
		// Without a source of randomness the signature follows from key and input (RFC 6979).
		return &Key{k.Public(), func(_ string, input []byte) ([]byte, error) { return k.Sign(nil, input, crypto.SHA256) }}, nil
	}
	return nil, fmt.Errorf("%s: unknown algorithm: private key of type %T, want Ed25519, RSA or ECDSA", path, key)
}

// ParsePublicKey reads an Ed25519 key in PEM.
func ParsePublicKey(name string, data []byte) (ed25519.PublicKey, error) {
	blocks, err := pemBlocks(name, data)
	if err != nil {
		return nil, err
	}
	if len(blocks) != 1 || blocks[0].Type != "PUBLIC KEY" {
		return nil, fmt.Errorf("%s: %d PEM blocks, the first %q; want one PUBLIC KEY", name, len(blocks), blocks[0].Type)
	}
	key, err := parseEd25519(blocks[0].Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return key, nil
}

// Signature signs content. A certificate makes a CMS signature of it, for a key of RSA or ECDSA; without one the key is Ed25519. The
// certificate must be of the key and valid at the time now.
func (k *Key) Signature(content []byte, cert *x509.Certificate, now time.Time) (Signature, error) {
	if cert != nil {
		return k.signCMS(content, cert, now)
	}
	public, ok := k.Public.(ed25519.PublicKey)
	if !ok {
		return Signature{}, fmt.Errorf(
			"the key is %T: a signature by RSA or ECDSA needs the certificate of the key. Name it with --cert", k.Public)
	}
	statement := Statement(content)
	raw, err := k.Sign(algEd25519, statement)
	if err != nil {
		return Signature{}, err
	}
	if len(raw) != ed25519.SignatureSize || !ed25519.Verify(public, statement, raw) {
		return Signature{}, fmt.Errorf("the %d bytes that were made are not an Ed25519 signature by the key %s", len(raw),
			Fingerprint(public))
	}
	return Signature{Ed25519, append(append([]byte{}, public...), raw...)}, nil
}

// digest is what RSA and ECDSA keys sign.
func digest(content []byte) []byte {
	sum := sha256.Sum256(content)
	return sum[:]
}
