package execguard

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"debug/elf"
	"encoding/pem"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/elf/elftest"
	"github.com/go3s/rules_go3s/internal/elfsign"
	"github.com/go3s/rules_go3s/internal/fuzztest"
)

// newKey returns a key and its public part in PEM.
func newKey(t testing.TB) (*elfsign.Key, []byte) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	key := &elfsign.Key{Public: public, Sign: func(_ string, input []byte) ([]byte, error) { return ed25519.Sign(private, input), nil }}
	return key, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// program returns a program that is signed by the keys.
func program(t testing.TB, keys ...*elfsign.Key) []byte {
	t.Helper()
	f, err := goelf.Parse("program", elftest.Executable(elf.EM_X86_64).Build().Data)
	if err != nil {
		t.Fatal(err)
	}
	p, err := elfsign.Read(f)
	if err != nil {
		t.Fatal(err)
	}
	if len(keys) == 0 {
		return p.Original
	}
	for _, key := range keys {
		s, err := key.Signature(p.Content, nil, time.Now())
		if err == nil {
			err = p.Add(s)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return p.Bytes()
}

// newFile returns an open file with the contents.
func newFile(t testing.TB, data []byte) *os.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, data, 0o777); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func newPolicy(t testing.TB, trust []byte) *Policy {
	t.Helper()
	p := &Policy{MaxFile: 1 << 20}
	if err := p.Trust.Add("trust", trust); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestJudge(t *testing.T) {
	key, public := newKey(t)
	other, _ := newKey(t)
	signed := program(t, key)
	script := []byte("#!/bin/sh\n")
	p := newPolicy(t, public)
	list := fmt.Sprintf("# comment\n\n%x  script\r\n%x *binary\n%x\n", sha256.Sum256(script), sha256.Sum256([]byte("x")), sha256.Sum256(nil))
	if err := p.AddAllowed("list", []byte(list)); err != nil {
		t.Fatal(err)
	}
	if len(p.Allowed) != 3 {
		t.Errorf("%d digests are allowed, want 3", len(p.Allowed))
	}
	for _, tt := range []struct {
		name   string
		data   []byte
		allow  bool
		reason string
	}{
		{"signed", signed, true, "it is signed"},
		{"signed by another, too", program(t, key, other), true, "it is signed"},
		{"on the list", script, true, "its digest is on the list"},
		{"empty, on the list", nil, true, "its digest is on the list"},
		{"unsigned", program(t), false, "is not signed"},
		{"other key", program(t, other), false, "none of its 1 signatures is by a key that is trusted"},
		{"cut", signed[:len(signed)-1], false, "offset"},
		{"extended", append(bytes.Clone(signed), 0), false, "section .elfsign"},
		{"other script", []byte("#!/bin/sh\n\n"), false, "it is a script, which has no signature"},
		{"text", []byte("#"), false, "it is no ELF file"},
		{"header alone", []byte("\x7fELF"), false, "offset"},
		{"large", append(bytes.Clone(signed), make([]byte, 1<<20)...), false, "more than the 1048576 of --max-file"},
	} {
		f := newFile(t, tt.data)
		v := p.Judge(f)
		if v.Allowed != tt.allow || !strings.Contains(v.Reason, tt.reason) || strings.Contains(v.Reason, f.Name()) {
			t.Errorf("%s: got %+v, want %v and %q, without the name", tt.name, v, tt.allow, tt.reason)
		}
		if digest := fmt.Sprintf("%x", sha256.Sum256(tt.data)); v.SHA256 != digest && tt.name != "large" {
			t.Errorf("%s: digest %s, want %s", tt.name, v.SHA256, digest)
		}
		if (v.Signer != "") != (tt.reason == "it is signed") {
			t.Errorf("%s: signer %q", tt.name, v.Signer)
		}
	}
	if v := new(Policy).Judge(newFile(t, signed)); v.Allowed {
		t.Errorf("the zero Policy: got %+v", v)
	}
	dir, err := os.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	if v := p.Judge(dir); v.Allowed || v.Reason != "it is no regular file" {
		t.Errorf("directory: got %+v", v)
	}
	closed := newFile(t, signed)
	closed.Close()
	if v := p.Judge(closed); v.Allowed {
		t.Errorf("closed file: got %+v", v)
	}
}

// TestEveryByte: no byte of a signed program can change.
func TestEveryByte(t *testing.T) {
	key, public := newKey(t)
	signed := program(t, key)
	p := newPolicy(t, public)
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, signed, 0o777); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for i, c := range signed {
		if _, err := f.WriteAt([]byte{c ^ 1}, int64(i)); err != nil {
			t.Fatal(err)
		}
		if v := p.Judge(f); v.Allowed {
			t.Errorf("byte %d changed: got %+v", i, v)
		}
		if _, err := f.WriteAt([]byte{c}, int64(i)); err != nil {
			t.Fatal(err)
		}
	}
	if v := p.Judge(f); !v.Allowed {
		t.Errorf("unchanged: got %+v", v)
	}
}

func TestAddAllowedErrors(t *testing.T) {
	digest := fmt.Sprintf("%x", sha256.Sum256(nil))
	for line, want := range map[string]string{
		"abc  name":         `list:2: "abc  name", want a SHA-256 in hexadecimal`,
		digest + "00  name": "list:2: ",
		digest[2:]:          "list:2: ",
		digest + " name":    "list:2: ",
		" " + digest:        "list:2: ",
		digest + "\tname":   "list:2: ",
	} {
		p := new(Policy)
		if err := p.AddAllowed("list", []byte("# comment\n"+line+"\n")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", line, err, want)
		}
	}
}

// FuzzJudge: whatever a file holds, the verdict is no without a signature.
func FuzzJudge(f *testing.F) {
	key, public := newKey(f)
	other, _ := newKey(f)
	p := newPolicy(f, public)
	signed := program(f, key)
	f.Add(program(f, other))
	f.Add(program(f))
	f.Add(signed[:len(signed)-1])
	f.Add([]byte("#!/bin/sh\n"))
	path := filepath.Join(f.TempDir(), "file")
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(path, data, 0o666); err != nil {
			t.Fatal(err)
		}
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		fuzztest.Bounded(t, len(data), 4096, func() {
			v := p.Judge(file)
			if v.Allowed && !slices.Equal(data, signed) || v.Reason == "" || strings.HasPrefix(v.Reason, "it could not be read") {
				t.Errorf("got %+v", v)
			}
		})
	})
}

// FuzzAddAllowed: a list that is taken, written once more, allows the same.
func FuzzAddAllowed(f *testing.F) {
	const digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	f.Add([]byte("# comment\n\n" + digest + "  empty\r\n" + strings.ToUpper(digest) + " *empty\n"))
	f.Add([]byte(digest))
	f.Add([]byte(digest + "00  long\n"))
	f.Fuzz(func(t *testing.T, list []byte) {
		var p, again Policy
		var err error
		fuzztest.Bounded(t, len(list), 64, func() { err = p.AddAllowed("list", list) })
		if err != nil {
			return
		}
		var text strings.Builder
		for digest := range p.Allowed {
			fmt.Fprintf(&text, "%x  name\n", digest)
		}
		if err := again.AddAllowed("list", []byte(text.String())); err != nil || !maps.Equal(again.Allowed, p.Allowed) {
			t.Errorf("%q: written once more it allows %v, want %v (%v)", list, again.Allowed, p.Allowed, err)
		}
		if lines := bytes.Count(list, []byte("\n")) + 1; len(p.Allowed) > lines {
			t.Errorf("%q: %d digests of %d lines", list, len(p.Allowed), lines)
		}
	})
}
