// Package releasetest makes small but real releases for tests: of programs that the go command builds. Only *_gotool_test.go files import
// it.
package releasetest

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/gotool"
	"github.com/go3s/rules_go3s/internal/machine"
	"github.com/go3s/rules_go3s/internal/policy"
	"github.com/go3s/rules_go3s/internal/release/archive"
	"github.com/go3s/rules_go3s/internal/release/assemble"
	"github.com/go3s/rules_go3s/internal/release/index"
	"github.com/go3s/rules_go3s/internal/release/oci"
	"github.com/go3s/rules_go3s/internal/release/plan"
)

// Key is an Ed25519 key for tests, in PKCS #8, and Public its public key, in PKIX.
const (
	Key = `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f
-----END PRIVATE KEY-----
`
	Public = `-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAA6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=
-----END PUBLIC KEY-----
`
)

// Package is what packages of the release say of themselves.
func Package(goarch string) *archive.Package {
	return &archive.Package{Version: "1.2.3", GOARCH: goarch, Package: index.Package{
		Name:       "some",
		Maintainer: "Some <some@example.com>",
		Summary:    "some programs",
		Licence:    "Apache-2.0",
	}}
}

// A Maker makes releases of the same programs.
type Maker struct {
	Plan   plan.Plan
	Inputs map[string]string
}

// New builds a program for three platforms and one that imports a module for amd64, and returns the plan of a release that has
// everything.
func New(t testing.TB) *Maker {
	t.Helper()
	dir := t.TempDir()
	root := gotool.Output(t, "", "amd64", "list", "-m", "-f", "{{.Dir}}", "github.com/go3s/rules_go3s")
	m := &Maker{Inputs: map[string]string{}, Plan: plan.Plan{
		Label:    "//some:release",
		Name:     "some",
		Version:  "1.2.3",
		Epoch:    1767323046,
		Archives: []string{"tar.gz", "zip"},
		Files: []plan.File{
			{ID: "readme", Kind: plan.Doc, Name: "README.md"},
			{ID: "man", Kind: plan.Man, Name: "latest.1"},
			{ID: "data", Kind: plan.Other, Name: "data", Path: "share/some/data"},
		},
		Attachments: []plan.File{{ID: "data", Name: "source.json"}},

		Packages: []string{"deb", "rpm"},
		Package:  &Package("amd64").Package,
		Image: &plan.Image{Ref: "1.2.3", CARoots: "roots", TZData: "zones", Config: oci.Config{
			Entrypoint: []string{"/usr/bin/hello"},
			User:       "some:65532:65532",
			Labels:     map[string]string{"org.opencontainers.image.title": "some"},
		}},
		Licences: []string{"texts"},
		Licence:  "Apache-2.0",
		Source:   "git+https://example.com/some.git",
		Key:      "key",
	}}
	m.write(t, dir, "readme", "# Some\n")
	m.write(t, dir, "man", ".TH LATEST 1\n")
	m.write(t, dir, "data", "data\n")
	m.write(t, dir, "key", Key)
	m.write(t, dir, "roots", "-----BEGIN CERTIFICATE-----\n")
	m.Inputs["zones"] = filepath.Join(gotool.Output(t, "", "amd64", "env", "GOROOT"), "lib", "time", "zoneinfo.zip")
	mod := gotool.Output(t, root, "amd64", "list", "-m", "-f", "{{.Version}} {{.Dir}}", "golang.org/x/mod")
	var version, moduleDir string
	if _, err := fmt.Sscan(mod, &version, &moduleDir); err != nil {
		t.Fatal(err)
	}
	licence, err := os.ReadFile(filepath.Join(moduleDir, "LICENSE"))
	if err != nil {
		t.Fatal(err)
	}
	texts, err := json.Marshal(map[string]any{"schema": 1, "modules": []any{
		map[string]any{"path": "golang.org/x/mod", "version": version, "files": map[string]string{"LICENSE": string(licence)}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	m.write(t, dir, "texts", string(texts))
	for _, goarch := range machine.GOARCHs() {
		m.program(t, root, dir, "hello", "./examples/hello", goarch)
	}
	m.program(t, root, dir, "latest", "./examples/release/latest", "amd64")
	return m
}

func (m *Maker) write(t testing.TB, dir, id, text string) {
	t.Helper()
	m.Inputs[id] = filepath.Join(dir, id)
	if err := os.WriteFile(m.Inputs[id], []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// program builds one and checks it.
func (m *Maker) program(t testing.TB, root, dir, name, pkg, goarch string) {
	t.Helper()
	id := name + "_" + goarch
	m.Inputs[id] = filepath.Join(dir, id)
	gotool.Output(t, root, goarch, "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", m.Inputs[id], pkg)
	f, err := elf.Open(m.Inputs[id])
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	judge, err := policy.New(policy.DefaultProfile)
	if err != nil {
		t.Fatal(err)
	}
	report := policy.Report{Schema: policy.SchemaVersion, Files: []policy.FileReport{judge.Check(id, f)}}
	text, err := report.JSON()
	if err != nil {
		t.Fatal(err)
	}
	m.write(t, dir, id+".json", string(text))
	m.Plan.Programs = append(m.Plan.Programs, plan.Program{
		Name:       name,
		Label:      "//some:" + name,
		Platform:   "linux_" + goarch,
		GOARCH:     goarch,
		Mode:       "exe",
		Profile:    policy.DefaultProfile,
		Executable: id,
		Report:     id + ".json",
	})
}

// Make makes the release and returns its files by path.
func (m *Maker) Make(t testing.TB) map[string][]byte {
	t.Helper()
	dir := t.TempDir()
	p := m.Plan
	if err := assemble.Run(&p, m.Inputs, dir); err != nil {
		t.Fatal(err)
	}
	return Read(t, dir)
}

// Read returns the files of a folder by their paths in it.
func Read(t testing.TB, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			files[path], err = os.ReadFile(filepath.Join(dir, path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
