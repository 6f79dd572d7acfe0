// Circl uses packages of github.com/cloudflare/circl that have assembly.
package main

import (
	"fmt"

	"github.com/cloudflare/circl/dh/x25519"
	"github.com/cloudflare/circl/ecc/p384"
	"github.com/cloudflare/circl/kem/mlkem/mlkem768"
	"github.com/cloudflare/circl/sign/ed25519"
)

func main() {
	var public, secret x25519.Key
	x25519.KeyGen(&public, &secret)
	_, _, err := mlkem768.GenerateKeyPair(nil)
	_, key, err2 := ed25519.GenerateKey(nil)
	fmt.Println(public, p384.P384().Params().Name, err, err2, len(ed25519.Sign(key, nil)))
}
