package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"debug/elf"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go3s/rules_go3s/internal/cli"
	"github.com/go3s/rules_go3s/internal/elf/elftest"
)

// A bench runs the command with files in a folder of the test, which command lines call DIR.
type bench struct {
	*testing.T
	dir string
}

func (e bench) in(name string) string { return filepath.Join(e.dir, name) }

func (e bench) read(name string) []byte {
	e.Helper()
	data, err := os.ReadFile(e.in(name))
	if err != nil {
		e.Fatal(err)
	}
	return data
}

func (e bench) write(name string, data []byte, mode os.FileMode) {
	e.Helper()
	if err := os.WriteFile(e.in(name), data, mode); err != nil {
		e.Fatal(err)
	}
}

// run runs the command line and demands an exit code and words in what it prints.
func (e bench) run(code int, want, line string) string {
	e.Helper()
	var out, errs bytes.Buffer
	if got := program.Run(strings.Fields(strings.ReplaceAll(line, "DIR/", e.dir+"/")), &out,
		&errs); got != code || !strings.Contains(out.String()+errs.String(), want) {
		e.Errorf("elfsign %s: exit code %d, printed\n%s%s\nwant %d and %q", line, got, out.String(), errs.String(), code, want)
	}
	return out.String()
}

// prepare makes a program, an Ed25519 key, and an RSA key with certificate.
func prepare(t *testing.T) bench {
	e := bench{t, t.TempDir()}
	e.write("program", elftest.Executable(elf.EM_X86_64).Build().Data, 0o755)
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block := func(name, kind string, der []byte, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		e.write(name, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	block("key", "PRIVATE KEY", der, err)
	der, err = x509.MarshalPKIXPublicKey(public)
	block("public", "PUBLIC KEY", der, err)
	other, _, _ := ed25519.GenerateKey(rand.Reader)
	der, err = x509.MarshalPKIXPublicKey(other)
	block("other", "PUBLIC KEY", der, err)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err = x509.MarshalPKCS8PrivateKey(rsaKey)
	block("rsa", "PRIVATE KEY", der, err)
	for name, until := range map[string]time.Time{"cert": time.Now().Add(time.Hour), "expired": time.Now().Add(-time.Hour)} {
		template := &x509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "release"},
			NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: until}
		der, err = x509.CreateCertificate(rand.Reader, template, template, rsaKey.Public(), rsaKey)
		block(name, "CERTIFICATE", der, err)
	}
	return e
}

func TestSign(t *testing.T) {
	e := prepare(t)
	e.run(cli.ExitOK, "", "sign --key DIR/key -o DIR/signed DIR/program")
	e.run(cli.ExitOK, "good signature, trusted", "verify --trust DIR/public DIR/signed")
	e.run(cli.ExitFailed, "none of its 1 signatures is by a key that is trusted", "verify --trust DIR/other DIR/signed")
	e.run(cli.ExitFailed, "is not signed", "verify --trust DIR/public DIR/program")
	if info, err := os.Stat(e.in("signed")); err != nil || info.Mode() != 0o755 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	first := e.read("signed")
	e.run(cli.ExitOK, "", "sign --key DIR/key DIR/signed")
	if !bytes.Equal(e.read("signed"), first) {
		t.Error("signed twice by one key, the file differs")
	}
	e.run(cli.ExitOK, "", "sign --key DIR/key --trust DIR/other --trust DIR/public -o DIR/trusted DIR/program")
	if !bytes.Equal(e.read("trusted"), first) {
		t.Error("signed by a trusted key, the file differs")
	}
	e.run(cli.ExitOK, "", "sign --key DIR/rsa --cert DIR/cert DIR/signed")
	e.run(cli.ExitOK, "cms: CN=release, serial 7: good signature, trusted", "verify --trust DIR/cert DIR/signed")
	e.run(cli.ExitOK, "not among the trusted ones", "verify --trust DIR/cert DIR/signed")
	e.run(cli.ExitFailed, "is valid from", "verify --trust DIR/cert --time 2020-01-01T00:00:00Z DIR/signed")
	var s shown
	if err := json.Unmarshal([]byte(e.run(cli.ExitOK, "", "show --json DIR/signed")),
		&s); err != nil || len(s.Signatures) != 2 || s.Signatures[1].Kind != "cms" || s.Signatures[0].Problem != "" {
		t.Errorf("%v: %+v", err, s)
	}
	e.run(cli.ExitOK, "2 signatures", "show DIR/signed")
	e.run(cli.ExitOK, "", "strip-signature DIR/signed")
	if !bytes.Equal(e.read("signed"), e.read("program")) {
		t.Error("without its signatures the file differs from the program")
	}
}

