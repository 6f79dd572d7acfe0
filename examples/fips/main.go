// Command fips encrypts a line by AES-256-GCM with a key that ECDH agreed on, and says which FIPS 140-3 module did it.
package main

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/fips140"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"os"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "fips:", err)
		os.Exit(1)
	}
}

func run() error {
	secret, err := agree()
	if err != nil {
		return err
	}
	key, err := hkdf.Key(sha256.New, secret, nil, "example", 32)
	if err != nil {
		return err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return err
	}
	text, err := aead.Open(nil, nil, aead.Seal(nil, nil, []byte("sealed and opened"), nil), nil)
	if err != nil {
		return err
	}
	fmt.Printf("%s by module %s, enabled %t\n", text, fips140.Version(), fips140.Enabled())
	return nil
}

// agree returns a secret of two parties, both of them here.
func agree() ([]byte, error) {
	alice, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	bob, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	return alice.ECDH(bob.PublicKey())
}
