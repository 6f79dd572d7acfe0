//go:build linux

package main

import (
	"debug/buildinfo"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/examples/internal/progtest"
	"github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/pack"
)

func TestMain(m *testing.M) {
	os.Setenv("GOFIPS140", "v1.0.0") // for the go command, outside of Bazel
	progtest.Main(m, progtest.Options{})
}

// settings returns the build settings of the program.
func settings(t *testing.T) map[string]string {
	t.Helper()
	info, err := buildinfo.ReadFile(progtest.Under().Path)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, s := range info.Settings {
		out[s.Key] = s.Value
	}
	return out
}

// TestModule compares the module that the program says it has with what its build information says.
func TestModule(t *testing.T) {
	s := settings(t)
	version, _, frozen := strings.Cut(s["GOFIPS140"], "-")
	if version == "" || s["DefaultGODEBUG"] != "fips140=on" || frozen != (s["-tags"] == "fips140v1.0") {
		t.Errorf("build settings: %v", s)
	}
	want := "sealed and opened by module " + version + ", enabled true\n"
	result := progtest.Run(t, progtest.Under().Command())
	if result.Code != 0 || result.Stdout != want || result.Stderr != "" {
		t.Errorf("got %+v, want %q", result, want)
	}
}

// TestOnly starts the program with what is not approved forbidden: it uses nothing else.
func TestOnly(t *testing.T) {
	cmd := progtest.Under().Command()
	cmd.Env = append(os.Environ(), "GODEBUG=fips140=only")
	if result := progtest.Run(t, cmd); result.Code != 0 {
		t.Errorf("%+v", result)
	}
}

// TestSelfTests lets self-tests of the module fail, as it can be asked to: one at power-on, one before the first use of an algorithm, and
// the pairwise test of a new key pair. The program then ends.
func TestSelfTests(t *testing.T) {
	for _, name := range []string{"SHA2-256", "KAS-ECC-SSC P-256", "ECDH PCT"} {
		cmd := progtest.Under().Command()
		cmd.Env = append(os.Environ(), "GODEBUG=fips140=on,failfipscast="+name)
		want := "FIPS 140-3 self-test failed: " + name + ": simulated "
		if result := progtest.Run(t, cmd); result.Code == 0 || result.Stdout != "" || !strings.Contains(result.Stderr, want) {
			t.Errorf("%s: got %+v, want %q", name, result, want)
		}
	}
}

// TestTampered changes the recorded checksum. A program that checks it does not start.
func TestTampered(t *testing.T) {
	data, err := os.ReadFile(progtest.Under().Path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := elf.Parse("program", data)
	if err != nil {
		t.Fatal(err)
	}
	packed := pack.IsPacked(f)
	if packed {
		if f, err = pack.Unpack(f); err != nil {
			t.Fatal(err)
		}
		data = f.Data
	}
	const magic = "\xff Go fipsinfo \xff\x00"
	at := strings.LastIndex(string(data), magic) // before it is the constant that the module compares with
	if at < 0 {
		t.Fatal("there is no record")
	}
	data[at+len(magic)] ^= 1
	if packed {
		if f, err = elf.Parse("program", data); err == nil {
			data, err = pack.Pack(f)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	program := progtest.Under()
	program.Path = filepath.Join(t.TempDir(), "tampered")
	if err := os.WriteFile(program.Path, data, 0o755); err != nil {
		t.Fatal(err)
	}
	if result := progtest.Run(t, program.Command()); result.Code == 0 || !strings.Contains(result.Stderr, "fips140: verification mismatch") {
		t.Errorf("got %+v, want the module to refuse", result)
	}
}
