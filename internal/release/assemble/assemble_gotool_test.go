package assemble_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/release/assemble"
	"github.com/go3s/rules_go3s/internal/release/index"
	"github.com/go3s/rules_go3s/internal/release/rebuild"
	"github.com/go3s/rules_go3s/internal/release/releasetest"
)

// TestRefused: a release that would be wrong is none, and nothing of it is written.
func TestRefused(t *testing.T) {
	text := func(m *releasetest.Maker, id, text string) {
		m.Inputs[id] = filepath.Join(t.TempDir(), id)
		if err := os.WriteFile(m.Inputs[id], []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	original := releasetest.New(t)
	for _, test := range []struct {
		name   string
		change func(m *releasetest.Maker)
		want   string
	}{
		{"a denied licence", func(m *releasetest.Maker) {
			m.Plan.Policy.Deny = []string{"BSD-3-Clause"}
		}, ", in //some:latest: it is under BSD-3-Clause (by LICENSE), which licenses_deny names; do without the module"},
		{"an unknown licence", func(m *releasetest.Maker) {
			m.Plan.Policy.DenyUnknown, m.Plan.Licences = true, nil
		}, "golang.org/x/mod@v"},
		{"a key that does not fit", func(m *releasetest.Maker) { text(m, "key", releasetest.Public) }, "it is a public key, want the private one"},
		{"no certificates", func(m *releasetest.Maker) { text(m, "roots", "none") }, "image_ca_roots: the file has no certificate"},
		{"no licence texts", func(m *releasetest.Maker) { text(m, "texts", "{}") }, "module_licenses: schema is 0, want 1"},
		{"no executable", func(m *releasetest.Maker) { text(m, "hello_arm64", "#!/bin/sh\n") }, "program //some:hello for linux_arm64"},
		{"another machine", func(m *releasetest.Maker) {
			m.Inputs["hello_arm64"] = m.Inputs["hello_amd64"]
		}, `its ELF header says "amd64", want "arm64"`},
		{"a report on another file", func(m *releasetest.Maker) {
			m.Inputs["hello_arm64.json"] = m.Inputs["hello_amd64.json"]
		}, "it is about another file"},
		{"two files of one name", func(m *releasetest.Maker) {
			m.Plan.Attachments = append(m.Plan.Attachments, m.Plan.Attachments[0])
		}, "attachments: two files of the release have the name source.json"},
		{"a user without numbers", func(m *releasetest.Maker) {
			image := *m.Plan.Image
			image.User = "nobody"
			m.Plan.Image = &image
		}, `image_user: "nobody": want UID:GID`},
	} {
		m := &releasetest.Maker{Plan: original.Plan, Inputs: map[string]string{}}
		for id, path := range original.Inputs {
			m.Inputs[id] = path
		}
		test.change(m)
		out := filepath.Join(t.TempDir(), "out")
		err := assemble.Run(&m.Plan, m.Inputs, out)
		if err == nil || !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), "//some:release: ") {
			t.Errorf("%s: error %v, want one that names the target and has %q", test.name, err, test.want)
		}
		if _, err := os.Stat(out); err == nil {
			t.Errorf("%s: something was written", test.name)
		}
	}
}

// TestRebuild: what is made twice is the same, and what differs is found.
func TestRebuild(t *testing.T) {
	m := releasetest.New(t)
	var dirs []string
	for range 3 {
		dirs = append(dirs, t.TempDir())
		if len(dirs) == 3 { // signed by nobody, with another file
			m.Plan.Key = ""
			m.Inputs["readme"] = m.Inputs["man"]
		}
		if err := assemble.Run(&m.Plan, m.Inputs, dirs[len(dirs)-1]); err != nil {
			t.Fatal(err)
		}
	}
	compare := func(a, b string) (different []rebuild.Row) {
		rows, err := rebuild.Compare(os.DirFS(a), os.DirFS(b))
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			if !row.Same() {
				different = append(different, row)
			}
		}
		return different
	}
	if rows := compare(dirs[0], dirs[1]); rows != nil {
		t.Errorf("made twice, these differ: %+v", rows)
	}
	found := map[string]string{}
	for _, row := range compare(dirs[0], dirs[2]) {
		found[row.Path] = row.Detail
	}
	if got := found["some_1.2.3_linux_arm64.zip"]; got != "members differ: some_1.2.3_linux_arm64/README.md" {
		t.Errorf("of the archive it says %q", got)
	}
	if _, ok := found[index.Sums]; !ok || found["some_1.2.3.spdx.json"] != "" {
		t.Errorf("found %q, want the sums among them, and no bill of materials", found)
	}
}
