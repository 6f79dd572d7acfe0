package signature

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go3s/rules_go3s/internal/fuzztest"
)

// TestOpenPGP: signatures are good by their key alone, and the same bytes each time. gpg made the keys in testdata, all on 2026-01-01; that
// in expired.asc is valid for a month. e2e/release has a signature checked by gpgv.
func TestOpenPGP(t *testing.T) {
	sums := []byte("sums\n")
	made := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, name := range []string{"rsa", "expired"} {
		key, err := ParseOpenPGPPrivate(name, openPGPFile(t, name))
		if err != nil {
			t.Fatal(err)
		}
		public, err := ParseOpenPGPPublic(name, openPGPFile(t, name)) // a secret key has the public one
		if err != nil {
			t.Fatal(err)
		}
		sig, err := key.Sign(sums, made.AddDate(0, 0, 1))
		if err != nil {
			t.Fatal(err)
		}
		if err := public.Verify(sums, sig); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if again, err := key.Sign(sums, made.AddDate(0, 0, 1)); err != nil || !bytes.Equal(again, sig) {
			t.Errorf("%s: signed again, it is another signature (%v)", name, err)
		}
		early, err := key.Sign(sums, time.Unix(0, 0))
		if err != nil {
			t.Fatal(err)
		}
		if first, err := key.Sign(sums, made); err != nil || !bytes.Equal(early, first) {
			t.Errorf("%s: a signature of 1970 is not one of the key's first second (%v)", name, err)
		}
		if err := public.Verify([]byte("sums!\n"), sig); err == nil {
			t.Errorf("%s: a signature of another file was accepted", name)
		}
		other, err := ParseOpenPGPPublic("encrypted", openPGPFile(t, "encrypted"))
		if err != nil {
			t.Fatal(err)
		}
		if err := other.Verify(sums, sig); err == nil {
			t.Errorf("%s: a signature by another key was accepted", name)
		}
		if _, err := key.Sign(sums, made.AddDate(0, 2, 0)); (err == nil) != (name == "rsa") {
			t.Errorf("%s: signing in March: error %v", name, err)
		}
	}
}

func openPGPFile(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "openpgp", name+".asc"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestOpenPGPRefused(t *testing.T) {
	rsa := openPGPFile(t, "rsa")
	for _, test := range []struct {
		name, want string
		data       []byte
	}{
		{"encrypted", "the key is encrypted, want one without a passphrase", openPGPFile(t, "encrypted")},
		{"ecdsa", "its algorithm is number 19 of RFC 9580, want Ed25519 or RSA", openPGPFile(t, "ecdsa")},
		{"public", "it is a public key, want the secret one", openPGPFile(t, "public")},
		{"text", "no OpenPGP key in ASCII armor", []byte("key\n")},
		{"half", "no OpenPGP key in ASCII armor", rsa[:len(rsa)/2]},
	} {
		if _, err := ParseOpenPGPPrivate(test.name, test.data); err == nil || !strings.HasPrefix(err.Error(), test.name+": "+test.want) {
			t.Errorf("%s: error %v, want %q", test.name, err, test.want)
		}
	}
	public, err := ParseOpenPGPPublic("rsa", rsa)
	if err != nil {
		t.Fatal(err)
	}
	for _, sig := range [][]byte{nil, []byte("signature"), rsa} {
		if err := public.Verify(nil, sig); err == nil || !strings.Contains(err.Error(), "it is no OpenPGP signature in ASCII armor") {
			t.Errorf("%.20q: error %v", sig, err)
		}
	}
}

// FuzzOpenPGP: whatever a signature is, it is refused, unless it is the one of the file.
func FuzzOpenPGP(f *testing.F) {
	rsa := openPGPFile(f, "rsa")
	key, err := ParseOpenPGPPrivate("rsa", rsa)
	if err != nil {
		f.Fatal(err)
	}
	public, err := ParseOpenPGPPublic("rsa", rsa)
	if err != nil {
		f.Fatal(err)
	}
	sig, err := key.Sign([]byte("sums"), time.Unix(0, 0))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sig)
	f.Add(rsa)
	f.Fuzz(func(t *testing.T, sig []byte) {
		fuzztest.Bounded(t, len(sig), 1<<10, func() {
			if public.Verify([]byte("other sums"), sig) == nil {
				t.Errorf("accepted: %q", sig)
			}
		})
	})
}
