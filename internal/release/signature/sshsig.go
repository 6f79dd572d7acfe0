package signature

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha512"
	"encoding/pem"
	"errors"
	"fmt"

	"golang.org/x/crypto/ssh"
)

// # SSH signatures
//
// OpenSSH's PROTOCOL.sshsig: an armored blob with the public key, a namespace and a signature of a structure that has
// the namespace and the SHA-512 of the file. `ssh-keygen -Y verify -n file` checks it.

const (
	sshMagic     = "SSHSIG"
	sshNamespace = "file"
	sshHash      = "sha512"
	sshType      = "SSH SIGNATURE"
	sshVersion   = 1
)

// sshBlob follows sshMagic in the armored blob.
type sshBlob struct {
	Version   uint32
	PublicKey []byte
	Namespace string
	Reserved  string
	Hash      string
	Signature []byte
}

// sshSigned follows sshMagic in what is signed.
type sshSigned struct {
	Namespace string
	Reserved  string
	Hash      string
	Sum       []byte
}

func sshMessage(data []byte) []byte {
	sum := sha512.Sum512(data)
	return append([]byte(sshMagic), ssh.Marshal(sshSigned{Namespace: sshNamespace, Hash: sshHash, Sum: sum[:]})...)
}

// SSH returns an SSH signature of data in the namespace "file".
func (k *PrivateKey) SSH(data []byte) ([]byte, error) {
	public, err := ssh.NewPublicKey(k.Public.Key)
	if err != nil {
		return nil, err
	}
	sig := ssh.Signature{Format: ssh.KeyAlgoED25519, Blob: ed25519.Sign(k.key, sshMessage(data))}
	blob := append([]byte(sshMagic), ssh.Marshal(sshBlob{
		Version:   sshVersion,
		PublicKey: public.Marshal(),
		Namespace: sshNamespace,
		Hash:      sshHash,
		Signature: ssh.Marshal(sig),
	})...)
	return pem.EncodeToMemory(&pem.Block{Type: sshType, Bytes: blob}), nil
}

// VerifySSH returns an error unless sig is an SSH signature of data by p in the namespace "file".
func (p PublicKey) VerifySSH(data, sig []byte) error {
	block, rest := pem.Decode(sig)
	if block == nil || block.Type != sshType || len(bytes.TrimSpace(rest)) != 0 {
		return errors.New("no SSH signature: want one block BEGIN SSH SIGNATURE")
	}
	blob, ok := bytes.CutPrefix(block.Bytes, []byte(sshMagic))
	if !ok {
		return fmt.Errorf("the signature does not begin with %q", sshMagic)
	}
	var b sshBlob
	if err := ssh.Unmarshal(blob, &b); err != nil {
		return err
	}
	if b.Version != sshVersion || b.Namespace != sshNamespace || b.Hash != sshHash {
		return fmt.Errorf("the signature has version %d, namespace %q, hash %q; want %d, %q, %q",
			b.Version, b.Namespace, b.Hash, sshVersion, sshNamespace, sshHash)
	}
	public, err := ssh.NewPublicKey(p.Key)
	if err != nil {
		return err
	}
	if !bytes.Equal(b.PublicKey, public.Marshal()) {
		return errors.New("the signature is by another key")
	}
	var s ssh.Signature
	if err := ssh.Unmarshal(b.Signature, &s); err != nil {
		return err
	}
	if s.Format != ssh.KeyAlgoED25519 || !ed25519.Verify(p.Key, sshMessage(data), s.Blob) {
		return errors.New("the signature is not of this file by this key")
	}
	return nil
}
