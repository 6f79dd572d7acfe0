//go:build boottest

package boot

import (
	"strings"
	"testing"
	"time"

	"github.com/go3s/rules_go3s/internal/boot/initramfs"
)

// TestIMA: Linux' integrity measurement architecture takes the signatures that "elfsign sign --ima" makes, and no others.
func TestIMA(t *testing.T) {
	for _, goarch := range []string{"amd64", "arm64", "riscv64"} {
		t.Run(goarch, func(t *testing.T) {
			trusted, other := newSigner(t, true), newSigner(t, true)
			files := []initramfs.File{
				program(t, goarch, "/init", "./e2e/boot/imaguest"),
				{Path: "/t/certificate.der", Mode: 0o644, Data: trusted.cert.Raw},
				{Path: "/t/unsigned", Mode: 0o755, Data: exits(t, goarch, 13, "")},
			}
			add := func(name string, by *signer, signed, data []byte) {
				signature, err := by.key.IMA(signed, by.cert, time.Now())
				if err != nil {
					t.Fatal(err)
				}
				files = append(files, initramfs.File{Path: "/t/" + name, Mode: 0o755, Data: data},
					initramfs.File{Path: "/t/" + name + ".ima", Mode: 0o644, Data: signature})
			}
			good, evil := exits(t, goarch, 42, ""), exits(t, goarch, 13, "")
			twice := trusted.sign(t, good) // in the file, too
			add("signed", trusted, good, good)
			add("signed-twice", trusted, twice, twice)
			add("tampered", trusted, good, evil)
			add("other-key", other, evil, evil)
			output := direct(t, goarch, "ima_appraise=enforce", files...)
			if n := strings.Count(output, "ok "); strings.Contains(output, "FAIL ") || !strings.Contains(output, "\nend\n") || n != 6 {
				t.Errorf("%d programs as they should, want 6, no FAIL, and the end", n)
			}
		})
	}
}
