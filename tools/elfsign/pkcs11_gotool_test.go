package main

import (
	"bytes"
	"os"
	"os/exec"
	"testing"

	"github.com/go3s/rules_go3s/internal/cli"
)

// TestPKCS11 signs by a key in a token of SoftHSM. Its module is the usual one or that of PKCS11_MODULE_PATH.
func TestPKCS11(t *testing.T) {
	e := prepare(t)
	util, err := exec.LookPath("softhsm2-util")
	if err != nil {
		t.Skip("NOT TESTED: there is no softhsm2-util on PATH: apt-get install softhsm2 libengine-pkcs11-openssl")
	}
	if out, err := exec.Command("openssl", "engine", "pkcs11").CombinedOutput(); err != nil {
		t.Skipf("NOT TESTED: openssl has no engine pkcs11: apt-get install libengine-pkcs11-openssl: %v\n%s", err, out)
	}
	module := os.Getenv("PKCS11_MODULE_PATH")
	if module == "" {
		module = "/usr/lib/softhsm/libsofthsm2.so"
	}
	t.Setenv("PKCS11_MODULE_PATH", module)
	t.Setenv("SOFTHSM2_CONF", e.in("softhsm2.conf"))
	e.write("softhsm2.conf", []byte("directories.tokendir = "+e.dir+"\nobjectstore.backend = file\n"), 0o600)
	e.write("pin", []byte("1234"), 0o600)
	for _, args := range [][]string{
		{"--init-token", "--free", "--label", "test", "--pin", "1234", "--so-pin", "1234"},
		{"--import", e.in("rsa"), "--token", "test", "--pin", "1234", "--label", "key", "--id", "01"},
	} {
		if out, err := exec.Command(util, append([]string{"--module", module}, args...)...).CombinedOutput(); err != nil {
			t.Fatalf("softhsm2-util %q: %v\n%s", args, err, out)
		}
	}
	sign := func(code int, want, object, out string) {
		t.Helper()
		uri := "pkcs11:token=test;object=" + object + ";type=private?pin-source=file:DIR/pin"
		e.run(code, want, "sign --key "+uri+" --cert DIR/cert -o DIR/"+out+" DIR/program")
	}
	sign(cli.ExitOK, "", "key", "signed")
	e.run(cli.ExitOK, "good signature, trusted", "verify --trust DIR/cert DIR/signed")
	e.run(cli.ExitOK, "", "sign --key DIR/rsa --cert DIR/cert -o DIR/by-file DIR/program")
	if !bytes.Equal(e.read("signed"), e.read("by-file")) {
		t.Error("the token's signature differs from that of the key in a file")
	}
	// Some versions of the engine crash here.
	sign(cli.ExitFailed, `command "exec openssl pkeyutl`, "none", "none")
}
