package verify

import (
	"bytes"
	"errors"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/go3s/rules_go3s/internal/release/archive"
	"github.com/go3s/rules_go3s/internal/release/fileset"
	"github.com/go3s/rules_go3s/internal/release/index"
	"github.com/go3s/rules_go3s/internal/release/oci"
	"github.com/go3s/rules_go3s/internal/release/provenance"
	"github.com/go3s/rules_go3s/internal/release/releasetest"
	"github.com/go3s/rules_go3s/internal/release/signature"
)

// otherKey is a key that the verifier does not trust.
const otherKey = `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIP8BAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f
-----END PRIVATE KEY-----
`

// A tampered is a release that somebody changes.
type tampered struct {
	t     *testing.T
	files map[string][]byte
	extra fstest.MapFS // what is no regular file
}

const (
	spdxFile = "some_1.2.3.spdx.json"
	cdxFile  = "some_1.2.3.cdx.json"
	listFile = "some_1.2.3.licenses.json"
	linkFile = "some_1.2.3.linkcheck.json"
	provFile = "some_1.2.3.intoto.json"
	tarFile  = "some_1.2.3_linux_arm64.tar.gz"
	debFile  = "some_1.2.3-1_arm64.deb"
	rpmFile  = "some-1.2.3-1.aarch64.rpm"
)

// edit replaces text in a file. It is there, or the test would prove nothing.
func (r *tampered) edit(path, old, replacement string) {
	r.t.Helper()
	if !bytes.Contains(r.files[path], []byte(old)) {
		r.t.Fatalf("%s: has no %q to tamper with", path, old)
	}
	r.files[path] = bytes.Replace(r.files[path], []byte(old), []byte(replacement), 1)
}

// index changes release.json and nothing else.
func (r *tampered) index(change func(x *index.Index)) {
	r.t.Helper()
	var x index.Index
	if err := index.Decode(r.files[index.Name], &x); err != nil {
		r.t.Fatal(err)
	}
	change(&x)
	text, err := x.JSON()
	if err != nil {
		r.t.Fatal(err)
	}
	r.files[index.Name] = text
}

// resum puts the sums of all files into release.json, and into the provenance those of its subjects.
func (r *tampered) resum() {
	r.t.Helper()
	s, err := provenance.Parse(r.files[provFile])
	if err != nil {
		r.t.Fatal(err)
	}
	for _, subject := range s.Subject {
		subject.Digest["sha256"] = index.Sum(r.files[subject.Name])
	}
	if r.files[provFile], err = index.Encode(s); err != nil {
		r.t.Fatal(err)
	}
	r.reindex()
}

// reindex puts the sums of all files into release.json.
func (r *tampered) reindex() {
	r.index(func(x *index.Index) {
		for i, f := range x.Files {
			x.Files[i].SHA256, x.Files[i].Size = index.Sum(r.files[f.Path]), int64(len(r.files[f.Path]))
		}
	})
	r.resign(releasetest.Key)
}

// resign writes SHA256SUMS and signs it: whoever tampers has all that the publisher has.
func (r *tampered) resign(private string) {
	r.t.Helper()
	sums := map[string]string{}
	for path, data := range r.files {
		if path != index.Sums && !strings.HasPrefix(path, index.Sums+".") && !strings.HasSuffix(path, index.Bundle) {
			sums[path] = index.Sum(data)
		}
	}
	r.files[index.Sums] = index.FormatSums(sums)
	r.sign(private)
}

func (r *tampered) sign(private string) {
	r.t.Helper()
	key, err := signature.ParsePrivate("key", []byte(private))
	if err != nil {
		r.t.Fatal(err)
	}
	signatures, err := signature.Release(key, "some 1.2.3", r.files[index.Sums], provFile, r.files[provFile])
	if err != nil {
		r.t.Fatal(err)
	}
	maps.Copy(r.files, signatures)
}

// rearchive changes the files of an archive.
func (r *tampered) rearchive(path string, date time.Time, change func(f *fileset.File)) {
	r.t.Helper()
	format := archive.FormatOf(path)
	c, err := archive.Read(format, r.files[path])
	if err != nil {
		r.t.Fatal(err)
	}
	if date.IsZero() {
		date = c.Date
	}
	if r.files[path], err = archive.Write(format, r.changed(&c.Set, change), date); err != nil {
		r.t.Fatal(err)
	}
	r.resum()
}

func (r *tampered) changed(set *fileset.Set, change func(f *fileset.File)) *fileset.Set {
	out := &fileset.Set{}
	for _, f := range set.Files() {
		f.Data = bytes.Clone(f.Data)
		change(&f)
		if err := out.Add(f); err != nil {
			r.t.Fatal(err)
		}
	}
	return out
}

