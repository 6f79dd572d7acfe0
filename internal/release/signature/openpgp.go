package signature

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// # OpenPGP (RFC 9580): detached signatures in ASCII armor
//
// A signature is a function of the file, the key and the date: algorithms with random numbers in their signatures are refused, and so is
// the library's notation with a salt.

// An OpenPGPKey signs.
type OpenPGPKey struct{ entity *openpgp.Entity }

// OpenPGPKeys check signatures: one by any of them is good.
type OpenPGPKeys struct{ keys openpgp.EntityList }

// ParseOpenPGPPrivate reads a secret key as `gpg --armor --export-secret-keys` writes it, not encrypted, of which the key that signs is
// Ed25519 or RSA. name is for errors.
func ParseOpenPGPPrivate(name string, data []byte) (*OpenPGPKey, error) {
	list, err := openpgp.ReadArmoredKeyRing(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%s: no OpenPGP key in ASCII armor: %w", name, err)
	}
	if len(list) != 1 {
		return nil, fmt.Errorf("%s: it has %d OpenPGP keys, want 1", name, len(list))
	}
	if list[0].PrivateKey == nil {
		return nil, fmt.Errorf("%s: it is a public key, want the secret one (gpg --armor --export-secret-keys)", name)
	}
	k := &OpenPGPKey{list[0]}
	signer, ok := k.entity.SigningKey(k.since())
	if !ok || signer.PrivateKey == nil {
		return nil, fmt.Errorf("%s: it has no secret key that signs and is valid; keys that expire sign by the date of their making", name)
	}
	if signer.PrivateKey.Encrypted {
		return nil, fmt.Errorf("%s: the key is encrypted, want one without a passphrase: sign with gpg instead", name)
	}
	switch signer.PublicKey.PubKeyAlgo {
	case packet.PubKeyAlgoRSA, packet.PubKeyAlgoRSASignOnly, packet.PubKeyAlgoEdDSA, packet.PubKeyAlgoEd25519:
		return k, nil
	}
	return nil, fmt.Errorf("%s: its algorithm is number %d of RFC 9580, want Ed25519 or RSA, which sign without random numbers",
		name, signer.PublicKey.PubKeyAlgo)
}

// since returns when the newest part of the key was made: a signature with an earlier date is not valid.
func (k *OpenPGPKey) since() time.Time {
	out := k.entity.PrimaryKey.CreationTime
	later := func(t time.Time) {
		if t.After(out) {
			out = t
		}
	}
	for _, id := range k.entity.Identities {
		later(id.SelfSignature.CreationTime)
	}
	for _, sub := range k.entity.Subkeys {
		later(sub.PublicKey.CreationTime)
		later(sub.Sig.CreationTime)
	}
	return out
}

// Sign returns a signature of data with that date, or with that of the key if it is newer.
func (k *OpenPGPKey) Sign(data []byte, date time.Time) ([]byte, error) {
	if since := k.since(); date.Before(since) {
		date = since
	}
	salt := false
	config := &packet.Config{Time: func() time.Time { return date }, NonDeterministicSignaturesViaNotation: &salt}
	var buf bytes.Buffer
	if err := openpgp.ArmoredDetachSign(&buf, k.entity, bytes.NewReader(data), config); err != nil {
		return nil, fmt.Errorf("OpenPGP: %w", err)
	}
	return append(buf.Bytes(), '\n'), nil
}

// ParseOpenPGPPublic reads public keys as `gpg --armor --export` writes them. name is for errors.
func ParseOpenPGPPublic(name string, data []byte) (*OpenPGPKeys, error) {
	list, err := openpgp.ReadArmoredKeyRing(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%s: no OpenPGP keys in ASCII armor: %w", name, err)
	}
	return &OpenPGPKeys{list}, nil
}

// Verify returns an error unless sig is one of data by one of the keys. A key has to be valid at the date of the signature: a release is
// still good after its key has expired.
func (p *OpenPGPKeys) Verify(data, sig []byte) error {
	block, err := armor.Decode(bytes.NewReader(sig))
	if err != nil || block.Type != openpgp.SignatureType {
		return fmt.Errorf("it is no OpenPGP signature in ASCII armor (%v)", err)
	}
	body, err := io.ReadAll(block.Body)
	if err == nil {
		err = checkPackets(body)
	}
	if err != nil {
		return fmt.Errorf("OpenPGP: %w", err)
	}
	first, err := packet.NewReader(bytes.NewReader(body)).Next()
	if err != nil {
		return fmt.Errorf("OpenPGP: %w", err)
	}
	s, ok := first.(*packet.Signature)
	if !ok {
		return fmt.Errorf("OpenPGP: it begins with a %s, want a signature", strings.TrimPrefix(fmt.Sprintf("%T", first), "*packet."))
	}
	config := &packet.Config{Time: func() time.Time { return s.CreationTime }}
	if _, err := openpgp.CheckDetachedSignature(p.keys, bytes.NewReader(data), bytes.NewReader(body), config); err != nil {
		return fmt.Errorf("OpenPGP: %w", err)
	}
	return nil
}

// checkPackets returns an error unless b is a row of signature packets of version 4, each with a length (RFC 9580, sections 4.2 and 5.2).
// In other packets, and other versions, the library allocates what a length of four bytes says before it has read as much.
func checkPackets(b []byte) error {
	for len(b) > 0 {
		size, rest, err := packetLength(b)
		if err != nil {
			return err
		}
		if size > uint64(len(rest)) || size == 0 {
			return fmt.Errorf("a packet of %d bytes in %d", size, len(rest))
		}
		if rest[0] != 4 {
			return fmt.Errorf("a signature of version %d, want 4, as gpg makes", rest[0])
		}
		b = rest[size:]
	}
	return nil
}

// packetLength reads the header of the signature packet that b begins with. rest is what follows the header.
func packetLength(b []byte) (size uint64, rest []byte, err error) {
	const signature = 2
	head, rest := b[0], b[1:]
	tag, octets := head&0x3f, 0
	switch {
	case head&0x80 == 0:
		return 0, nil, fmt.Errorf("a packet begins with %#x, want bit 7 set", head)
	case head&0x40 == 0: // the old format
		tag, octets = head>>2&0xf, 1<<(head&3)
		if octets == 8 {
			return 0, nil, errors.New("a packet without a length")
		}
	case len(rest) > 0 && rest[0] >= 192 && rest[0] < 224: // 192 and more in two octets
		if len(rest) < 2 {
			return 0, nil, errors.New("a packet is cut off in its length")
		}
		size, rest = uint64(rest[0]-192)<<8+uint64(rest[1])+192, rest[2:]
	case len(rest) > 0 && rest[0] < 192:
		octets = 1
	case len(rest) > 0 && rest[0] == 255:
		octets, rest = 4, rest[1:]
	default:
		return 0, nil, errors.New("a packet in parts, or cut off in its length")
	}
	if tag != signature {
		return 0, nil, fmt.Errorf("a packet with tag %d, want %d, a signature", tag, signature)
	}
	if len(rest) < octets {
		return 0, nil, errors.New("a packet is cut off in its length")
	}
	for _, c := range rest[:octets] {
		size = size<<8 | uint64(c)
	}
	return size, rest[octets:], nil
}
