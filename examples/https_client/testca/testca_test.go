package testca

import (
	"bytes"
	"flag"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "write test_only_ca.pem anew")

func TestFileHoldsTheCertificate(t *testing.T) {
	const file = "test_only_ca.pem"
	ca, err := New("trusted")
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(file, ca.PEM(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if want := ca.PEM(); !bytes.Equal(got, want) {
		t.Errorf("%s holds\n%s\nwant\n%s\nrun go test ./examples/https_client/testca -update", file, got, want)
	}
}