// reimage makes the image again from changed layers and another configuration. All digests are right.
func (r *tampered) reimage(config func(c *oci.Config), change func(arch string, set *fileset.Set) *fileset.Set) {
	r.t.Helper()
	layout := map[string][]byte{}
	for path, data := range r.files {
		if rest, ok := strings.CutPrefix(path, index.ImageFolder+"/"); ok {
			layout[rest] = data
			delete(r.files, path)
		}
	}
	l, err := oci.Read(layout)
	if err != nil {
		r.t.Fatal(err)
	}
	c := oci.Config{Entrypoint: l.Images[0].Config.Config.Entrypoint}
	config(&c)
	var images []oci.Image
	for _, image := range l.Images {
		images = append(images, oci.Image{Platform: image.Platform, Files: change(image.Platform.Architecture, &image.Files)})
	}
	made, digest, err := oci.Build(&c, &fileset.Set{}, images, l.Ref, time.Unix(1767323046, 0).UTC())
	if err != nil {
		r.t.Fatal(err)
	}
	s, err := provenance.Parse(r.files[provFile])
	if err != nil {
		r.t.Fatal(err)
	}
	s.Subject = slices.DeleteFunc(s.Subject, func(o provenance.Resource) bool { return strings.HasPrefix(o.Name, index.ImageFolder+"/") })
	r.index(func(x *index.Index) {
		x.Image.Digest = digest.String()
		x.Files = slices.DeleteFunc(x.Files, func(f index.File) bool { return f.Kind == index.KindImage })
		for path, data := range made {
			path = index.ImageFolder + "/" + path
			r.files[path] = data
			x.Files = append(x.Files, index.File{Path: path, Kind: index.KindImage})
			s.Subject = append(s.Subject, provenance.Resource{Name: path, Digest: map[string]string{"sha256": ""}})
		}
		slices.SortFunc(x.Files, func(a, b index.File) int { return strings.Compare(a.Path, b.Path) })
	})
	slices.SortFunc(s.Subject, func(a, b provenance.Resource) int { return strings.Compare(a.Name, b.Name) })
	if r.files[provFile], err = index.Encode(s); err != nil {
		r.t.Fatal(err)
	}
	r.resum()
}

// backdoor changes a byte of every program, in its text.
func backdoor(f *fileset.File) {
	if strings.Contains(f.Path, "bin/") {
		f.Data[len(f.Data)/3] ^= 1
	}
}

