package elfsign

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"slices"
)

// A Kind is a form of signature.
type Kind uint32

const (
	Ed25519 Kind = 1 // public key, then the signature of the statement (RFC 8032)
	CMS     Kind = 2 // SignedData without content, DER (RFC 5652): PKCS#7 of the content
)

func (k Kind) String() string {
	switch k {
	case Ed25519:
		return "ed25519"
	case CMS:
		return "cms"
	}
	return fmt.Sprintf("kind %d", uint32(k))
}

// Bounds of what a file may have.
const (
	maxSignatures = 64
	maxSignature  = 64 << 10 // bytes of one
)

// A Signature is one of the signatures in a file.
type Signature struct {
	Kind Kind
	Data []byte
}

// Size of the data of an Ed25519 signature, in bytes.
const ed25519Size = ed25519.PublicKeySize + ed25519.SignatureSize

// append adds the signature to the section's contents: kind and size of the data, 4 bytes each, the data, and zeros up to a multiple of 8.
func (s Signature) append(b []byte) []byte {
	b = le.AppendUint32(b, uint32(s.Kind))
	b = le.AppendUint32(b, uint32(len(s.Data)))
	return append(append(b, s.Data...), make([]byte, -len(s.Data)&7)...)
}

// signer identifies who made the signature. There is one signature of a signer in a file.
func (s Signature) signer() ([]byte, error) {
	switch s.Kind {
	case Ed25519:
		if len(s.Data) != ed25519Size {
			return nil, fmt.Errorf("a signature of kind %v has %d bytes, want %d", s.Kind, len(s.Data), ed25519Size)
		}
		return s.Data[:ed25519.PublicKeySize], nil
	case CMS:
		m, err := parseCMS(s.Data)
		if err != nil {
			return nil, err
		}
		return m.signer.SID.FullBytes, nil
	}
	return nil, fmt.Errorf("unknown algorithm: signature of %v, want %v (%d) or %v (%d). A newer elfsign may know it", s.Kind, Ed25519,
		Ed25519, CMS, CMS)
}

// order compares signatures for the order in which they are in a file. Those of one signer are equal.
func order(a, b Signature) int {
	if a.Kind != b.Kind {
		return int(a.Kind) - int(b.Kind)
	}
	x, _ := a.signer()
	y, _ := b.signer()
	return bytes.Compare(x, y)
}

// parseSignatures reads what follows the head of the section.
func parseSignatures(b []byte) ([]Signature, error) {
	var out []Signature
	for len(b) > 0 {
		if len(b) < 8 {
			return nil, fmt.Errorf("%d bytes follow the last signature, want none", len(b))
		}
		s := Signature{Kind: Kind(le.Uint32(b))}
		n := uint64(le.Uint32(b[4:]))
		padded := (n + 7) &^ 7
		if n > maxSignature || padded > uint64(len(b)-8) {
			return nil, fmt.Errorf("signature %d has %d bytes, want at most %d", len(out)+1, n, min(maxSignature, len(b)-8))
		}
		s.Data = b[8 : 8+n]
		if slices.ContainsFunc(b[8+n:8+padded], func(c byte) bool { return c != 0 }) {
			return nil, fmt.Errorf("signature %d is followed by % x, want zeros", len(out)+1, b[8+n:8+padded])
		}
		if _, err := s.signer(); err != nil {
			return nil, fmt.Errorf("signature %d: %w", len(out)+1, err)
		}
		if len(out) > 0 && order(out[len(out)-1], s) >= 0 {
			return nil, fmt.Errorf("signature %d is not in the order of kinds and signers, or the second one of its signer", len(out)+1)
		}
		if len(out) == maxSignatures {
			return nil, fmt.Errorf("there are more than %d signatures", maxSignatures)
		}
		out = append(out, s)
		b = b[8+padded:]
	}
	return out, nil
}

// Add puts a signature into the program, in place of any by the same signer. The signature must be of this program.
func (p *Program) Add(s Signature) error {
	if len(s.Data) > maxSignature {
		return fmt.Errorf("%s: a signature has %d bytes, want at most %d", p.Name, len(s.Data), maxSignature)
	}
	if _, err := s.signer(); err != nil {
		return fmt.Errorf("%s: %w", p.Name, err)
	}
	i, found := slices.BinarySearchFunc(p.Signatures, s, order)
	switch {
	case found:
		p.Signatures[i] = s
	case len(p.Signatures) == maxSignatures:
		return fmt.Errorf("%s: has %d signatures, want no more. Remove them with elfsign strip-signature", p.Name, maxSignatures)
	default:
		p.Signatures = slices.Insert(p.Signatures, i, s)
	}
	return nil
}

// errOther is what a signature that does not fit means.
var errOther = errors.New(
	"it is not a signature of this file: the file has changed since, or it is the signature of another file or by another key")
