package release

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"errors"
)

// A keyVerifier is an Ed25519 key as package dsse wants it.
type keyVerifier struct{ key ed25519.PublicKey }

func (k keyVerifier) Verify(_ context.Context, data, sig []byte) error {
	if !ed25519.Verify(k.key, data, sig) {
		return errors.New("wrong signature")
	}
	return nil
}

func (k keyVerifier) KeyID() (string, error)   { return "", nil }
func (k keyVerifier) Public() crypto.PublicKey { return k.key }