// tamperings are what the checks must refuse. But for the first ones, whoever tampers also puts sums, index, provenance and signatures
// right, so that one check alone can find it: without that check the release would be accepted.
var tamperings = []struct {
	name   string
	tamper func(r *tampered)
	checks string // that refuse, apart from those that then lack something
	want   string // in an error
}{
	{"a named pipe", func(r *tampered) {
		r.extra["pipe"] = &fstest.MapFile{Mode: fs.ModeNamedPipe}
	}, "files", "pipe: it is no regular file"},
	{"a file more", func(r *tampered) { r.files["install.sh"] = []byte("curl") }, "sums", "install.sh: SHA256SUMS does not name it"},
	{"a bundle of a file that is not signed", func(r *tampered) {
		r.files[cdxFile+index.Bundle] = r.files[provFile+index.Bundle]
	}, "sums", "SHA256SUMS does not name it"},
	{"a file less", func(r *tampered) { delete(r.files, debFile) }, "sums index", debFile + ": SHA256SUMS names it, and it is missing"},
	{"an archive changed", func(r *tampered) { r.files[tarFile] = append(r.files[tarFile], 0) }, "sums index", tarFile + ": its SHA-256"},
	{"sums changed", func(r *tampered) { r.edit(index.Sums, "  "+tarFile, "  ./"+tarFile) }, "sums signatures", "line"},
	{"sums in upper case", func(r *tampered) {
		r.files[index.Sums] = []byte(strings.ToUpper(string(r.files[index.Sums][:64])) + string(r.files[index.Sums][64:]))
		r.sign(releasetest.Key)
	}, "sums", "lower case"},
	{"a path out of the folder in sums", func(r *tampered) {
		r.files[index.Sums] = append([]byte(strings.Repeat("0", 64)+"  ../evil\n"), r.files[index.Sums]...)
		r.sign(releasetest.Key)
	}, "sums", "a path inside the release"},
	{"another key", func(r *tampered) { r.resign(otherKey) }, "signatures", "key"},
	{"no minisign signature", func(r *tampered) { delete(r.files, "SHA256SUMS.minisig") }, "signatures", "no such signature"},
	{"no SSH signature", func(r *tampered) { delete(r.files, "SHA256SUMS.sig") }, "signatures", "no such signature"},
	{"no bundle", func(r *tampered) { delete(r.files, provFile+index.Bundle) }, "signatures", "no such signature"},
	{"another trusted comment", func(r *tampered) {
		r.edit("SHA256SUMS.minisig", "some 1.2.3", "some 1.2.4")
	}, "signatures", "trusted comment"},
	{"a bundle of another statement", func(r *tampered) {
		key, err := signature.ParsePrivate("key", []byte(releasetest.Key))
		if err != nil {
			r.t.Fatal(err)
		}
		if r.files[provFile+index.Bundle], err = key.Bundle(signature.InToto, []byte("{}")); err != nil {
			r.t.Fatal(err)
		}
	}, "signatures", "another provenance"},
	{"a file that the index does not name", func(r *tampered) { r.files["extra"] = nil; r.resum() }, "index", "it does not name extra"},
	{"an index with a key more", func(r *tampered) {
		r.edit(index.Name, `"schema"`, `"note": 1, "schema"`)
		r.resign(releasetest.Key)
	}, "index", "note"},
	{"an index of another schema", func(r *tampered) {
		r.edit(index.Name, `"schema": 1`, `"schema": 2`)
		r.resign(releasetest.Key)
	}, "index", "schema is 2"},
	{"a program twice", func(r *tampered) {
		r.index(func(x *index.Index) { x.Programs = append(x.Programs, x.Programs[0]) })
		r.resign(releasetest.Key)
	}, "index", "is there twice"},
	{"a program with a back door in one archive", func(r *tampered) {
		r.rearchive(tarFile, time.Time{}, backdoor)
	}, "archives", "as release.json says"},
	{"another README in one archive", func(r *tampered) {
		r.rearchive("some_1.2.3_linux_arm64.zip", time.Time{}, func(f *fileset.File) {
			if strings.HasSuffix(f.Path, "README.md") {
				f.Data = []byte("# Other\n")
			}
		})
	}, "archives", "in another way"},
	{"a program that everybody may write", func(r *tampered) {
		r.rearchive("some_1.2.3_linux_riscv64.zip", time.Time{}, func(f *fileset.File) { f.Mode |= 0o022 })
	}, "archives", "mode"},
	{"an archive of another date", func(r *tampered) {
		r.rearchive("some_1.2.3_linux_riscv64.zip", time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), func(*fileset.File) {})
	}, "archives", "its files are of 2000"},
	{"bytes after an archive", func(r *tampered) {
		r.files[tarFile] = append(r.files[tarFile], "evil"...)
		r.resum()
	}, "archives", "follow the stream"},
	{"a Debian package with a back door", func(r *tampered) {
		p := releasetest.Package("arm64")
		c, err := archive.ReadDeb(p, r.files[debFile])
		if err != nil {
			r.t.Fatal(err)
		}
		if r.files[debFile], err = archive.Deb(p, r.changed(&c.Set, backdoor), c.Date); err != nil {
			r.t.Fatal(err)
		}
		r.resum()
	}, "packages", debFile},
	{"an RPM package that says something else", func(r *tampered) {
		p := releasetest.Package("arm64")
		date := time.Unix(1767323046, 0)
		c, err := archive.ReadRPM(p, r.files[rpmFile], date)
		if err != nil {
			r.t.Fatal(err)
		}
		p.Summary = "other programs"
		if r.files[rpmFile], err = archive.RPM(p, &c.Set, date); err != nil {
			r.t.Fatal(err)
		}
		r.resum()
	}, "packages", "headers"},
	{"an image with a back door", func(r *tampered) {
		r.reimage(func(*oci.Config) {}, func(_ string, set *fileset.Set) *fileset.Set { return r.changed(set, backdoor) })
	}, "image", "is not the program"},
	{"an image with a file more", func(r *tampered) {
		r.reimage(func(*oci.Config) {}, func(_ string, set *fileset.Set) *fileset.Set {
			if err := set.Add(fileset.File{Path: "etc/crontab", Mode: 0o644}); err != nil {
				r.t.Fatal(err)
			}
			return set
		})
	}, "image", "etc/crontab"},
	{"an image that starts something else", func(r *tampered) {
		r.reimage(func(c *oci.Config) { c.Entrypoint = []string{"/bin/sh"} }, func(_ string, set *fileset.Set) *fileset.Set { return set })
	}, "image", "entry point"},
	{"a blob that no image names", func(r *tampered) {
		path := index.ImageFolder + "/blobs/sha256/" + index.Sum([]byte("evil"))
		r.files[path] = []byte("evil")
		r.index(func(x *index.Index) {
			x.Files = append(x.Files, index.File{Path: path, Kind: index.KindImage})
			slices.SortFunc(x.Files, func(a, b index.File) int { return strings.Compare(a.Path, b.Path) })
		})
		s, err := provenance.Parse(r.files[provFile])
		if err != nil {
			r.t.Fatal(err)
		}
		s.Subject = append(s.Subject, provenance.Resource{Name: path, Digest: map[string]string{"sha256": ""}})
		slices.SortFunc(s.Subject, func(a, b provenance.Resource) int { return strings.Compare(a.Name, b.Name) })
		if r.files[provFile], err = index.Encode(s); err != nil {
			r.t.Fatal(err)
		}
		r.resum()
	}, "image", "nothing in the image layout names"},
	{"another digest of the image", func(r *tampered) {
		r.index(func(x *index.Index) { x.Image.Digest = "sha256:" + strings.Repeat("0", 64) })
		r.resum()
	}, "image", "and release.json says"},
	{"a program said to be a PIE", func(r *tampered) {
		r.index(func(x *index.Index) { x.Programs[0].Mode = "static-pie" })
		r.edit(provFile, "linux_amd64 exe", "linux_amd64 static-pie")
		r.resum()
	}, "programs", "ELF type"},
	{"a licence table without a module", func(r *tampered) {
		r.edit(listFile, `"path": "golang.org/x/mod"`, `"path": "golang.org/x/mood"`)
		r.resum()
	}, "licences", "want the"},
	{"SPDX with another version", func(r *tampered) {
		r.edit(spdxFile, `"versionInfo": "v0.`, `"versionInfo": "v9.`)
		r.resum()
	}, "spdx", "package URL"},
	{"SPDX with another licence", func(r *tampered) {
		r.edit(spdxFile, `"licenseDeclared": "BSD-3-Clause"`, `"licenseDeclared": "MIT"`)
		r.resum()
	}, "spdx", "under MIT"},
	{"SPDX with another sum of a module", func(r *tampered) { r.edit(spdxFile, `go.sum: h1:`, `go.sum: h1:0`); r.resum() }, "spdx", "h1:0"},
	{"SPDX without a module", func(r *tampered) { r.edit(spdxFile, "STATIC_LINK", "CONTAINS"); r.resum() }, "spdx", "relationship"},
	{"CycloneDX of another program", func(r *tampered) {
		r.edit(cdxFile, `"content": "`, `"content": "00`)
		r.resum()
	}, "cyclonedx", "SHA-256 00"},
	{"CycloneDX without a licence", func(r *tampered) {
		r.edit(cdxFile, `"expression": "BSD-3-Clause"`, `"expression": "MIT"`)
		r.resum()
	}, "cyclonedx", "under MIT"},
	{"CycloneDX with a program for another platform", func(r *tampered) {
		r.edit(cdxFile, `"value": "linux_arm64"`, `"value": "linux_mips"`)
		r.resum()
	}, "cyclonedx", "linux_mips"},
	{"linkcheck's report on another file", func(r *tampered) {
		r.edit(linkFile, `"sha256": "`, `"sha256": "00`)
		r.resum()
	}, "linkcheck", "another file"},
	{"linkcheck's report without a rule", func(r *tampered) {
		r.edit(linkFile, `"no-interpreter"`, `"no-interpretor"`)
		r.resum()
	}, "linkcheck", "lacks rule no-interpreter"},
	{"linkcheck's report with an error", func(r *tampered) {
		r.edit(linkFile, `"status": "pass"`, `"status": "finding", "findings": [{"subject": "x", "detail": "y"}]`)
		r.resum()
	}, "linkcheck", "the report has an error"},
	{"a program that breaks its profile", func(r *tampered) {
		r.index(func(x *index.Index) { x.Programs[0].Profile = "static-pie" })
		r.edit(linkFile, `"profile": "static"`, `"profile": "static-pie"`)
		r.edit(linkFile, `"id": "type-exec"`, `"id": "type-dyn"`)
		r.resum()
	}, "linkcheck", "type-dyn"},
	{"provenance without a subject", func(r *tampered) {
		s, err := provenance.Parse(r.files[provFile])
		if err != nil {
			r.t.Fatal(err)
		}
		s.Subject = s.Subject[1:]
		if r.files[provFile], err = index.Encode(s); err != nil {
			r.t.Fatal(err)
		}
		r.reindex()
	}, "provenance", "subject"},
	{"provenance of other bytes", func(r *tampered) {
		r.edit(provFile, `"sha256": "`, `"sha256": "00`)
		r.reindex()
	}, "provenance", "subject"},
	{"provenance of another target", func(r *tampered) {
		r.edit(provFile, "//some:release", "//other:release")
		r.resum()
	}, "provenance", "externalParameters"},
	{"provenance with another module", func(r *tampered) {
		r.edit(provFile, "golang.org/x/mod@v0", "golang.org/x/mod@v9")
		r.resum()
	}, "provenance", "resolvedDependencies"},
}

