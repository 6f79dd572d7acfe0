package arch

import (
	"errors"
	"fmt"
)

// A Pairing finds for relocations of class Low those that they complete, which come before them in the same section. Its zero value is for
// the start of a section.
type Pairing struct {
	place, target uint64
	class         Class
	ok            bool // a Low relocation may follow
}

// TLS reports whether a Low relocation that comes now completes one of class TLSHigh.
func (p *Pairing) TLS() bool { return p.ok && p.class == TLSHigh }

// Next returns how to apply the relocation of kind k: what to call, and with which place and target. target is S+A, for the classes TLS and
// TLSHigh the offset from the thread pointer. The error says why a Low relocation completes nothing.
func (p *Pairing) Next(k *Reloc, place, target uint64) (apply func(b []byte, p, t uint64) error, at, to uint64, err error) {
	switch k.Class {
	case Relative, TLS, TLSHigh:
		*p = Pairing{place, target, k.Class, k.Class != TLS}
	case Low:
		if !p.ok || target != p.place {
			return nil, 0, 0, fmt.Errorf("the relocation that it completes, at %#x, is not the one before it", target)
		}
		apply = k.Apply
		if p.TLS() {
			apply = k.ApplyTLS
		}
		if apply == nil {
			return nil, 0, 0, errors.New("cannot complete a TLS relocation")
		}
		return apply, p.place, p.target, nil
	}
	return k.Apply, place, target, nil
}

// Completed returns the relocation whose place and symbol relocs[i] is about: itself, or the one before that it completes.
func Completed(relocs []StubReloc, i int) StubReloc {
	for i > 0 && relocs[i].Symbol == "" {
		i--
	}
	return relocs[i]
}
