package signature

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/crypto/blake2b"
)

// # minisign
//
// A signature file has four lines: an untrusted comment; "ED", the key's ID and the signature of the file's BLAKE2b-512, in base64; a
// trusted comment; and a signature of that signature and the trusted comment.

const (
	untrusted = "untrusted comment: "
	trusted   = "trusted comment: "
)

// Minisign returns a minisign signature of data. comment is signed as well; it is one line.
func (k *PrivateKey) Minisign(data []byte, comment string) []byte {
	sum := blake2b.Sum512(data)
	sig := ed25519.Sign(k.key, sum[:])
	global := ed25519.Sign(k.key, append(slices.Clone(sig), comment...))
	blob := slices.Concat([]byte("ED"), k.Public.ID[:], sig)
	encode := base64.StdEncoding.EncodeToString
	return fmt.Appendf(nil, "%ssignature by go3s-release\n%s\n%s%s\n%s\n", untrusted, encode(blob), trusted, comment, encode(global))
}

// VerifyMinisign returns an error unless sig is a minisign signature of data by p.
func (p PublicKey) VerifyMinisign(data, sig []byte) error {
	lines := strings.Split(string(sig), "\n")
	if len(lines) != 5 || lines[4] != "" || !strings.HasPrefix(lines[0], untrusted) || !strings.HasPrefix(lines[2], trusted) {
		return errors.New("no minisign signature: want 4 lines, two of them comments")
	}
	blob, err := base64.StdEncoding.Strict().DecodeString(lines[1])
	if err != nil || len(blob) != 2+8+ed25519.SignatureSize || string(blob[:2]) != "ED" {
		return errors.New("line 2: want a minisign signature of the file's BLAKE2b-512")
	}
	global, err := base64.StdEncoding.Strict().DecodeString(lines[3])
	if err != nil || len(global) != ed25519.SignatureSize {
		return errors.New("line 4: want the signature of the trusted comment")
	}
	sum := blake2b.Sum512(data)
	if !ed25519.Verify(p.Key, sum[:], blob[10:]) {
		return errors.New("the signature is not of this file by this key")
	}
	if !ed25519.Verify(p.Key, slices.Concat(blob[10:], []byte(strings.TrimPrefix(lines[2], trusted))), global) {
		return errors.New("the trusted comment is not as it was signed")
	}
	return nil
}
