package keyguard

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha3"
	"encoding/binary"
	"fmt"
	"hash"
)

const (
	canarySize = 16
	macSize    = 32
)

// MaxSecret is the size in bytes of the largest secret.
const MaxSecret = 64 << 10

// A slot is pages with one secret. The secret is at their end, so that the first byte after it is in a guard page; before it is the
// canary, again and again.
type slot struct {
	name   string
	pages  *pages
	secret []byte // in pages
	tag    [macSize]byte
	users  int  // callbacks that read it now
	gone   bool // overwritten; the last of the users unmaps the pages
}

// newSlot makes pages and lets fill write the secret into them.
func (g *Guard) newSlot(name string, size int, fill func([]byte)) (*slot, error) {
	if size < 1 || size > MaxSecret {
		return nil, fmt.Errorf("keyguard: a secret of %d bytes, want 1 to %d", size, MaxSecret)
	}
	p, err := newPages(size + canarySize)
	if err != nil {
		return nil, fmt.Errorf("keyguard: %w", err)
	}
	room := len(p.inner) - size
	for at := 0; at < room; at += canarySize {
		copy(p.inner[at:room], g.canary[:])
	}
	s := &slot{name: name, pages: p, secret: p.inner[room:len(p.inner):len(p.inner)]}
	fill(s.secret)
	key := g.key
	if key == nil { // this is the key's own slot
		key = s
	}
	err = g.withKey(key, func(mac hash.Hash) { s.sum(mac, s.tag[:0]) })
	if err == nil {
		err = p.protect(none)
	}
	if err != nil {
		s.destroy()
		return nil, fmt.Errorf("keyguard: %w", err)
	}
	return s, nil
}

// withKey calls f with the HMAC by the key in a slot.
func (g *Guard) withKey(key *slot, f func(hash.Hash)) error {
	if err := key.pages.protect(read); err != nil {
		return err
	}
	mac := hmac.New(func() hash.Hash { return sha3.New256() }, key.secret)
	f(mac)
	mac.Reset() // what is left of secrets in its state
	return key.pages.protect(none)
}

// sum appends the HMAC of name, size and pages, which are readable, to b.
func (s *slot) sum(mac hash.Hash, b []byte) []byte {
	mac.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(s.name))))
	mac.Write([]byte(s.name))
	mac.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(s.secret))))
	mac.Write(s.pages.inner)
	return mac.Sum(b)
}

// verify returns what is wrong with a slot. The lock is held.
func (g *Guard) verify(s *slot) error {
	if err := s.pages.protect(read); err != nil {
		return err
	}
	err := g.compare(s)
	if s.users == 0 {
		if e := s.pages.protect(none); err == nil {
			err = e
		}
	}
	return err
}

// compare checks canary and HMAC of pages that are readable.
func (g *Guard) compare(s *slot) error {
	what := fmt.Sprintf("secret %q", s.name)
	if s == g.key {
		what = "the key of the HMAC"
	}
	room := len(s.pages.inner) - len(s.secret)
	for at := 0; at < room; at += canarySize {
		if n := min(canarySize, room-at); !bytes.Equal(s.pages.inner[at:at+n], g.canary[:n]) {
			return fmt.Errorf("%s: the canary before it was overwritten, at byte %d of %d", what, at, room)
		}
	}
	var tag [macSize]byte
	if err := g.withKey(g.key, func(mac hash.Hash) { s.sum(mac, tag[:0]) }); err != nil {
		return err
	}
	if !hmac.Equal(tag[:], s.tag[:]) {
		return fmt.Errorf("%s: its HMAC is wrong", what)
	}
	return nil
}

// destroy overwrites the secret, and unmaps its pages if nobody reads them.
func (s *slot) destroy() {
	if !s.gone {
		s.gone = true
		s.pages.wipe()
	}
	if s.users == 0 {
		s.pages.unmap()
	}
}
