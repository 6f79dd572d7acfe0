package signature

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"
)

// Keys for tests alone: those of ssh-keygen, openssl and minisign -G -W, of the same seed.
const (
	pkcs8 = `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f
-----END PRIVATE KEY-----
`
	pkix = `-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAA6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=
-----END PUBLIC KEY-----
`
	openssh = `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4 test
`
)

func key(t *testing.T) *PrivateKey {
	t.Helper()
	k, err := ParsePrivate("key", []byte(pkcs8))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestSignatures(t *testing.T) {
	k := key(t)
	data := []byte("sums\n")
	ssh, err := k.SSH(data)
	if err != nil {
		t.Fatal(err)
	}
	bundle, err := k.Bundle(InToto, data)
	if err != nil {
		t.Fatal(err)
	}
	other := k.Public
	other.Key = append([]byte{1}, other.Key[1:]...)
	for _, format := range []struct {
		name   string
		sig    []byte
		verify func(p PublicKey, data, sig []byte) error
	}{
		{"minisign", k.Minisign(data, "comment"), PublicKey.VerifyMinisign},
		{"ssh", ssh, PublicKey.VerifySSH},
		{"bundle", bundle, func(p PublicKey, data, sig []byte) error {
			payload, err := p.VerifyBundle(InToto, sig)
			if err == nil && string(payload) != string(data) {
				t.Errorf("the bundle has the payload %q", payload)
			}
			return err
		}},
	} {
		if err := format.verify(k.Public, data, format.sig); err != nil {
			t.Errorf("%s: %v", format.name, err)
		}
		if err := format.verify(other, data, format.sig); err == nil {
			t.Errorf("%s: a signature by another key is accepted", format.name)
		}
		if format.name != "bundle" { // which holds the data
			if err := format.verify(k.Public, []byte("other"), format.sig); err == nil {
				t.Errorf("%s: a signature of other data is accepted", format.name)
			}
		}
		for i := range format.sig {
			changed := append([]byte{}, format.sig...)
			changed[i] ^= 2
			if err := format.verify(k.Public, data, changed); err == nil && !harmless(format.name, string(format.sig), i) {
				t.Errorf("%s: accepted with byte %d changed", format.name, i)
			}
		}
	}
}

// harmless reports whether byte i of a signature means nothing: of the untrusted comment, a line's end, a hint.
func harmless(format, sig string, i int) bool {
	switch format {
	case "minisign":
		// The key's ID in front of the signature only helps to find the key.
		start := strings.IndexByte(sig, '\n')
		return i < start+1+16
	case "ssh":
		return sig[i] == '\n'
	default:
		hint := strings.Index(sig, `"hint"`)
		end := hint + strings.IndexByte(sig[hint:], '\n')
		keyID := strings.Index(sig, `"keyid": ""`)
		return i >= hint && i < end || sig[i] == '\n' || sig[i] == ' ' || keyID >= 0 && i >= keyID
	}
}

func TestPublicKeys(t *testing.T) {
	want := key(t).Public
	for _, text := range []string{pkix, openssh} {
		if p, err := ParsePublic("key", []byte(text)); err != nil || !p.Key.Equal(want.Key) || p.ID != want.ID {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// Keys with the passphrases "x" and "pass".
const (
	encrypted = `-----BEGIN ENCRYPTED PRIVATE KEY-----
MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAiLn6EbSsW7jwICCAAw
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEH7yWo/MbE69unHxKz+QQIMEQBaJ
umRf0b3GuBG1zfW4OB2B/jhojVjegtVt0e8p4BGNcts7eCZARZLS+MU3N5hYNJaZ
cbkc5kCO2RqaQLSHyPM=
-----END ENCRYPTED PRIVATE KEY-----
`
	encryptedOpenSSH = `-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABBs5kGn48
lOg1Qt+iq577KjAAAAEAAAAAEAAAAzAAAAC3NzaC1lZDI1NTE5AAAAIExubxu3QTOxGfCw
RQ5g1nFOvWGthsHa54kLIa5f5+TZAAAAkCcbHB1kD+y7dznnLWbnuRbFu3XuQVdwBACs9e
TFttwk7q6/254nEMeQjI2hmbqKUHCL/8WJC5JGSOk+7rwf+O2EsRiJBt3AhQ/Gd9HUsIl+
Pvlohvktj6eJ1sQvif2RIY7CaEZYiMaAt3IvlRfZXb1vkAqk0QYLNVYE80sPK5rrK9K0iX
wGuqG8zdLAHKbHTQ==
-----END OPENSSH PRIVATE KEY-----
`
)

func TestKeysThatDoNotFit(t *testing.T) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	ecdsaKey := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	for _, test := range []struct{ name, text, want string }{
		{"public", openssh, "it is a public key"},
		{"public PEM", pkix, "it is a public key"},
		{"ECDSA", ecdsaKey, "want an Ed25519 key"},
		{"encrypted PKCS #8", encrypted, "the key is encrypted, want one without a passphrase"},
		{"encrypted OpenSSH", encryptedOpenSSH, "the key is encrypted, want one without a passphrase"},
		{"nothing", "hello", "OpenSSH, PKCS #8 or minisign"},
		{"minisign, cut", untrusted + "x\nRWQAAEIy\n", "bytes of a minisign secret key"},
	} {
		_, err := ParsePrivate("key", []byte(test.text))
		if err == nil || !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), "key: ") {
			t.Errorf("%s: error %v, want one that begins with the name and has %q", test.name, err, test.want)
		}
	}
	if _, err := ParsePublic("key", []byte(ecdsaKey)); err == nil {
		t.Error("an ECDSA private key is taken for a public Ed25519 key")
	}
}
