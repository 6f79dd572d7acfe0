//go:build boottest

package boot

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/go3s/rules_go3s/internal/boot/pe"
	"github.com/go3s/rules_go3s/internal/boot/uki"
	"github.com/go3s/rules_go3s/internal/boot/vm"
	"github.com/go3s/rules_go3s/internal/gotool"
)

// TestVerifiers: sbverify and osslsigncode take the signature that uki makes of an image with Debian's kernel and stub, on three
// architectures, and refuse the image when a bit of a section is changed, and by another certificate. Signed twice, it has the same bytes.
func TestVerifiers(t *testing.T) {
	dir := directory(t)
	tools := vm.NewTools(dir)
	tool := filepath.Join(t.TempDir(), "uki")
	gotool.Output(t, "../..", runtime.GOARCH, "build", "-o", tool, "./tools/uki")
	const example = "../../examples/boot/"
	for _, goarch := range []string{"amd64", "arm64", "riscv64"} {
		t.Run(goarch, func(t *testing.T) {
			file := func(name string) string { return filepath.Join(filepath.Dir(tool), goarch+name) }
			for _, args := range [][]string{
				{"initramfs", "--program", "/init=" + tool, "-o", file(".cpio")},
				{"build", "--stub", filepath.Join(dir, "stub-"+goarch+".efi"), "--kernel", filepath.Join(dir, "kernel-"+goarch),
					"--initramfs", file(".cpio"), "--cmdline", vm.Console(goarch), "--os-release", example + "os-release",
					"--goarch", goarch, "-o", file(".efi")},
				{"sign", "--test-key", "--key", example + "boot_test_key.pem", "--cert", example + "boot.pem", "-o", file(".signed"), file(".efi")},
				{"sign", "--test-key", "--key", example + "boot_test_key.pem", "--cert", example + "boot.pem", "-o", file(".again"), file(".signed")},
				{"verify", "--trust", example + "boot.pem", file(".signed")},
				{"show", file(".signed")},
			} {
				if out, err := exec.Command(tool, args...).CombinedOutput(); err != nil {
					t.Fatalf("uki %s: %v\n%s", args[0], err, out)
				}
			}
			signed, err := os.ReadFile(file(".signed"))
			if err != nil {
				t.Fatal(err)
			}
			if again, err := os.ReadFile(file(".again")); err != nil || !bytes.Equal(again, signed) {
				t.Errorf("signed twice, it has other bytes, %v", err)
			}
			// verify returns what the verifiers say of an image.
			verify := func(image, cert string) (errs [2]error) {
				_, errs[0] = tools.Output(t.Context(), "sbverify", "--cert", example+cert, image)
				_, errs[1] = tools.Output(t.Context(), "osslsigncode", "verify", "-CAfile", example+cert, "-in", image)
				return errs
			}
			if errs := verify(file(".signed"), "boot.pem"); errs[0] != nil || errs[1] != nil {
				t.Fatal(errs)
			}
			if errs := verify(file(".signed"), "other.pem"); errs[0] == nil || errs[1] == nil {
				t.Errorf("by another certificate: %v", errs)
			}
			for _, section := range []string{".text", uki.OSRelease, uki.CommandLine, uki.Initramfs, uki.Kernel} {
				changed := bytes.Clone(signed)
				im, err := pe.Parse(changed)
				if err != nil {
					t.Fatal(err)
				}
				s, ok := im.Section(section)
				if !ok {
					t.Fatalf("no section %s", section)
				}
				changed[s.Offset] ^= 1
				if err := os.WriteFile(file(".changed"), changed, 0o600); err != nil {
					t.Fatal(err)
				}
				if errs := verify(file(".changed"), "boot.pem"); errs[0] == nil || errs[1] == nil {
					t.Errorf("%s changed: %v", section, errs)
				}
				if out, err := exec.Command(tool, "verify", "--trust", example+"boot.pem", file(".changed")).CombinedOutput(); err == nil {
					t.Errorf("%s changed: uki says %s", section, out)
				}
			}
		})
	}
}
