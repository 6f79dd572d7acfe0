// Package signature signs files with Ed25519 keys and checks the signatures, in the formats that people have tools for: minisign,
// SSH (ssh-keygen -Y), DSSE envelopes and Sigstore bundles with a given key. It refuses keys of other algorithms and encrypted ones:
// a build asks nobody for a password.
package signature

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/blake2b"
	"golang.org/x/crypto/ssh"
)

// A PublicKey checks signatures.
type PublicKey struct {
	Key ed25519.PublicKey
	ID  [8]byte // minisign's; of other keys the first bytes of the key's SHA-256
}

// A PrivateKey signs.
type PrivateKey struct {
	key    ed25519.PrivateKey
	Public PublicKey
}

func newPublicKey(key ed25519.PublicKey) PublicKey {
	sum := sha256.Sum256(key)
	return PublicKey{key, [8]byte(sum[:8])}
}

// Hint returns what names the key in a Sigstore bundle: the SHA-256 of its PKIX form, in base64.
func (p PublicKey) Hint() (string, error) {
	der, err := x509.MarshalPKIXPublicKey(p.Key)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(der)
	return base64.StdEncoding.EncodeToString(sum[:]), nil
}

// ParsePrivate reads an Ed25519 key: an OpenSSH key, a PKCS #8 key in PEM, or a minisign key, none of them encrypted. name is for errors.
func ParsePrivate(name string, data []byte) (*PrivateKey, error) {
	if bytes.HasPrefix(data, []byte(untrusted)) {
		return parseMinisignPrivate(name, data)
	}
	if _, err := ParsePublic(name, data); err == nil {
		return nil, fmt.Errorf("%s: it is a public key, want the private one", name)
	}
	raw, err := ssh.ParseRawPrivateKey(data)
	block, _ := pem.Decode(data)
	if _, ok := errors.AsType[*ssh.PassphraseMissingError](err); ok || block != nil && block.Type == "ENCRYPTED PRIVATE KEY" {
		return nil, fmt.Errorf("%s: the key is encrypted, want one without a passphrase (ssh-keygen -p or openssl pkcs8 removes it)", name)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: no private key in OpenSSH, PKCS #8 or minisign format: %w", name, err)
	}
	var key ed25519.PrivateKey
	switch raw := raw.(type) {
	case ed25519.PrivateKey:
		key = raw
	case *ed25519.PrivateKey:
		key = *raw
	default:
		return nil, fmt.Errorf("%s: it is a %T, want an Ed25519 key (ssh-keygen -t ed25519 makes one)", name, raw)
	}
	return &PrivateKey{key, newPublicKey(key.Public().(ed25519.PublicKey))}, nil
}

// minisign's secret key: algorithm, KDF, checksum algorithm, salt and limits of the KDF, then the part that may be encrypted.
const (
	minisignHead   = 2 + 2 + 2 + 32 + 8 + 8
	minisignSecret = minisignHead + 8 + ed25519.PrivateKeySize + blake2b.Size256
)

func parseMinisignPrivate(name string, data []byte) (*PrivateKey, error) {
	lines := strings.SplitN(strings.TrimSpace(string(data)), "\n", 3)
	if len(lines) != 2 {
		return nil, fmt.Errorf("%s: a minisign key has 2 lines, found %d", name, len(lines))
	}
	raw, err := base64.StdEncoding.DecodeString(lines[1])
	if err != nil {
		return nil, fmt.Errorf("%s: line 2: %w", name, err)
	}
	if len(raw) != minisignSecret || string(raw[:2]) != "Ed" {
		return nil, fmt.Errorf("%s: line 2: want the %d bytes of a minisign secret key, found %d; is it a public key?",
			name, minisignSecret, len(raw))
	}
	if raw[2] != 0 || raw[3] != 0 {
		return nil, fmt.Errorf("%s: the key is encrypted, want one without a password (minisign -G -W makes one)", name)
	}
	id, key := [8]byte(raw[minisignHead:]), ed25519.PrivateKey(raw[minisignHead+8:][:ed25519.PrivateKeySize])
	checked := append([]byte("Ed"), raw[minisignHead:minisignSecret-blake2b.Size256]...)
	if sum := blake2b.Sum256(checked); !bytes.Equal(sum[:], raw[minisignSecret-blake2b.Size256:]) {
		return nil, fmt.Errorf("%s: the checksum of the key is wrong: the file is damaged", name)
	}
	if !bytes.Equal(ed25519.NewKeyFromSeed(key.Seed()), key) {
		return nil, fmt.Errorf("%s: the two halves of the key do not belong together: the file is damaged", name)
	}
	return &PrivateKey{key, PublicKey{key.Public().(ed25519.PublicKey), id}}, nil
}

// ParsePublic reads an Ed25519 public key: the line of an OpenSSH key, a PKIX key in PEM, or a minisign key. name is for errors.
func ParsePublic(name string, data []byte) (PublicKey, error) {
	text := strings.TrimSpace(string(data))
	if block, _ := pem.Decode(data); block != nil && block.Type == "PUBLIC KEY" {
		key, err := x509.ParsePKIXPublicKey(block.Bytes)
		if err != nil {
			return PublicKey{}, fmt.Errorf("%s: %w", name, err)
		}
		return ed25519Key(name, key)
	}
	if key, _, _, _, err := ssh.ParseAuthorizedKey(data); err == nil {
		crypto, ok := key.(ssh.CryptoPublicKey)
		if !ok {
			return PublicKey{}, fmt.Errorf("%s: it is a key of type %s, want ssh-ed25519", name, key.Type())
		}
		return ed25519Key(name, crypto.CryptoPublicKey())
	}
	lines := strings.Split(text, "\n")
	raw, err := base64.StdEncoding.DecodeString(lines[len(lines)-1])
	if err != nil || len(raw) != 2+8+ed25519.PublicKeySize || string(raw[:2]) != "Ed" {
		return PublicKey{}, fmt.Errorf("%s: no Ed25519 public key in OpenSSH, PKIX (PEM) or minisign format", name)
	}
	return PublicKey{ed25519.PublicKey(raw[10:]), [8]byte(raw[2:10])}, nil
}

func ed25519Key(name string, key any) (PublicKey, error) {
	k, ok := key.(ed25519.PublicKey)
	if !ok {
		return PublicKey{}, fmt.Errorf("%s: it is a %T, want an Ed25519 key", name, key)
	}
	return newPublicKey(k), nil
}