func TestTampering(t *testing.T) {
	original := releasetest.New(t).Make(t)
	public, err := signature.ParsePublic("key", []byte(releasetest.Public))
	if err != nil {
		t.Fatal(err)
	}
	check := func(t *testing.T, r *tampered, options Options) (refused []string, text string) {
		t.Helper()
		fsys := maps.Clone(r.extra)
		for path, data := range r.files {
			fsys[path] = &fstest.MapFile{Data: data, Mode: 0o444}
		}
		results, err := Dir(fsys, options)
		if err != nil {
			t.Fatal(err)
		}
		for _, result := range results {
			if result.Err != nil && !errors.Is(result.Err, errNeeded) {
				refused = append(refused, result.Name)
				text += result.Name + ": " + result.Err.Error() + "\n"
			}
		}
		if Accepted(results) != (len(refused) == 0) {
			t.Error("a check that was not made is taken for a check that found nothing")
		}
		return refused, text
	}
	fresh := func(t *testing.T) *tampered { return &tampered{t, maps.Clone(original), fstest.MapFS{}} }

	if refused, text := check(t, fresh(t), Options{Key: &public}); refused != nil {
		t.Fatalf("the release is refused as it is:\n%s", text)
	}
	// Putting right what nobody changed must make no difference, or the tamperings below would be found by that.
	again := fresh(t)
	again.resum()
	if refused, text := check(t, again, Options{Key: &public}); refused != nil {
		t.Fatalf("the release is refused with its sums made once more:\n%s", text)
	}
	alone := map[string]bool{}
	for _, tampering := range tamperings {
		t.Run(tampering.name, func(t *testing.T) {
			r := fresh(t)
			tampering.tamper(r)
			refused, text := check(t, r, Options{Key: &public})
			if got := strings.Join(refused, " "); got != tampering.checks || !strings.Contains(text, tampering.want) {
				t.Errorf("refused by %q, want %q, by an error with %q; errors:\n%s", got, tampering.checks, tampering.want, text)
			}
			if len(refused) == 1 {
				alone[refused[0]] = true
			}
		})
	}
	t.Run("OpenPGP", func(t *testing.T) { testOpenPGP(t, check, fresh(t)) })
	for _, c := range checks {
		if !alone[c.name] {
			t.Errorf("no tampering is found by the check %s alone: it could be removed, and no test would fail", c.name)
		}
	}
	if len(tamperings) < 25 {
		t.Errorf("%d tamperings, want 25", len(tamperings))
	}
}

