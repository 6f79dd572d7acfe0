// Package release reads releases of go_release with the libraries and the registry of others. test.sh names their folders in RELEASE,
// which is //examples/release, and OWN_RELEASE, which is //release.
package release

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/ed25519"
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/CycloneDX/cyclonedx-go"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/validate"
	provenance "github.com/in-toto/attestation/go/predicates/provenance/v1"
	attestation "github.com/in-toto/attestation/go/v1"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/sassoftware/go-rpmutils"
	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	bundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	spdxjson "github.com/spdx/tools-golang/json"
	"github.com/spdx/tools-golang/spdx/v2/v2_3"
	"github.com/spdx/tools-golang/spdxlib"
	"golang.org/x/crypto/openpgp/armor"
	"golang.org/x/crypto/ssh"
	"google.golang.org/protobuf/encoding/protojson"
)

const publicKey = "../../examples/release/files/test_only_key.pub"

// folder returns the folder of the release.
func folder(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("RELEASE")
	if dir == "" {
		t.Fatal("RELEASE is not set: build //examples/release, and name its folder")
	}
	return dir
}

func read(t *testing.T, dir, pattern string) []byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil || len(files) != 1 {
		t.Fatalf("%s: %d files, want 1 (%v)", pattern, len(files), err)
	}
	return readFile(t, files[0])
}

// modules returns the package URLs of the modules that `go version -m` prints of all programs in the archives.
func modules(t *testing.T) []string {
	t.Helper()
	archives, err := filepath.Glob(filepath.Join(folder(t), "*.tar.gz"))
	if err != nil || len(archives) != 3 {
		t.Fatalf("%d archives, want 3 (%v)", len(archives), err)
	}
	var out []string
	for _, name := range archives {
		for path, data := range untar(t, name) {
			if !strings.Contains(path, "/bin/") || strings.HasSuffix(path, "/bin/tiny") { // which is assembly alone
				continue
			}
			info, err := buildinfo.Read(bytes.NewReader(data))
			if err != nil {
				t.Fatalf("%s: %s: %v", name, path, err)
			}
			out = append(out, "pkg:golang/std@"+strings.TrimPrefix(info.GoVersion, "go"))
			for _, m := range append(info.Deps, &info.Main) {
				if m.Path != "" {
					out = append(out, strings.TrimSuffix("pkg:golang/"+m.Path+"@"+strings.TrimPrefix(m.Version, "(devel)"), "@"))
				}
			}
		}
	}
	slices.Sort(out)
	out = slices.Compact(out)
	if len(out) < 2 {
		t.Fatalf("the programs have the modules %q: too few to compare", out)
	}
	return out
}

func untar(t *testing.T, name string) map[string][]byte {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		if files[h.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
}

func TestImage(t *testing.T) {
	index, err := layout.ImageIndexFromPath(filepath.Join(folder(t), "image"))
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Index(index); err != nil {
		t.Error(err)
	}
}

func TestSPDX(t *testing.T) {
	doc, err := spdxjson.Read(bytes.NewReader(read(t, folder(t), "*.spdx.json")))
	if err != nil {
		t.Fatal(err)
	}
	if doc.SPDXVersion != v2_3.Version {
		t.Errorf("it is %s, want %s", doc.SPDXVersion, v2_3.Version)
	}
	if err := spdxlib.ValidateDocument(doc); err != nil {
		t.Error(err)
	}
	var got []string
	for _, p := range doc.Packages {
		for _, ref := range p.PackageExternalReferences {
			got = append(got, ref.Locator)
		}
	}
	slices.Sort(got)
	if want := modules(t); !slices.Equal(got, want) {
		t.Errorf("it has the modules %q, go version -m prints %q", got, want)
	}
}

func TestCycloneDX(t *testing.T) {
	data := read(t, folder(t), "*.cdx.json")
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/CycloneDX/cyclonedx-go").Output()
	if err != nil {
		t.Fatal(err)
	}
	schemas := filepath.Join(strings.TrimSpace(string(dir)), "schema")
	compiler := jsonschema.NewCompiler()
	for _, name := range []string{"bom-1.6.schema.json", "spdx.schema.json", "jsf-0.82.schemax.json"} {
		f, err := os.Open(filepath.Join(schemas, name))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		schema, err := jsonschema.UnmarshalJSON(f)
		if err != nil {
			t.Fatal(err)
		}
		id := "http://cyclonedx.org/schema/" + strings.Replace(name, "schemax", "schema", 1)
		if err := compiler.AddResource(id, schema); err != nil {
			t.Fatal(err)
		}
	}
	schema, err := compiler.Compile("http://cyclonedx.org/schema/bom-1.6.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(value); err != nil {
		t.Error(err)
	}
	value.(map[string]any)["specVersion"] = 16
	if err := schema.Validate(value); err == nil {
		t.Error("the schema accepts a document that is wrong")
	}

	var bom cyclonedx.BOM
	if err := cyclonedx.NewBOMDecoder(bytes.NewReader(data), cyclonedx.BOMFileFormatJSON).Decode(&bom); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range *bom.Components {
		if c.PackageURL != "" {
			got = append(got, c.PackageURL)
		}
	}
	slices.Sort(got)
	if want := modules(t); !slices.Equal(got, want) {
		t.Errorf("it has the modules %q, go version -m prints %q", got, want)
	}
}

func TestProvenance(t *testing.T) {
	var s attestation.Statement
	if err := protojson.Unmarshal(read(t, folder(t), "*.intoto.json"), &s); err != nil {
		t.Fatal(err)
	}
	if err := s.Validate(); err != nil {
		t.Error(err)
	}
	predicate, err := protojson.Marshal(s.Predicate)
	if err != nil {
		t.Fatal(err)
	}
	var p provenance.Provenance
	if err := protojson.Unmarshal(predicate, &p); err != nil {
		t.Fatal(err)
	}
	if err := p.Validate(); err != nil {
		t.Error(err)
	}
}

func TestBundle(t *testing.T) {
	var b bundle.Bundle
	data := read(t, folder(t), "*.sigstore.json")
	if err := protojson.Unmarshal(data, &b); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(publicKey)
	if err != nil {
		t.Fatal(err)
	}
	public, _, _, _, err := ssh.ParseAuthorizedKey(text)
	if err != nil {
		t.Fatal(err)
	}
	key := public.(ssh.CryptoPublicKey).CryptoPublicKey().(ed25519.PublicKey)
	e := b.GetDsseEnvelope()
	verifier, err := dsse.NewEnvelopeVerifier(keyVerifier{key})
	if err != nil {
		t.Fatal(err)
	}
	var envelope dsse.Envelope
	var raw struct{ DsseEnvelope json.RawMessage }
	if err := json.Unmarshal(data, &raw); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw.DsseEnvelope, &envelope); err != nil {
		t.Fatal(err)
	}
	if _, err := verifier.Verify(t.Context(), &envelope); err != nil {
		t.Error(err)
	}
	if !bytes.Equal(e.Payload, read(t, folder(t), "*.intoto.json")) {
		t.Error("the bundle holds another statement")
	}
	if b.GetVerificationMaterial().GetPublicKey().GetHint() == "" {
		t.Error("the bundle does not name its key")
	}
}

