package cover_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"example.com/dropin/cover"
)

func TestSign(t *testing.T) {
	if cover.Sign(1) != "plus" {
		t.Fatal()
	}
	if p := os.Getenv("PROGRAM"); p != "" {
		out, err := exec.Command("../" + p).CombinedOutput()
		if err != nil || strings.TrimSpace(string(out)) != "minus" {
			wd, _ := os.Getwd()
			t.Fatalf("%s in %s: %q, %v", p, wd, out, err)
		}
	}
}
