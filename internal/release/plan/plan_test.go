package plan

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/release/index"
	"github.com/go3s/rules_go3s/internal/release/oci"
)

// good returns a plan that is taken.
func good() *Plan {
	return &Plan{
		Label: "//:release", Name: "app", Version: "1.2.3", Epoch: 1767323046, Archives: []string{"tar.gz"},
		Programs: []Program{
			{Name: "app", Label: "//:app", Platform: "linux_amd64", GOARCH: "amd64"},
			{Name: "app", Label: "//:app", Platform: "linux_arm64", GOARCH: "arm64"},
		},
		Files:    []File{{Kind: Other, Name: "data", Path: "share/app/data"}, {Kind: Man, Name: "app.1"}},
		Packages: []string{"deb"},
		Package:  &index.Package{Name: "app", Maintainer: "A <a@example.com>", Summary: "an app", Licence: "MIT"},
		Image:    &Image{Ref: "1.2.3", Config: oci.Config{Entrypoint: []string{"/usr/bin/app"}, User: "app:65532:65532", StopSignal: "SIGRTMIN+3"}},
		Licence:  "MIT OR Apache-2.0", Source: "git+https://example.com/app.git", Builder: "https://example.com/ci",
	}
}

// TestRefused: what cannot become a release is refused before anything is read, by a message that names the target and the attribute.
func TestRefused(t *testing.T) {
	for _, test := range []struct {
		change func(p *Plan)
		want   string // "" when it is taken
	}{
		{func(p *Plan) {}, ""},
		{func(p *Plan) { p.Name = "../app" }, `name "../app": want letters`},
		{func(p *Plan) { p.Version = "../1" }, `version "../1": want letters`},
		{func(p *Plan) { p.Version = "nightly" }, `package version "nightly": want one that begins with a digit`},
		{func(p *Plan) { p.Epoch = -1 }, "source_date_epoch -1: want seconds since 1970"},
		{func(p *Plan) { p.Epoch = 1 << 40 }, "source_date_epoch 1099511627776: want seconds since 1970"},
		{func(p *Plan) { p.Archives = []string{"rar"} }, `archives: "rar" is no format`},
		{func(p *Plan) { p.Archives = []string{"zip", "zip"} }, `archives: "zip" is there twice`},
		{func(p *Plan) { p.Archives, p.Packages, p.Image = nil, nil, nil }, "nothing would hold the programs"},
		{func(p *Plan) { p.Programs = nil }, "programs: none"},
		{func(p *Plan) { p.Programs[1].Platform = "linux_amd64" }, `programs: //:app and //:app are both "app" on linux_amd64; give one another name`},
		{func(p *Plan) { p.Programs[0].Name = "a/b" }, `program //:app: name "a/b"`},
		{func(p *Plan) { p.Files[0].Path = "/etc/app" }, `files: data: path "/etc/app": want a relative path`},
		{func(p *Plan) { p.Files[0].Path = "../app" }, `files: data: path "../app": want a relative path`},
		{func(p *Plan) { p.Files[0].Path = "" }, `files: data: path "": want a relative path`},
		{func(p *Plan) { p.Files[1].Name = "app" }, "man_pages: app: want a name that ends with the section"},
		{func(p *Plan) { p.Attachments = []File{{Name: "release.json"}} }, "attachments: release.json: want a name"},
		{func(p *Plan) { p.Packages = []string{"apk"} }, `packages: "apk" is no kind of package`},
		{func(p *Plan) { p.Packages = []string{"deb", "deb"} }, `packages: "deb" is there twice`},
		{func(p *Plan) { p.Package.Maintainer = "A" }, `package_maintainer: "A": want "NAME <ADDRESS>"`},
		{func(p *Plan) { p.Licence = "see LICENSE" }, `license: "see LICENSE" is no SPDX licence expression`},
		{func(p *Plan) { p.Overrides = map[string]string{"example.com/a": "(MIT"} }, `licenses_override: example.com/a: "(MIT" is no SPDX`},
		{func(p *Plan) { p.Source = "github.com/example/app" }, `source "github.com/example/app": want a URI`},
		{func(p *Plan) { p.Builder = "CI" }, `builder "CI": want a URI`},
		{func(p *Plan) { p.Image.Entrypoint[0] = "/usr/bin/other" }, `image_entrypoint: "other" is no program of the release for linux_amd64`},
		{func(p *Plan) { p.Programs[1].Platform, p.Programs[1].GOARCH = "linux_amd64_static", "amd64" }, "are both linux/amd64"},
		{func(p *Plan) { p.Image.User = "nobody" }, `image_user: "nobody": want UID:GID`},
		{func(p *Plan) { p.Image.User = "1:4294967295" }, "image_user: \"1:4294967295\": 4294967295 is no number of a user or group"},
		{func(p *Plan) { p.Image.User = "99999999999:1" }, "99999999999 is no number of a user or group"},
		{func(p *Plan) { p.Image.Ports = []string{"80"} }, `image_ports: "80": want a number and a protocol`},
		{func(p *Plan) { p.Image.Ports = []string{"0/tcp"} }, `image_ports: "0/tcp": want a port from 1`},
		{func(p *Plan) { p.Image.Env = []string{"=x"} }, `image_env: "=x": want NAME=value`},
		{func(p *Plan) { p.Image.WorkingDir = "srv" }, `image_workdir: "srv": want an absolute path`},
		{func(p *Plan) { p.Image.WorkingDir = "/srv/../etc" }, `image_workdir: "/srv/../etc": want an absolute path`},
		{func(p *Plan) { p.Image.StopSignal = "the usual" }, `image_stop_signal: "the usual": want a name or a number`},
		{func(p *Plan) { p.Image.Labels = map[string]string{"": "x"} }, "image_labels: a label has no name"},
	} {
		p := good()
		test.change(p)
		text, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Parse(string(text))
		switch {
		case test.want == "" && err != nil:
			t.Error(err)
		case test.want != "" && (err == nil || got != nil || !strings.HasPrefix(err.Error(), "//:release: ") || !strings.Contains(err.Error(), test.want)):
			t.Errorf("error %v, want one that names the target and has %q", err, test.want)
		}
	}
	if _, err := Parse(`{"label": "x", "unknown": 1}`); err == nil || !strings.Contains(err.Error(), "plan: ") {
		t.Errorf("an unknown member: %v", err)
	}
}