// TestOpenPGP: Debian's verifiers accept the signature, and not of another file. One of the two is on each Debian, since apt needs it.
func TestOpenPGP(t *testing.T) {
	armored, err := os.ReadFile("../../examples/release/files/test_only_openpgp_key.pub.asc")
	if err != nil {
		t.Fatal(err)
	}
	block, err := armor.Decode(bytes.NewReader(armored)) // gpgv reads no armor
	if err != nil {
		t.Fatal(err)
	}
	key, err := io.ReadAll(block.Body)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name string, data []byte) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("key", key)
	write("SHA256SUMS", read(t, folder(t), "SHA256SUMS"))
	write("SHA256SUMS.asc", read(t, folder(t), "SHA256SUMS.asc"))
	write("changed", append(read(t, folder(t), "SHA256SUMS"), '\n'))
	found := false
	for _, verifier := range [][]string{{"gpgv", "--homedir", dir, "--keyring", "./key"}, {"sqv", "--keyring", "./key"}} {
		if _, err := exec.LookPath(verifier[0]); err != nil {
			continue
		}
		found = true
		for name, good := range map[string]bool{"SHA256SUMS": true, "changed": false} {
			cmd := exec.Command(verifier[0], append(verifier[1:], "SHA256SUMS.asc", name)...)
			cmd.Dir = dir
			if out, err := cmd.CombinedOutput(); (err == nil) != good {
				t.Errorf("%s of %s: error %v, want a good signature: %v\n%s", verifier[0], name, err, good, out)
			}
		}
	}
	if !found {
		t.Fatal("neither gpgv nor sqv is on PATH: apt-get install sqv")
	}
}

func TestRPM(t *testing.T) {
	for _, arch := range []string{"x86_64", "aarch64", "riscv64"} {
		p, err := rpmutils.ReadRpm(bytes.NewReader(read(t, folder(t), "*."+arch+".rpm")))
		if err != nil {
			t.Fatal(err)
		}
		nevra, err := p.Header.GetNEVRA()
		if err != nil {
			t.Fatal(err)
		}
		if got, want := nevra.String(), "example-0:1.2.3-1."+arch+".rpm"; got != want {
			t.Errorf("it is %s, want %s", got, want)
		}
		payload, err := p.PayloadReaderExtended()
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for {
			f, err := payload.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, f.Name())
		}
		if !slices.Contains(names, "/usr/bin/latest") {
			t.Errorf("%s: it has %q, want /usr/bin/latest among them", arch, names)
		}
	}
}

// TestPrograms starts a program of each archive, under an emulator where it is foreign.
func TestPrograms(t *testing.T) {
	for goarch, machine := range map[string]string{"amd64": "x86_64", "arm64": "aarch64", "riscv64": "riscv64"} {
		base := "example_1.2.3_linux_" + goarch
		program := filepath.Join(t.TempDir(), "latest")
		data := untar(t, filepath.Join(folder(t), base+".tar.gz"))[base+"/bin/latest"]
		if err := os.WriteFile(program, data, 0o755); err != nil {
			t.Fatal(err)
		}
		args := []string{program, "v1.9.0", "v1.10.0"}
		if out, err := exec.Command("go", "env", "GOHOSTARCH").Output(); err != nil || strings.TrimSpace(string(out)) != goarch {
			emulator, err := emulator(machine)
			if err != nil {
				t.Fatal(err)
			}
			args = append([]string{emulator}, args...)
		}
		out, err := exec.Command(args[0], args[1:]...).CombinedOutput()
		if err != nil || string(out) != "v1.10.0\n" {
			t.Errorf("%s: it prints %q (%v), want v1.10.0", goarch, out, err)
		}
	}
}

func emulator(machine string) (string, error) {
	for _, name := range []string{"qemu-" + machine, "qemu-" + machine + "-static"} {
		if dir := os.Getenv("RULES_GO3S_QEMU_DIR"); dir != "" {
			if path := filepath.Join(dir, name); exists(path) {
				return path, nil
			}
		} else if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("no emulator for %s: name its folder in RULES_GO3S_QEMU_DIR", machine)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
