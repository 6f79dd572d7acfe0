// Tests what an initramfs says is in it; run it by `bazel test`.
package main

import (
	"os"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/release/sbom"
)

func TestSBOM(t *testing.T) {
	bills := map[string]*sbom.Bill{}
	for _, path := range strings.Fields(os.Getenv("BILLS")) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		read := sbom.ReadSPDX
		if strings.HasSuffix(path, ".cdx.json") {
			read = sbom.ReadCycloneDX
		}
		if bills[path], err = read(data); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
	}
	if len(bills) != 2 {
		t.Fatalf("%d bills, want 2", len(bills))
	}
	for path, bill := range bills {
		if bill.Name != "files" || bill.Version != "1.2.3" || len(bill.Programs) != 1 {
			t.Fatalf("%s: %+v", path, bill)
		}
		p := bill.Programs[0]
		if p.Name != "init" || p.Platform != "linux_arm64" || len(p.Modules) == 0 || p.Modules[len(p.Modules)-1].Path != "std" {
			t.Errorf("%s: found %+v, want init for linux_arm64 with std", path, p)
		}
	}
}
