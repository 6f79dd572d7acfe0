package pack_test

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/gobin"
	"github.com/go3s/rules_go3s/internal/gotool"
	"github.com/go3s/rules_go3s/internal/pcln"
)

// The integrity self-test of FIPS 140 passes in every tier and after packing, and
// fails when a bit of the code that it covers is flipped.
func TestFIPS(t *testing.T) {
	zoo(t, "program", func(t *testing.T, goarch, _, path string) {
		f, err := goelf.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		files := []string{path}
		for _, tier := range []pcln.Tier{pcln.Full, pcln.Functions, pcln.External} {
			data, _, err := pcln.Compact(f, tier, goabi.Refuse)
			if err != nil {
				t.Fatal(err)
			}
			name := path + "." + tier.String()
			if err := os.WriteFile(name, data, 0o777); err != nil {
				t.Fatal(err)
			}
			files = append(files, name)
		}
		for _, name := range files {
			testFlippedBit(t, goarch, name)
		}
		// Packing the largest and the smallest is enough: it does not look into them.
		files = append(files, packFile(t, files[0]), packFile(t, files[len(files)-1]))
		for _, name := range files {
			if out := runFIPS(t, goarch, name); !strings.Contains(out, "FIPS 140: true\n") || !strings.HasSuffix(out, "exit status 0") {
				t.Errorf("%s with fips140=on: %s", name, out)
			}
		}
	})
}

// testFlippedBit flips a bit in the first, a middle and the last byte of the code
// under the sum.
func testFlippedBit(t *testing.T, goarch, path string) {
	t.Helper()
	original, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := goelf.Parse(path, original)
	if err != nil {
		t.Fatal(err)
	}
	info, err := gobin.ReadFIPSInfo(f)
	if err != nil {
		t.Fatal(err)
	}
	text := f.Section(".text")
	first, end := text.Off+(info.Text.Start-text.Addr), text.Off+(info.Text.End-text.Addr)
	for _, at := range []uint64{first, (first + end) / 2, end - 1} {
		data := bytes.Clone(original)
		data[at] ^= 1 << (at % 8)
		name := path + ".flipped"
		if err := os.WriteFile(name, data, 0o777); err != nil {
			t.Fatal(err)
		}
		if out := runFIPS(t, goarch, name); strings.Contains(out, "FIPS 140: true") || strings.HasSuffix(out, "exit status 0") ||
			at == end-1 && !strings.Contains(out, "panic: fips140: verification mismatch") {
			t.Errorf("%s with a bit at offset %#x of %#x to %#x flipped, with fips140=on: %s", path, at, first, end, out)
		}
	}
}

// runFIPS runs the program with the self-test on, and returns what it wrote and how
// it ended.
func runFIPS(t *testing.T, goarch, path string) string {
	t.Helper()
	cmd := gotool.Run(t, goarch, path, "args", "x")
	cmd.Env = append(os.Environ(), "GODEBUG=fips140=on")
	out, err := cmd.CombinedOutput()
	if _, ok := err.(*exec.ExitError); err != nil && !ok {
		t.Fatal(err)
	}
	return string(out) + cmd.ProcessState.String()
}