func TestDetached(t *testing.T) {
	e := prepare(t)
	for _, test := range [][2]string{{"--key DIR/key", "public"}, {"--key DIR/rsa --cert DIR/cert", "cert"}} {
		e.run(cli.ExitOK, "", "sign "+test[0]+" --detached -o DIR/signature DIR/program")
		e.run(cli.ExitOK, "good signature, trusted", "verify --trust DIR/"+test[1]+" --signature DIR/signature DIR/program")
		changed := e.read("program")
		changed[len(changed)-1] ^= 1
		e.write("changed", changed, 0o755)
		e.run(cli.ExitFailed, "it is not a signature of this file", "verify --trust DIR/"+test[1]+" --signature DIR/signature DIR/changed")
	}
}

// The signature is made elsewhere, of what digest writes.
func TestTwoSteps(t *testing.T) {
	e := prepare(t)
	e.run(cli.ExitOK, "", "digest -o DIR/statement --content DIR/content DIR/program")
	if e.run(cli.ExitOK, "elfsign statement 1\nsha256 ", "digest DIR/program") != string(e.read("statement")) {
		t.Error("the statement is not what is printed")
	}
	// The signature alone, of the content, is one of the program.
	e.run(cli.ExitOK, "", "sign --key DIR/key --detached -o DIR/a DIR/content")
	e.run(cli.ExitOK, "", "sign --key DIR/rsa --cert DIR/cert --detached -o DIR/b DIR/content")
	e.run(cli.ExitOK, "", "attach --trust DIR/public --trust DIR/cert --signature DIR/a --signature DIR/b -o DIR/attached DIR/program")
	e.run(cli.ExitOK, "", "sign --key DIR/key -o DIR/signed DIR/program")
	e.run(cli.ExitOK, "", "sign --key DIR/rsa --cert DIR/cert DIR/signed")
	if !bytes.Equal(e.read("attached"), e.read("signed")) {
		t.Error("attached and signed differ")
	}
	if e.run(cli.ExitOK, "", "digest DIR/signed") != string(e.read("statement")) {
		t.Error("the digest of a signed program is not that of the program")
	}
	e.run(cli.ExitFailed, "by none of the 1 Ed25519 keys", "attach --trust DIR/other --signature DIR/a -o DIR/none DIR/program")
	e.run(cli.ExitFailed, "who is not trusted", "attach --trust DIR/other --signature DIR/b -o DIR/none DIR/program")
	e.write("longer", append(e.read("program"), 0), 0o755)
	e.run(cli.ExitFailed, "signature of another file", "attach --trust DIR/public --signature DIR/a -o DIR/none DIR/longer")
	e.run(cli.ExitFailed, "signature of another file", "attach --trust DIR/cert --signature DIR/b -o DIR/none DIR/longer")
	e.run(cli.ExitFailed, "want the 64 of an Ed25519 signature", "attach --trust DIR/cert --signature DIR/program -o DIR/none DIR/program")
	if _, err := os.Lstat(e.in("none")); err == nil {
		t.Error("a refused command left an output")
	}
}

// A command signs, with the input as a file and on standard input.
func TestCommand(t *testing.T) {
	e := prepare(t)
	e.run(cli.ExitOK, "", "sign --key DIR/key -o DIR/signed DIR/program")
	signature := e.read("signed")
	e.write("raw", signature[len(signature)-64:], 0o600)
	script := `#!/bin/sh -e
cmp -s - "$ELFSIGN_INPUT"
grep -q '^elfsign statement 1$' "$ELFSIGN_INPUT"
[ $ELFSIGN_ALGORITHM = ed25519 ] && [ "$ELFSIGN_KEY" = "$1" ]
cat ` + e.in("raw")
	e.write("script", []byte(script), 0o700)
	e.run(cli.ExitOK, "", "sign --command DIR/script --public-key DIR/public -o DIR/by-command DIR/program")
	if !bytes.Equal(e.read("by-command"), signature) {
		t.Error("signed by a command, the file differs")
	}
	e.run(cli.ExitFailed, "exit status 1", "sign --key pkcs11:object=k --command DIR/script --public-key DIR/public -o DIR/none DIR/program")
	e.run(cli.ExitFailed, "are not an Ed25519 signature by the key",
		"sign --command DIR/script --public-key DIR/other -o DIR/none DIR/program")
	e.run(cli.ExitFailed, "0 bytes that were made", "sign --command true --public-key DIR/public -o DIR/none DIR/program")
	e.run(cli.ExitFailed, "libengine-pkcs11-openssl", "sign --key pkcs11:object=elfsign-none --public-key DIR/public -o DIR/none DIR/program")
	e.run(cli.ExitFailed, "pin-source", "sign --key pkcs11:object=k?pin-value=1 --public-key DIR/public -o DIR/none DIR/program")
}

