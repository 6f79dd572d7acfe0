// Xcrypto uses the packages of golang.org/x/crypto that have assembly.
package main

import (
	"fmt"
	"os"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/blake2b"
	"golang.org/x/crypto/blake2s"
	"golang.org/x/crypto/chacha20poly1305"
	"golang.org/x/crypto/nacl/secretbox"
	"golang.org/x/crypto/scrypt"
	"golang.org/x/crypto/sha3"
	"golang.org/x/crypto/ssh"
)

func main() {
	key := argon2.IDKey([]byte(os.Args[0]), []byte("salt"), 1, 64, 1, 32)
	aead, err := chacha20poly1305.NewX(key)
	if err != nil {
		panic(err)
	}
	sealed := aead.Seal(nil, make([]byte, aead.NonceSize()), key, nil)
	sum2, sum3, sums := blake2b.Sum512(sealed), sha3.Sum256(sealed), blake2s.Sum256(sealed)
	more, err := scrypt.Key(sum2[:], sums[:], 2, 1, 1, 32)
	_, keyErr := ssh.ParsePrivateKey(more)
	box := secretbox.Seal(nil, more, &[24]byte{}, &sum3)
	fmt.Printf("%x %v %v\n", box, err, keyErr)
}
