package main

import (
	"crypto/sha256"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/cli"
	"github.com/go3s/rules_go3s/internal/release/sbom"
)

// TestSBOM: both bills say the same, of an image and of its initramfs: the kernel, and each ELF file with its modules. This test is the
// program.
func TestSBOM(t *testing.T) {
	b := newBench(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	b.write("self", data)
	b.must("initramfs --program /init=%self --program /bin/script=%init --file /etc/os-release=%os-release -o %cpio")
	b.must(build)
	for _, file := range []struct {
		name   string
		kernel bool
	}{{"image", true}, {"cpio", false}} {
		b.must("sbom --name edge --version 1.2 --spdx %spdx --cyclonedx %cdx %" + file.name)
		spdx, err := os.ReadFile(b.path("spdx"))
		if err != nil {
			t.Fatal(err)
		}
		cdx, err := os.ReadFile(b.path("cdx"))
		if err != nil {
			t.Fatal(err)
		}
		one, err := sbom.ReadSPDX(spdx)
		if err != nil {
			t.Fatal(err)
		}
		two, err := sbom.ReadCycloneDX(cdx)
		if err != nil {
			t.Fatal(err)
		}
		facts := one.Facts()
		if err := sbom.Compare("CycloneDX", two.Facts(), facts); err != nil {
			t.Error(err)
		}
		want := []string{"init"}
		if file.kernel {
			want = []string{"linux", "init"}
		}
		var names []string
		for _, p := range one.Programs {
			names = append(names, p.Name)
		}
		if !slices.Equal(names, want) {
			t.Errorf("%s: the bill has the programs %q, want %q", file.name, names, want)
		}
		init := one.Programs[len(one.Programs)-1]
		if init.SHA256 != fmt.Sprintf("%x", sha256.Sum256(data)) {
			t.Errorf("%s: /init has SHA-256 %s", file.name, init.SHA256)
		}
		if n := len(init.Modules); n == 0 || init.Modules[n-1].Path != "std" {
			t.Errorf("%s: /init has the modules %+v, want std at the end", file.name, init.Modules)
		}
		if facts[len(facts)-1] != "release edge 1.2 of 1970-01-01T00:00:00Z" {
			t.Errorf("%s: the bill is about %q", file.name, facts[len(facts)-1])
		}
	}
}

func TestSBOMRefused(t *testing.T) {
	b := newBench(t)
	b.write("damaged", []byte("\x7fELF\x02"))
	b.must("initramfs --program /init=%damaged -o %cpio")
	for _, test := range []struct {
		command string
		code    int
		want    string
	}{
		{"sbom --name x %cpio", cli.ExitUsage, "want --name, and --spdx, --cyclonedx or both"},
		{"sbom --name x --date today --spdx %out %cpio", cli.ExitUsage, "--date: "},
		{"sbom --name x --spdx %out %os-release", cli.ExitFailed, "it is neither an initramfs nor an image"},
		{"sbom --name x --spdx %out %stub", cli.ExitFailed, "no section .osrel"},
		{"sbom --name x --spdx %out %cpio", cli.ExitFailed, "/cpio: /init: "},
		{"sbom --name x --licenses %init --spdx %out %cpio", cli.ExitFailed, ""},
	} {
		code, _, stderr := b.run(test.command)
		if code != test.code || !strings.Contains(stderr, test.want) {
			t.Errorf("%s: %d, %q, want %d and %q", test.command, code, stderr, test.code, test.want)
		}
		if _, err := os.Lstat(b.path("out")); err == nil {
			t.Errorf("%s: it has left a file", test.command)
		}
	}
}