func TestRefusals(t *testing.T) {
	e := prepare(t)
	if err := os.Chmod(e.in("rsa"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		code       int
		want, line string
	}{
		{cli.ExitUsage, "no command", ""},
		{cli.ExitUsage, `no command "seal"`, "seal DIR/program"},
		{cli.ExitUsage, "0 files, want 1", "sign --key DIR/key"},
		{cli.ExitUsage, "no --key and no --command", "sign DIR/program"},
		{cli.ExitUsage, "leave one out", "sign --key DIR/key --command true DIR/program"},
		{cli.ExitUsage, "one of the two", "sign --command true DIR/program"},
		{cli.ExitUsage, "need -o", "sign --key DIR/key --detached DIR/program"},
		{cli.ExitUsage, "need -o", "sign --key DIR/key --ima DIR/program"},
		{cli.ExitUsage, "--ima needs --cert", "sign --key DIR/key --ima -o DIR/none DIR/program"},
		{cli.ExitUsage, "leave one out", "sign --key DIR/key --ima --detached -o DIR/none DIR/program"},
		{cli.ExitUsage, "--ima and --trust", "sign --key DIR/key --ima --cert DIR/cert --trust DIR/cert -o DIR/none DIR/program"},
		{cli.ExitFailed, "who is not trusted", "sign --key DIR/key --trust DIR/other -o DIR/none DIR/program"},
		{cli.ExitFailed, "who is not trusted", "sign --key DIR/key --trust DIR/other --detached -o DIR/none DIR/program"},
		{cli.ExitFailed, "who is not trusted", "sign --test-key --key DIR/rsa --cert DIR/cert --trust DIR/public DIR/program"},
		{cli.ExitFailed, "is not that of the key", "sign --key DIR/key --ima --cert DIR/cert -o DIR/none DIR/program"},
		{cli.ExitUsage, "no --trust", "verify DIR/program"},
		{cli.ExitUsage, "no --signature", "attach --trust DIR/public -o DIR/none DIR/program"},
		{cli.ExitUsage, "flag provided but not defined", "verify --nonsense DIR/program"},
		{cli.ExitUsage, "--time", "verify --trust DIR/public --time yesterday DIR/program"},
		{cli.ExitFailed, "chmod 600", "sign --key DIR/rsa --cert DIR/cert DIR/program"},
		{cli.ExitFailed, "is valid from", "sign --test-key --key DIR/rsa --cert DIR/expired DIR/program"},
		{cli.ExitFailed, "needs the certificate", "sign --test-key --key DIR/rsa DIR/program"},
		{cli.ExitFailed, "is not that of the key", "sign --key DIR/key --cert DIR/cert DIR/program"},
		{cli.ExitFailed, "want one PRIVATE KEY", "sign --key DIR/public DIR/program"},
		{cli.ExitFailed, "not an ELF file", "sign --key DIR/key DIR/public"},
		{cli.ExitFailed, "no such file", "sign --key DIR/none -o DIR/none DIR/program"},
		{cli.ExitFailed, "is not PEM", "verify --trust DIR/program DIR/program"},
	} {
		e.run(test.code, test.want, test.line)
	}
	if !bytes.Equal(e.read("program"), elftest.Executable(elf.EM_X86_64).Build().Data) {
		t.Error("a refused command changed the program")
	}
	if _, err := os.Lstat(e.in("none")); err == nil {
		t.Error("a refused command left an output")
	}
	for _, c := range program.Commands {
		e.run(cli.ExitOK, "usage: elfsign "+c.Name, c.Name+" -h")
		e.run(cli.ExitOK, "elfsign "+c.Name+" "+c.Usage, "--help")
	}
}

// Every malformed file is refused, and nothing is written.
func TestMalformed(t *testing.T) {
	e := prepare(t)
	for _, c := range elftest.Malformed() {
		if c.Deep {
			continue
		}
		e.write("malformed", c.Data, 0o755)
		for _, line := range []string{"sign --key DIR/key -o DIR/out DIR/malformed", "show DIR/malformed",
			"digest -o DIR/out DIR/malformed", "strip-signature -o DIR/out DIR/malformed"} {
			e.run(cli.ExitFailed, c.Want, line)
		}
	}
	if _, err := os.Lstat(e.in("out")); err == nil {
		t.Error("there is an output")
	}
}
