package main

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go3s/rules_go3s/internal/boot/pe"
	"github.com/go3s/rules_go3s/internal/boot/petest"
	"github.com/go3s/rules_go3s/internal/cli"
)

// A bench is a directory with inputs.
type bench struct {
	t   *testing.T
	dir string
	key *rsa.PrivateKey
}

func newBench(t *testing.T) *bench {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t, t.TempDir(), key}
	b.write("stub", petest.Stub(pe.AMD64))
	b.write("arm64.stub", petest.Stub(pe.ARM64))
	b.write("kernel", petest.Program(pe.AMD64, petest.Section{Name: ".text", Content: []byte("Linux")}))
	b.write("os-release", []byte("ID=test\n"))
	b.write("init", []byte("program"))
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	b.write("key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}))
	now := time.Now()
	b.certificate("cert.pem", now.Add(-time.Hour), now.Add(time.Hour))
	b.certificate("expired.pem", now.Add(-2*time.Hour), now.Add(-time.Hour))
	return b
}

func (b *bench) path(name string) string { return filepath.Join(b.dir, name) }

func (b *bench) write(name string, data []byte) {
	b.t.Helper()
	if err := os.WriteFile(b.path(name), data, 0o600); err != nil {
		b.t.Fatal(err)
	}
}

// certificate writes a certificate of the key.
func (b *bench) certificate(name string, from, to time.Time) {
	b.t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: from, NotAfter: to}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &b.key.PublicKey, b.key)
	if err != nil {
		b.t.Fatal(err)
	}
	b.write(name, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// run runs a command of words, of which "%NAME" stands for a file.
func (b *bench) run(command string) (code int, stdout, stderr string) {
	b.t.Helper()
	var args []string
	for _, word := range strings.Fields(command) {
		args = append(args, strings.ReplaceAll(word, "%", b.dir+"/"))
	}
	var out, err strings.Builder
	code = program.Run(args, &out, &err)
	return code, out.String(), err.String()
}

const build = "build --stub %stub --kernel %kernel --initramfs %cpio --cmdline quiet --os-release %os-release -o %image"

// must runs a command that has to work.
func (b *bench) must(command string) string {
	b.t.Helper()
	code, stdout, stderr := b.run(command)
	if code != cli.ExitOK {
		b.t.Fatalf("%s: %d, %s", command, code, stderr)
	}
	return stdout
}

func TestCommands(t *testing.T) {
	b := newBench(t)
	b.must("initramfs --program /init=%init --file /etc/os-release=%os-release -o %cpio")
	b.must(build)
	b.must("sign --key %key.pem --cert %cert.pem -o %signed %image")
	if out := b.must("verify --trust %cert.pem %signed"); !strings.Contains(out, "good signature by CN=cert.pem") {
		t.Errorf("verify: %s", out)
	}
	var s shown
	if err := json.Unmarshal([]byte(b.must("show --json %signed")), &s); err != nil {
		t.Fatal(err)
	}
	if s.Goarch != "amd64" || s.CommandLine != "quiet" || s.Signatures != 1 || len(s.Files) != 2 || s.Files[1].Path != "/init" ||
		s.Files[1].Size != 7 {
		t.Errorf("show: %+v", s)
	}

	b.must("extract --path /init -o %extracted %signed")
	if data, err := os.ReadFile(b.path("extracted")); err != nil || string(data) != "program" {
		t.Errorf("extract: %q, %v", data, err)
	}

	// The same signature in two steps.
	b.must("digest -o %digest %image")
	data, err := os.ReadFile(b.path("digest"))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(data)
	raw, err := rsa.SignPKCS1v15(nil, b.key, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	b.write("raw", raw)
	b.must("attach --cert %cert.pem --signature %raw -o %attached %image")
	one, _ := os.ReadFile(b.path("signed"))
	two, err := os.ReadFile(b.path("attached"))
	if err != nil || string(one) != string(two) {
		t.Errorf("in two steps it has other bytes, %v", err)
	}
	// A build that attaches a signature does not depend on the date, nor does firmware.
	b.must("attach --cert %expired.pem --signature %raw -o %attached %image")
	b.must("verify --trust %expired.pem %attached")
}

func TestRefused(t *testing.T) {
	b := newBench(t)
	b.must("initramfs --program /init=%init -o %cpio")
	b.must(build)
	b.write("open.pem", []byte("x"))
	if err := os.Chmod(b.path("open.pem"), 0o644); err != nil {
		t.Fatal(err)
	}
	b.write("raw", make([]byte, 256))
	for _, tt := range []struct {
		command string
		code    int
		want    string
	}{
		{"", cli.ExitUsage, "no command"},
		{"boot", cli.ExitUsage, `no command "boot"`},
		{"sign %image %image", cli.ExitUsage, "2 files, want 1"},
		{"initramfs --program /init -o %out", cli.ExitUsage, "want PATH=FILE"},
		{"initramfs --program /init=%init", cli.ExitUsage, "no -o"},
		{"initramfs --program /init=%missing -o %out", cli.ExitFailed, "no such file"},
		{"initramfs --program /bin/x=%init -o %out", cli.ExitFailed, "no executable file /init"},
		{"build --stub %stub -o %out", cli.ExitUsage, "no --kernel"},
		{strings.Replace(build, "%stub", "%kernel", 1) + "x", cli.ExitFailed, "no section .sdmagic"},
		{strings.Replace(build, "%kernel", "%init", 1) + "x", cli.ExitFailed, "it is no UEFI program (PE)"},
		{strings.Replace(build, "%stub", "%arm64.stub", 1) + "x", cli.ExitFailed, "it is for amd64, and the stub for arm64"},
		{strings.Replace(build, "%stub", "%image", 1) + "x", cli.ExitFailed, "image: section \".osrel\" is there already"},
		{strings.Replace(build, "%cpio", "%init", 1) + "x", cli.ExitFailed, "init: it begins with 70 72 6f 67 72 61 6d, so it is no cpio archive"},
		{strings.Replace(build, "quiet", "\x00", 1) + "x", cli.ExitFailed, `uki: command line: "\x00" of 1 bytes: want one line`},
		{build + "x --goarch riscv64", cli.ExitFailed, "it is for amd64, want riscv64"},
		{"sign --key %key.pem -o %out %image", cli.ExitUsage, "no --cert"},
		{"sign --cert %cert.pem -o %out %image", cli.ExitUsage, "no --key and no --command"},
		{"sign --key %key.pem --cert %expired.pem -o %out %image", cli.ExitFailed, "make a new one of the key"},
		{"sign --key %open.pem --cert %cert.pem -o %out %image", cli.ExitFailed, "chmod 600"},
		{"sign --key %key.pem --cert %cert.pem -o %out %init", cli.ExitFailed, `does not begin with "MZ"`},
		{"attach --cert %cert.pem --signature %raw -o %out %image", cli.ExitFailed, "the 256 bytes are not a signature of this image"},
		{"verify %image", cli.ExitUsage, "no --trust"},
		{"verify --trust %cert.pem %image", cli.ExitFailed, "it is not signed"},
		{"show %stub", cli.ExitFailed, "no section .osrel"},
		{"extract -o %out %image", cli.ExitUsage, "no --path"},
		{"extract --path /bin/x -o %out %image", cli.ExitFailed, "no file /bin/x among the 1"},
	} {
		code, stdout, stderr := b.run(tt.command)
		if code != tt.code || stdout != "" || !strings.Contains(stderr, tt.want) {
			t.Errorf("%s: %d, %q, %q, want %d and %q", tt.command, code, stdout, stderr, tt.code, tt.want)
		}
		for _, name := range []string{"out", "imagex"} {
			if _, err := os.Lstat(b.path(name)); err == nil {
				t.Errorf("%s: it has left %s", tt.command, name)
			}
		}
	}
}
