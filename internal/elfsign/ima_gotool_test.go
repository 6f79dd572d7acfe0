package elfsign

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestIMA: evmctl verifies what we sign, not with another byte, and makes the same bytes of an RSA key.
func TestIMA(t *testing.T) {
	evmctl, err := exec.LookPath("evmctl")
	if err != nil {
		t.Skip("NOT TESTED: there is no evmctl on PATH: apt-get install ima-evm-utils")
	}
	for key, newkey := range map[string][]string{"rsa": {"-newkey", "rsa:2048"}, "p256": {"-newkey", "ec", "-pkeyopt",
		"ec_paramgen_curve:P-256"}} {
		dir := t.TempDir()
		in := func(name string) string { return filepath.Join(dir, name) }
		mustOpenSSL(t, dir, append([]string{"req", "-x509", "-nodes", "-keyout", "key", "-out", "cert.pem", "-subj", "/CN=ima", "-days",
			"30"}, newkey...)...)
		mustOpenSSL(t, dir, "x509", "-in", "cert.pem", "-outform", "DER", "-out", "cert.der")
		data, err := os.ReadFile(in("cert.pem"))
		if err != nil {
			t.Fatal(err)
		}
		cert, err := ParseCertificate("cert.pem", data)
		if err != nil {
			t.Fatal(err)
		}
		k, err := ReadKey(in("key"), false)
		if err != nil {
			t.Fatal(err)
		}
		content := small()["EM_X86_64"]
		writeFile(t, in("program"), content)
		signature, err := k.IMA(content, cert, cert.NotBefore)
		if err != nil {
			t.Fatal(err)
		}
		run := func(args ...string) ([]byte, error) {
			cmd := exec.Command(evmctl, args...)
			cmd.Dir = dir
			return cmd.CombinedOutput()
		}
		verify := func() ([]byte, error) { return run("ima_verify", "--sigfile", "--key", "cert.der", "program") }
		writeFile(t, in("program.sig"), signature)
		if out, err := verify(); err != nil {
			t.Errorf("%s: evmctl: %v\n%s", key, err, out)
		}
		changed := bytes.Clone(content)
		changed[len(changed)/2] ^= 1
		writeFile(t, in("program"), changed)
		if out, err := verify(); err == nil {
			t.Errorf("%s: evmctl verifies a changed program\n%s", key, out)
		}
		writeFile(t, in("program"), content)
		if key != "rsa" {
			continue // its signatures have randomness
		}
		if out, err := run("ima_sign", "--sigfile", "--hashalgo", "sha256", "--key", "key", "program"); err != nil {
			t.Fatalf("evmctl: %v\n%s", err, out)
		}
		if made, err := os.ReadFile(in("program.sig")); err != nil || !bytes.Equal(made, signature) {
			t.Errorf("evmctl made %x, we %x (%v)", made, signature, err)
		}
	}
}
