package signature

import (
	"errors"
	"fmt"

	"github.com/go3s/rules_go3s/internal/release/index"
)

// Release returns the signatures of a release by their names: of SHA256SUMS by minisign and SSH, and of the provenance in a bundle.
// title is in minisign's trusted comment.
func Release(key *PrivateKey, title string, sums []byte, provenance string, statement []byte) (map[string][]byte, error) {
	ssh, err := key.SSH(sums)
	if err != nil {
		return nil, err
	}
	bundle, err := key.Bundle(InToto, statement)
	if err != nil {
		return nil, err
	}
	return map[string][]byte{
		index.Sums + index.Minisign: key.Minisign(sums, title),
		index.Sums + index.SSH:      ssh,
		provenance + index.Bundle:   bundle,
	}, nil
}

// VerifyRelease returns an error unless files has all signatures of Release by p.
func (p PublicKey) VerifyRelease(files map[string][]byte, sums []byte, provenance string, statement []byte) error {
	for name, verify := range map[string]func([]byte) error{
		index.Sums + index.Minisign: func(sig []byte) error { return p.VerifyMinisign(sums, sig) },
		index.Sums + index.SSH:      func(sig []byte) error { return p.VerifySSH(sums, sig) },
		provenance + index.Bundle: func(data []byte) error {
			payload, err := p.VerifyBundle(InToto, data)
			if err == nil && string(payload) != string(statement) {
				err = errors.New("it signs another provenance")
			}
			return err
		},
	} {
		sig, ok := files[name]
		if !ok {
			return fmt.Errorf("%s: there is no such signature", name)
		}
		if err := verify(sig); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}
