package testca

import (
	"flag"
	"testing"

	"github.com/go3s/rules_go3s/internal/atomicfile"
)

var update = flag.Bool("update", false, "write test_only_ca.pem again")

func TestTrustedPEM(t *testing.T) {
	const file = "test_only_ca.pem"
	ca, err := New("trusted")
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := atomicfile.Write(file, 0o644, ca.PEM()); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want := string(ca.PEM()); TrustedPEM != want {
		t.Errorf("%s holds\n%s\nwant\n%s\nrun go test ./examples/https_client/testca -update", file, TrustedPEM, want)
	}
}
