// Package guarded imports package keyguard from the module, on each platform.
package guarded

import (
	"testing"

	"github.com/go3s/rules_go3s/keyguard"
)

func TestUse(t *testing.T) {
	g, err := keyguard.New(keyguard.Config{Iterations: 1000}, []byte("officer's password"))
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	officer, err := g.Login(keyguard.CryptoOfficer, []byte("officer's password"))
	if err != nil {
		t.Fatal(err)
	}
	if err := officer.SetPassword(keyguard.User, []byte("user's password")); err != nil {
		t.Fatal(err)
	}
	if err := officer.Import("key", []byte("secret")); err != nil {
		t.Fatal(err)
	}
	user, err := g.Login(keyguard.User, []byte("user's password"))
	if err != nil {
		t.Fatal(err)
	}
	if err := user.Use("key", func(secret []byte) error {
		if string(secret) != "secret" {
			t.Errorf("it is %q", secret)
		}
		return g.Check()
	}); err != nil {
		t.Error(err)
	}
}
