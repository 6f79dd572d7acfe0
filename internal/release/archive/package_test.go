package archive

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/release/fileset"
	"github.com/go3s/rules_go3s/internal/release/index"
)

func samplePackage() *Package {
	return &Package{
		Version: "1.2.3-rc1",
		GOARCH:  "riscv64",
		Package: index.Package{
			Name:        "tool",
			Maintainer:  "A Maintainer <a@example.com>",
			Summary:     "a tool",
			Description: "It does something.\n\nAnd more.",
			Licence:     "Apache-2.0",
		},
	}
}

func TestPackages(t *testing.T) {
	set := sample(t).Under("usr")
	for _, kind := range []struct {
		name  string
		write func(p *Package) ([]byte, error)
		read  func(p *Package, data []byte) (*Contents, error)
	}{
		{"deb", func(p *Package) ([]byte, error) { return Deb(p, set, date) }, ReadDeb},
		{
			"rpm", func(p *Package) ([]byte, error) { return RPM(p, set, date) },
			func(p *Package, data []byte) (*Contents, error) { return ReadRPM(p, data, date) },
		},
	} {
		data, err := kind.write(samplePackage())
		if err != nil {
			t.Fatalf("%s: %v", kind.name, err)
		}
		c, err := kind.read(samplePackage(), data)
		if err != nil {
			t.Fatalf("%s: %v", kind.name, err)
		}
		if !slices.EqualFunc(c.Set.Files(), set.Files(), func(a, b fileset.File) bool {
			return a.Path == b.Path && a.Mode == b.Mode && bytes.Equal(a.Data, b.Data)
		}) || !c.Date.Equal(date) {
			t.Errorf("%s: read other files than were written", kind.name)
		}
		other := samplePackage()
		other.Summary = "another tool"
		if _, err := kind.read(other, data); err == nil {
			t.Errorf("%s: a package with another summary is accepted", kind.name)
		}
		for off := 0; off < len(data); off += 1 + len(data)/200 {
			if _, err := kind.read(samplePackage(), data[:off]); err == nil {
				t.Errorf("%s: the first %d of %d bytes are accepted", kind.name, off, len(data))
			}
		}
	}
}

func TestPackageRefused(t *testing.T) {
	for _, test := range []struct {
		change func(p *Package)
		want   string
	}{
		{func(p *Package) { p.Name = "Tool" }, "lower case"},
		{func(p *Package) { p.Version = "v1" }, "begins with a digit"},
		{func(p *Package) { p.Summary = " " }, "package_summary"},
		{func(p *Package) { p.Maintainer = "someone" }, "NAME <ADDRESS>"},
		{func(p *Package) { p.Homepage = "x\nDepends: y" }, "newline"},
		{func(p *Package) { p.GOARCH = "mips" }, "mips"},
		{func(p *Package) { p.Licence = "" }, "license"},
	} {
		p := samplePackage()
		test.change(p)
		if _, err := RPM(p, sample(t), date); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("error %v, want one with %q", err, test.want)
		}
	}
}
