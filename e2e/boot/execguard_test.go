//go:build boottest

package boot

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"debug/elf"
	"encoding/binary"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go3s/rules_go3s/internal/boot/initramfs"
	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/elf/elftest"
	"github.com/go3s/rules_go3s/internal/elfsign"
)

// TestExecguard boots a machine whose process 1, execguest, tries what execguard has to allow and to refuse.
func TestExecguard(t *testing.T) {
	for _, goarch := range []string{"amd64", "arm64", "riscv64"} {
		t.Run(goarch, func(t *testing.T) {
			output := direct(t, goarch, "", append(guestFiles(t, goarch), program(t, goarch, "/init", "./e2e/boot/execguest"),
				program(t, goarch, "/sbin/execguard", "./tools/execguard"))...)
			passed := 0
			for line := range strings.Lines(output) {
				if strings.HasPrefix(line, "ok ") {
					passed++
				}
			}
			if strings.Contains(output, "FAIL ") || !strings.Contains(output, "\nend\n") || passed < 30 {
				t.Errorf("%d cases passed, want 30 or more, no FAIL, and the end", passed)
			}
		})
	}
}

var machines = map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64, "riscv64": elf.EM_RISCV}

// exits returns a program that exits with a status.
func exits(t *testing.T, goarch string, status byte, interpreter string) []byte {
	t.Helper()
	spec := elftest.Executable(machines[goarch])
	code := &spec.Sections[1].Data
	switch goarch {
	case "amd64":
		*code = []byte{0xb8, 0x3c, 0, 0, 0, 0xbf, status, 0, 0, 0, 0x0f, 0x05} // mov $60, %eax; mov $status, %edi; syscall
	case "arm64":
		*code = append([]byte{}, *code...)
		binary.LittleEndian.PutUint32((*code)[4:], 0xd2800000|uint32(status)<<5) // mov x0, #status
	case "riscv64":
		*code = append([]byte{}, *code...)
		binary.LittleEndian.PutUint32((*code)[4:], 0x00000513|uint32(status)<<20) // li a0, status
	}
	if interpreter != "" {
		spec.Sections = append([]elftest.Section{{Name: ".interp", Type: elf.SHT_PROGBITS, Flags: elf.SHF_ALLOC, Data: append([]byte(interpreter), 0)}},
			spec.Sections...)
		spec.Progs = append([]elftest.Prog{{Type: elf.PT_INTERP, Flags: elf.PF_R, Section: ".interp"}}, spec.Progs...)
	}
	return spec.Build().Data
}

// A signer signs programs.
type signer struct {
	key   *elfsign.Key
	cert  *x509.Certificate
	trust []byte // PEM
}

// newSigner makes a key: Ed25519, or RSA with a certificate.
func newSigner(t *testing.T, cms bool) *signer {
	t.Helper()
	check := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	s := &signer{}
	var private any
	public, ed, err := ed25519.GenerateKey(rand.Reader)
	check(err)
	private = ed
	block := &pem.Block{Type: "PUBLIC KEY"}
	block.Bytes, err = x509.MarshalPKIXPublicKey(public)
	check(err)
	if cms {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		check(err)
		private = key
		template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "execguard test"},
			NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageDigitalSignature,
			SubjectKeyId: public[:20]} // by which the kernel finds the key
		der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
		check(err)
		s.cert, err = x509.ParseCertificate(der)
		check(err)
		block = &pem.Block{Type: "CERTIFICATE", Bytes: der}
	}
	s.trust = pem.EncodeToMemory(block)
	der, err := x509.MarshalPKCS8PrivateKey(private)
	check(err)
	file := filepath.Join(t.TempDir(), "key")
	check(os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600))
	s.key, err = elfsign.ReadKey(file, false)
	check(err)
	return s
}

// sign returns the program with a signature.
func (s *signer) sign(t *testing.T, data []byte) []byte {
	t.Helper()
	f, err := goelf.Parse("program", data)
	if err != nil {
		t.Fatal(err)
	}
	p, err := elfsign.Read(f)
	if err != nil {
		t.Fatal(err)
	}
	signature, err := s.key.Signature(p.Content, s.cert, time.Now())
	if err == nil {
		err = p.Add(signature)
	}
	if err != nil {
		t.Fatal(err)
	}
	return p.Bytes()
}

// guestFiles returns what execguest needs, but for programs of this repository.
func guestFiles(t *testing.T, goarch string) []initramfs.File {
	t.Helper()
	const good, bad = 42, 13
	trusted, authority, other := newSigner(t, false), newSigner(t, true), newSigner(t, false)
	plain := exits(t, goarch, good, "")
	signed := trusted.sign(t, plain)
	tampered := append([]byte{}, signed...)
	// Another exit status: the first byte of the code that differs from that of a program with that status.
	evil := exits(t, goarch, bad, "")
	for i := range evil {
		if evil[i] != plain[i] {
			tampered[i] = evil[i]
		}
	}
	var out []initramfs.File
	var list strings.Builder
	add := func(name string, data []byte) {
		out = append(out, initramfs.File{Path: "/t/" + name, Mode: 0o755, Data: data})
	}
	listed := func(name string, data []byte) {
		add(name, data)
		fmt.Fprintf(&list, "%x  %s\n", sha256.Sum256(data), name)
	}
	add("signed", signed)
	add("cms", authority.sign(t, plain))
	add("unsigned", evil)
	add("tampered", tampered)
	add("race-bad", tampered)
	add("other-key", other.sign(t, evil))
	add("extended", append(append([]byte{}, trusted.sign(t, evil)...), 0))
	add("stripped", plain)
	add("large", trusted.sign(t, append(append([]byte{}, evil...), make([]byte, 3<<20)...)))
	listed("listed", append(exits(t, goarch, good, ""), "listed"...))
	listed("listed-script", []byte("#!/t/signed\n"))
	listed("listed-script-unsigned-interpreter", []byte("#!/t/unsigned-interpreter\n"))
	add("script", []byte("#!/t/signed\n# not on the list\n"))
	add("unsigned-interpreter", append(append([]byte{}, evil...), "interpreter"...))
	add("unsigned-loader", trusted.sign(t, exits(t, goarch, bad, "/t/unsigned-interpreter")))
	add("signed-loader", trusted.sign(t, exits(t, goarch, bad, "/t/signed")))
	for i := range 64 {
		listed(fmt.Sprintf("listed-data%d", i), fmt.Appendf(nil, "no program, number %d\n", i))
		add(fmt.Sprintf("unsigned-data%d", i), fmt.Appendf(append([]byte{}, evil...), "%d", i))
	}
	config := "run\n--trust=/etc/execguard/ed25519.pem\n--trust=/etc/execguard/authority.pem\n--allow=/etc/execguard/allowed\n" +
		"--audit=/run/audit.jsonl\n--max-file=2000000\n"
	for name, data := range map[string][]byte{"execguard.conf": []byte(config), "execguard/ed25519.pem": trusted.trust,
		"execguard/authority.pem": authority.trust, "execguard/allowed": []byte(list.String())} {
		out = append(out, initramfs.File{Path: "/etc/" + name, Mode: 0o644, Data: data})
	}
	return out
}
