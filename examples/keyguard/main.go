// Command keyguard authenticates its arguments by a key that is in guarded memory: it prints their HMAC-SHA-256. Its standard input has
// four lines: the password of the CryptoOfficer, that of the User, the one that the User logs in with, and the key in hexadecimal.
package main

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"strings"
	"syscall"

	"github.com/go3s/rules_go3s/keyguard"
)

func main() {
	iterations := flag.Int("iterations", 0, "`number` of iterations of PBKDF2; 0 means that of package keyguard")
	flag.Parse()
	if err := run(*iterations); err != nil {
		fmt.Fprintln(os.Stderr, err)
		keyguard.Exit(1)
	}
	keyguard.Exit(0)
}

func run(iterations int) error {
	input := bufio.NewScanner(os.Stdin)
	line := func() []byte {
		input.Scan()
		return bytes.Clone(input.Bytes())
	}
	// In a program of its own each role would log in where its password is known.
	officerPassword, userPassword, loginPassword := line(), line(), line()
	key, err := hex.DecodeString(string(line()))
	if err != nil {
		return err
	}

	config := keyguard.Config{Iterations: iterations, Signals: []os.Signal{os.Interrupt, syscall.SIGTERM}}
	guard, err := keyguard.New(config, bytes.Clone(officerPassword))
	if err != nil {
		return err
	}
	defer guard.Close()
	officer, err := guard.Login(keyguard.CryptoOfficer, officerPassword)
	if err != nil {
		return err
	}
	if err := officer.SetPassword(keyguard.User, userPassword); err != nil {
		return err
	}
	if err := officer.Import("mac", key); err != nil {
		return err
	}
	fmt.Println("memory:", guard.Memory())
	fmt.Println("officer:", officer.Use("mac", nil))
	officer.End()

	user, err := guard.Login(keyguard.User, loginPassword)
	if err != nil {
		return err
	}
	return user.Use("mac", func(key []byte) error {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(strings.Join(flag.Args(), " ")))
		fmt.Printf("hmac: %x\n", mac.Sum(nil))
		return nil
	})
}
