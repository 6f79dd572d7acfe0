package signature

import (
	"crypto/ed25519"
	"errors"
	"fmt"

	"github.com/go3s/rules_go3s/internal/release/index"
)

// # Sigstore bundles
//
// A bundle (https://docs.sigstore.dev, media type below) with a key that the verifier has: no certificate and no entry of a transparency
// log. It holds a DSSE envelope: a payload of some type, and a signature of the two in their unambiguous form (PAE).

const bundleType = "application/vnd.dev.sigstore.bundle.v0.3+json"

// InToto is the payload type of in-toto statements.
const InToto = "application/vnd.in-toto+json"

type bundle struct {
	MediaType string   `json:"mediaType"`
	Material  material `json:"verificationMaterial"`
	Envelope  envelope `json:"dsseEnvelope"`
}

type material struct {
	PublicKey struct {
		Hint string `json:"hint"`
	} `json:"publicKey"`
}

type envelope struct {
	Payload     []byte          `json:"payload"` // base64 in JSON
	PayloadType string          `json:"payloadType"`
	Signatures  []dsseSignature `json:"signatures"`
}

type dsseSignature struct {
	Sig   []byte `json:"sig"`
	KeyID string `json:"keyid"`
}

// pae returns what is signed of a payload (DSSE v1).
func pae(payloadType string, payload []byte) []byte {
	return fmt.Appendf(nil, "DSSEv1 %d %s %d %s", len(payloadType), payloadType, len(payload), payload)
}

// Bundle returns a Sigstore bundle with payload in a DSSE envelope.
func (k *PrivateKey) Bundle(payloadType string, payload []byte) ([]byte, error) {
	hint, err := k.Public.Hint()
	if err != nil {
		return nil, err
	}
	b := bundle{MediaType: bundleType}
	b.Material.PublicKey.Hint = hint
	b.Envelope = envelope{
		Payload:     payload,
		PayloadType: payloadType,
		Signatures:  []dsseSignature{{Sig: ed25519.Sign(k.key, pae(payloadType, payload))}},
	}
	return index.Encode(b)
}

// VerifyBundle returns the payload of a bundle of Bundle, of that type. The error says why p does not vouch for it.
func (p PublicKey) VerifyBundle(payloadType string, data []byte) ([]byte, error) {
	var b bundle
	if err := index.Decode(data, &b); err != nil {
		return nil, err
	}
	if b.MediaType != bundleType {
		return nil, fmt.Errorf("mediaType is %q, want %q", b.MediaType, bundleType)
	}
	if b.Envelope.PayloadType != payloadType {
		return nil, fmt.Errorf("payloadType is %q, want %q", b.Envelope.PayloadType, payloadType)
	}
	if len(b.Envelope.Signatures) != 1 {
		return nil, fmt.Errorf("the envelope has %d signatures, want 1", len(b.Envelope.Signatures))
	}
	if !ed25519.Verify(p.Key, pae(b.Envelope.PayloadType, b.Envelope.Payload), b.Envelope.Signatures[0].Sig) {
		return nil, errors.New("the signature is not of this payload by this key")
	}
	return b.Envelope.Payload, nil
}
