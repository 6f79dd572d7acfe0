package elfsign

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// openssl runs OpenSSL in a folder.
func openssl(t *testing.T, dir string, args ...string) ([]byte, error) {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("NOT TESTED: there is no openssl on PATH: apt-get install openssl")
	}
	cmd := exec.Command("openssl", args...)
	cmd.Dir = dir
	return cmd.CombinedOutput()
}

func mustOpenSSL(t *testing.T, dir string, args ...string) {
	t.Helper()
	if out, err := openssl(t, dir, args...); err != nil {
		t.Fatalf("openssl %q: %v\n%s", args, err, out)
	}
}

func writeFile(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// OpenSSL verifies what we sign, of the content, and not of another.
func TestOpenSSLVerifies(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	k := rsaPair(t, false)
	p := readProgram(t, small()["EM_X86_64"])
	s, err := k.key.Signature(p.Content, k.cert, now)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, in("content"), p.Content)
	writeFile(t, in("other"), p.Original)
	writeFile(t, in("signature"), s.Detached())
	writeFile(t, in("cert"), certPEM(k.cert))
	args := func(content string) []string {
		return []string{"cms", "-verify", "-binary", "-inform", "DER", "-in", "signature", "-content", content, "-CAfile", "cert",
			"-certfile", "cert",
			"-purpose", "any", "-partial_chain", "-attime", "1795910400", "-out", "out"} // 2026-11-29
	}
	mustOpenSSL(t, dir, args("content")...)
	if out, err := openssl(t, dir, args("other")...); err == nil {
		t.Errorf("another file verifies: %s", out)
	}

	e := ed25519Pair(t)
	if s, err = e.key.Signature(p.Content, nil, now); err != nil {
		t.Fatal(err)
	}
	writeFile(t, in("statement"), Statement(p.Content))
	writeFile(t, in("signature"), s.Detached())
	writeFile(t, in("public"), e.public)
	mustOpenSSL(t, dir, "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", "public", "-in", "statement", "-sigfile", "signature")
}

// We verify what OpenSSL signs: with and without signed attributes and certificate, by issuer and by key identifier, RSA and ECDSA.
func TestOpenSSLSigns(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	p := readProgram(t, small()["EM_RISCV"])
	writeFile(t, in("content"), p.Content)
	for key, newkey := range map[string][]string{
		"rsa": {"-newkey", "rsa:2048"}, "p256": {"-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"}, "p384": {"-newkey", "ec",
			"-pkeyopt", "ec_paramgen_curve:P-384"},
	} {
		mustOpenSSL(t, dir, append([]string{"req", "-x509", "-nodes", "-keyout", key, "-out", key + ".pem", "-subj", "/CN=" + key,
			"-days", "3650",
			"-addext", "basicConstraints=critical,CA:FALSE", "-addext", "subjectKeyIdentifier=hash"}, newkey...)...)
		data, err := os.ReadFile(in(key + ".pem"))
		if err != nil {
			t.Fatal(err)
		}
		trust := new(Trust)
		if err := trust.Add(key, data); err != nil {
			t.Fatal(err)
		}
		for name, flags := range map[string][]string{
			"sign-file": {"-noattr", "-nocerts"}, "default": nil, "key identifier": {"-keyid", "-noattr"}, "SHA-512": {"-md",
				"sha512"}, "PEM": {"-outform", "PEM"},
		} {
			t.Run(key+"/"+name, func(t *testing.T) {
				mustOpenSSL(t, dir, append([]string{"cms", "-sign", "-binary", "-outform", "DER", "-in", "content", "-inkey", key,
					"-signer", key + ".pem", "-nosmimecap", "-out", "made"}, flags...)...)
				made, err := os.ReadFile(in("made"))
				if err != nil {
					t.Fatal(err)
				}
				s, err := trust.ParseDetached("made", made, p.Content)
				if err != nil {
					t.Fatal(err)
				}
				q := *p
				q.Signatures = nil
				if err := q.Add(s); err != nil {
					t.Fatal(err)
				}
				signed := q.Bytes()
				if err := verify(signed, trust); err != nil {
					t.Fatal(err)
				}
				for i := range signed {
					changed := bytes.Clone(signed)
					changed[i] ^= 2
					mustFail(t, trust, changed, "flipped", i)
				}
			})
		}
	}
}
