package archive

import (
	"bytes"
	"crypto/md5"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/go3s/rules_go3s/internal/machine"
	"github.com/go3s/rules_go3s/internal/release/fileset"
	"github.com/go3s/rules_go3s/internal/release/index"
)

// A Package describes a package of a distribution.
type Package struct {
	index.Package
	Version string
	GOARCH  string
}

var debNameRE = regexp.MustCompile(`^[a-z0-9][a-z0-9+.-]+$`)

// Check returns what is wrong with p.
func (p *Package) Check() error {
	if !debNameRE.MatchString(p.Name) {
		return fmt.Errorf("package name %q: want two or more lower case letters, digits, \"+\", \".\" and \"-\"", p.Name)
	}
	if p.Version == "" || p.Version[0] < '0' || p.Version[0] > '9' {
		return fmt.Errorf("package version %q: want one that begins with a digit", p.Version)
	}
	if strings.TrimSpace(p.Summary) == "" {
		return errors.New("package_summary: want one line that says what the package is")
	}
	for name, text := range map[string]string{
		"package_maintainer": p.Maintainer,
		"package_summary":    p.Summary,
		"package_homepage":   p.Homepage,
		"license":            p.Licence,
	} {
		if strings.Contains(text, "\n") {
			return fmt.Errorf("%s: %q has a newline, want one line", name, text)
		}
	}
	if !strings.Contains(p.Maintainer, "<") {
		return fmt.Errorf("package_maintainer: %q: want \"NAME <ADDRESS>\"", p.Maintainer)
	}
	return nil
}

// DebName returns the file name of the Debian package.
func (p *Package) DebName() string {
	return fmt.Sprintf("%s_%s_%s.deb", p.Name, p.debVersion(), machine.Of(p.GOARCH).Debian)
}

// debVersion is the version with the Debian revision 1: a "-" in the version would begin one.
func (p *Package) debVersion() string { return strings.ReplaceAll(p.Version, "-", "~") + "-1" }

// control returns the control file (deb-control(5)).
func (p *Package) control(set *fileset.Set) string {
	size := 0
	for _, f := range set.Files() {
		size += (len(f.Data) + 1023) / 1024
	}
	var b strings.Builder
	field := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%s: %s\n", name, value)
		}
	}
	field("Package", p.Name)
	field("Version", p.debVersion())
	field("Architecture", machine.Of(p.GOARCH).Debian)
	field("Maintainer", p.Maintainer)
	field("Installed-Size", strconv.Itoa(size))
	field("Section", "utils")
	field("Priority", "optional")
	field("Homepage", p.Homepage)
	field("Description", p.Summary)
	for line := range strings.Lines(p.Description) {
		line = strings.TrimRight(line, " \n")
		if line == "" {
			line = "."
		}
		fmt.Fprintf(&b, " %s\n", line)
	}
	return b.String()
}

// md5sums returns the file that dpkg --verify reads.
func md5sums(set *fileset.Set) string {
	var b strings.Builder
	for _, f := range set.Files() {
		fmt.Fprintf(&b, "%x  %s\n", md5.Sum(f.Data), f.Path)
	}
	return b.String()
}

// Deb returns a Debian package (deb(5)): an ar archive of a version, a control archive and a data archive.
func Deb(p *Package, set *fileset.Set, date time.Time) ([]byte, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	if machine.Of(p.GOARCH) == nil {
		return nil, fmt.Errorf("deb: no name for GOARCH %q", p.GOARCH)
	}
	control := &fileset.Set{}
	for name, text := range map[string]string{"control": p.control(set), "md5sums": md5sums(set)} {
		if err := control.Add(fileset.File{Path: name, Mode: 0o644, Data: []byte(text)}); err != nil {
			return nil, err
		}
	}
	out := []byte(arMagic)
	for _, member := range []struct {
		name string
		set  *fileset.Set
	}{{"debian-binary", nil}, {"control.tar.gz", control}, {"data.tar.gz", set}} {
		data := []byte("2.0\n")
		if member.set != nil {
			var tar bytes.Buffer
			if err := WriteDotTar(&tar, member.set, date); err != nil {
				return nil, err
			}
			var err error
			if data, err = Gzip(tar.Bytes()); err != nil {
				return nil, err
			}
		}
		out = fmt.Appendf(out, "%-16s%-12d%-6d%-6d%-8o%-10d`\n", member.name, date.Unix(), 0, 0, 0o100644, len(data))
		out = append(out, data...)
		if len(data)%2 == 1 {
			out = append(out, '\n')
		}
	}
	return out, nil
}

const (
	arMagic  = "!<arch>\n"
	arHeader = 60 // bytes
)

// ReadDeb returns what a Debian package of Deb installs. It wants the control files that Deb writes for p and those files, and no others:
// scripts would run at installation.
func ReadDeb(p *Package, data []byte) (*Contents, error) {
	rest, ok := bytes.CutPrefix(data, []byte(arMagic))
	if !ok {
		return nil, errors.New("deb: no ar archive")
	}
	var members [][]byte
	for _, want := range []string{"debian-binary", "control.tar.gz", "data.tar.gz"} {
		if len(rest) < arHeader {
			return nil, fmt.Errorf("deb: %d bytes are left, want member %s", len(rest), want)
		}
		name, size := strings.TrimRight(string(rest[:16]), " "), strings.TrimRight(string(rest[48:58]), " ")
		n, err := strconv.Atoi(size)
		if name != want || err != nil || n < 0 || n > len(rest)-arHeader {
			return nil, fmt.Errorf("deb: found member %q of %q bytes, want %s", name, size, want)
		}
		members = append(members, rest[arHeader:][:n])
		rest = rest[min(len(rest), arHeader+n+n%2):]
	}
	if len(rest) != 0 || string(members[0]) != "2.0\n" {
		return nil, errors.New("deb: want version 2.0 and three members")
	}
	control, err := readCompressedTar(members[1], gunzip)
	if err != nil {
		return nil, fmt.Errorf("deb: control.tar.gz: %w", err)
	}
	contents, err := readCompressedTar(members[2], gunzip)
	if err != nil {
		return nil, fmt.Errorf("deb: data.tar.gz: %w", err)
	}
	files := control.Set.Files()
	if len(files) != 2 || files[0].Path != "control" || files[1].Path != "md5sums" {
		return nil, errors.New("deb: control.tar.gz: want control and md5sums alone: what runs at installation is no part of a release")
	}
	if string(files[0].Data) != p.control(&contents.Set) {
		return nil, errors.New("deb: control is not what the release says of the package and its files")
	}
	if string(files[1].Data) != md5sums(&contents.Set) {
		return nil, errors.New("deb: md5sums are not those of the files")
	}
	return contents, nil
}
