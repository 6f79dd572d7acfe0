// Package bench compares keyguard with memguard: how long it takes to make, use and destroy a secret of 32 bytes. Memguard's Enclave is
// encrypted while nobody uses it; its LockedBuffer lies open in locked memory.
//
//	cd bench/keyguard/testdata && go test -bench . -count 5
package bench

import (
	"bytes"
	"testing"

	"github.com/awnumar/memguard"
	"github.com/go3s/rules_go3s/keyguard"
)

const size = 32

func sessions(b *testing.B) (officer, user *keyguard.Session) {
	b.Helper()
	password := func() []byte { return []byte("a password") }
	g, err := keyguard.New(keyguard.Config{Iterations: 1000, Interval: -1}, password())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { g.Close() })
	if officer, err = g.Login(keyguard.CryptoOfficer, password()); err == nil {
		err = officer.SetPassword(keyguard.User, password())
	}
	if err == nil {
		user, err = g.Login(keyguard.User, password())
	}
	if err != nil {
		b.Fatal(err)
	}
	return officer, user
}

var sum byte

func BenchmarkUseKeyguard(b *testing.B) {
	officer, user := sessions(b)
	if err := officer.Generate("key", size); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := user.Use("key", func(secret []byte) error {
			sum += secret[0]
			return nil
		}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkUseMemguardEnclave(b *testing.B) {
	e := memguard.NewEnclaveRandom(size)
	for b.Loop() {
		l, err := e.Open()
		if err != nil {
			b.Fatal(err)
		}
		sum += l.Bytes()[0]
		l.Destroy()
	}
}

func BenchmarkUseMemguardLockedBuffer(b *testing.B) {
	l := memguard.NewBufferRandom(size)
	defer l.Destroy()
	for b.Loop() {
		sum += l.Bytes()[0]
	}
}

func BenchmarkMakeKeyguard(b *testing.B) {
	officer, _ := sessions(b)
	secret := make([]byte, size)
	for b.Loop() {
		if err := officer.Import("key", secret); err != nil {
			b.Fatal(err)
		}
		if err := officer.Destroy("key"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMakeMemguardEnclave(b *testing.B) {
	for b.Loop() {
		memguard.NewEnclave(bytes.Repeat([]byte{1}, size))
	}
}

func BenchmarkMakeMemguardLockedBuffer(b *testing.B) {
	secret := make([]byte, size)
	for b.Loop() {
		memguard.NewBufferFromBytes(secret).Destroy()
	}
}

// BenchmarkCheck is what the timer costs for one secret besides the three of a Guard itself.
func BenchmarkCheck(b *testing.B) {
	g, err := keyguard.New(keyguard.Config{Iterations: 1000, Interval: -1}, []byte("a password"))
	if err != nil {
		b.Fatal(err)
	}
	defer g.Close()
	for b.Loop() {
		if err := g.Check(); err != nil {
			b.Fatal(err)
		}
	}
}
