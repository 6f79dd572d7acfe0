package elfsign

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"time"
)

// A Trust is the keys that are believed.
type Trust struct {
	keys        []ed25519.PublicKey
	signers     []*x509.Certificate // of signers themselves
	authorities []*x509.Certificate
}

// Add adds what a file in PEM holds: public keys (Ed25519), certificates of signers, and certificates of authorities. The
// signers to whom these gave certificates are then believed, too.
func (t *Trust) Add(name string, data []byte) error {
	blocks, err := pemBlocks(name, data)
	if err != nil {
		return err
	}
	for _, b := range blocks {
		switch b.Type {
		case "PUBLIC KEY":
			key, err := parseEd25519(b.Bytes)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			t.keys = append(t.keys, key)
		case "CERTIFICATE":
			c, err := parseCertificate(name, b.Bytes)
			switch {
			case err != nil:
				return err
			case c.IsCA:
				t.authorities = append(t.authorities, c)
			default:
				t.signers = append(t.signers, c)
			}
		default:
			return fmt.Errorf("%s: PEM block %q, want PUBLIC KEY or CERTIFICATE", name, b.Type)
		}
	}
	return nil
}

// pemBlocks returns the blocks of a PEM file, one at least.
func pemBlocks(name string, data []byte) ([]*pem.Block, error) {
	var out []*pem.Block
	for {
		b, rest := pem.Decode(data)
		if b == nil {
			break
		}
		out, data = append(out, b), rest
	}
	if len(out) == 0 || len(bytes.TrimSpace(data)) > 0 {
		return nil, fmt.Errorf("%s: is not PEM (\"-----BEGIN …\"), want a key or certificates in PEM", name)
	}
	return out, nil
}

// parseEd25519 reads a public key in DER.
func parseEd25519(der []byte) (ed25519.PublicKey, error) {
	key, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, fmt.Errorf("unknown algorithm, or a damaged file, want an Ed25519 public key: %w", err)
	}
	if k, ok := key.(ed25519.PublicKey); ok {
		return k, nil
	}
	return nil, fmt.Errorf("unknown algorithm: public key of type %T, want Ed25519. Keys of RSA and ECDSA are named by a certificate",
		key)
}

// A Verdict is what was found out about one signature.
type Verdict struct {
	Kind    Kind
	Signer  string // who says to have made it
	Err     error  // why it is wrong, nil when it is a signature of the content by the key that it names
	Trusted bool   // the key is believed
}

// ErrUnknownSigner is in the verdict on a CMS signature that cannot be checked, since the certificate is neither in it nor known.
var ErrUnknownSigner = errors.New("the signer's certificate is neither in the signature nor given")

// Judge verifies each signature of content. Certificates are judged as of the time now; the zero time leaves out when they are valid.
func (t *Trust) Judge(content []byte, signatures []Signature, now time.Time) []Verdict {
	out := make([]Verdict, len(signatures))
	for i, s := range signatures {
		out[i] = t.judgeOne(content, s, now)
	}
	return out
}

func (t *Trust) judgeOne(content []byte, s Signature, now time.Time) Verdict {
	v := Verdict{Kind: s.Kind}
	if _, err := s.signer(); err != nil {
		v.Err = err
		return v
	}
	if s.Kind == CMS {
		t.judgeCMS(&v, content, s.Data, now)
		return v
	}
	key := ed25519.PublicKey(s.Data[:ed25519.PublicKeySize])
	v.Signer = Fingerprint(key)
	if !ed25519.Verify(key, Statement(content), s.Data[ed25519.PublicKeySize:]) {
		v.Err = errOther
		return v
	}
	for _, k := range t.keys {
		v.Trusted = v.Trusted || k.Equal(key)
	}
	return v
}

// Fingerprint names an Ed25519 key: SHA-256 of its 32 bytes.
func Fingerprint(key ed25519.PublicKey) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(key)) }

// Verify returns the verdicts on all signatures of content, and an error unless all of them are right and one of them is by a key that t
// believes.
func (t *Trust) Verify(name string, content []byte, signatures []Signature, now time.Time) ([]Verdict, error) {
	if len(signatures) == 0 {
		return nil, fmt.Errorf("%s: is not signed. Sign it with elfsign sign", name)
	}
	verdicts := t.Judge(content, signatures, now)
	trusted := false
	for i, v := range verdicts {
		if v.Err != nil {
			return verdicts, fmt.Errorf("%s: signature %d (%v, %s): %w", name, i+1, v.Kind, v.Signer, v.Err)
		}
		trusted = trusted || v.Trusted
	}
	if !trusted {
		return verdicts, fmt.Errorf("%s: none of its %d signatures is by a key that is trusted; the first is by %s", name,
			len(verdicts), verdicts[0].Signer)
	}
	return verdicts, nil
}