// testOpenPGP: with a key, the release has a signature of its sums by it.
func testOpenPGP(t *testing.T, check func(*testing.T, *tampered, Options) ([]string, string), r *tampered) {
	read := func(name string) []byte {
		t.Helper()
		data, err := os.ReadFile("../../../examples/release/files/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	key, err := signature.ParseOpenPGPPrivate("key", read("test_only_openpgp_key.asc"))
	if err != nil {
		t.Fatal(err)
	}
	public, err := signature.ParseOpenPGPPublic("key", read("test_only_openpgp_key.pub.asc"))
	if err != nil {
		t.Fatal(err)
	}
	good, err := key.Sign(r.files[index.Sums], time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	other, err := key.Sign([]byte("other sums"), time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		sig  []byte
		want string
	}{
		"good":    {good, ""},
		"missing": {nil, "SHA256SUMS.asc: there is no such signature"},
		"other":   {other, "SHA256SUMS.asc: OpenPGP: "},
	} {
		if test.sig == nil {
			delete(r.files, index.Sums+index.OpenPGP)
		} else {
			r.files[index.Sums+index.OpenPGP] = test.sig
		}
		refused, text := check(t, r, Options{OpenPGP: public})
		if (refused == nil) != (test.want == "") || !strings.Contains(text, test.want) {
			t.Errorf("%s: refused by %q, want an error with %q; errors:\n%s", name, refused, test.want, text)
		}
	}
}
