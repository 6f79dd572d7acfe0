package elfsign

import (
	"bytes"
	"crypto"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// PKCS11 begins the name of a key in a token (RFC 7512).
const PKCS11 = "pkcs11:"

// pkcs11Command signs by a key in a token, unless another command is named.
const pkcs11Command = `exec openssl pkeyutl -engine pkcs11 -keyform engine -inkey "$ELFSIGN_KEY" -sign -in "$ELFSIGN_INPUT"`

// pkcs11Options are further options of the command, by algorithm.
var pkcs11Options = map[string]string{algEd25519: " -rawin", AlgorithmRSA: " -pkeyopt digest:sha256"}

// CommandKey is a key that a command of the shell signs by. The command gets in its environment ELFSIGN_ALGORITHM (ed25519,
// rsa-pkcs1v15-sha256 or ecdsa-sha256), ELFSIGN_INPUT, a file with what to sign (the statement for Ed25519, else the 32 bytes of a
// SHA-256), which is its standard input, too, and ELFSIGN_KEY, the PKCS#11 URI if there is one. It writes the signature to standard
// output: 64 bytes for Ed25519, DER for ECDSA. Without a command, OpenSSL's engine pkcs11 uses the URI. A URI with a PIN in it is
// refused: other users see command lines.
func CommandKey(command, uri string, public crypto.PublicKey) (*Key, error) {
	if strings.Contains(strings.ToLower(uri), "pin-value") {
		return nil, errors.New("the PKCS#11 URI has pin-value, which other users can see: use pin-source=file:…, or let the command ask")
	}
	sign := func(algorithm string, input []byte) (signature []byte, err error) {
		line, remedy := command, ""
		if line == "" {
			line = pkcs11Command + pkcs11Options[algorithm]
			remedy = ". It needs OpenSSL's engine pkcs11 (Debian: libengine-pkcs11-openssl); or sign by a --command of your own"
		}
		f, err := os.CreateTemp("", "elfsign")
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
		if _, err = f.Write(input); err == nil {
			err = f.Close()
		}
		if err != nil {
			return nil, err
		}
		cmd := exec.Command("/bin/sh", "-c", line)
		cmd.Env = append(os.Environ(), "ELFSIGN_ALGORITHM="+algorithm, "ELFSIGN_INPUT="+f.Name(), "ELFSIGN_KEY="+uri)
		cmd.Stdin = bytes.NewReader(input)
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("command %q: %w%s", line, err, remedy)
		}
		return out, nil
	}
	return &Key{public, sign}, nil
}
