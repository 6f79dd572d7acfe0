package release

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/sassoftware/go-rpmutils"
)

// A release is what the attributes of a go_release must bring about.
type release struct {
	variable string // names the folder
	date     time.Time
	builder  string
	image    v1.Config
	files    []string // of the image that all platforms share
}

func releases(t *testing.T) map[string]release {
	t.Helper()
	return map[string]release{
		"//examples/release": {
			variable: "RELEASE",
			date:     time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC),
			builder:  "https://example.com/builders/release",
			image: v1.Config{
				Entrypoint:   []string{"/usr/bin/latest"},
				Cmd:          []string{"v1.0.0", "v1.10.0", "v1.9.0"},
				Env:          []string{"LANG=C.UTF-8"},
				Labels:       map[string]string{"org.opencontainers.image.title": "example"},
				ExposedPorts: map[string]struct{}{"8080/tcp": {}},
				StopSignal:   "SIGINT",
				User:         "65532:65532",
				WorkingDir:   "/usr/share/example",
			},
			files: []string{"etc/group", "etc/passwd", "etc/ssl/certs/ca-certificates.crt", "usr/share/zoneinfo/Europe/Paris"},
		},
		"//release": {
			variable: "OWN_RELEASE",
			date:     ownDate(t),
			builder:  "https://github.com/go3s/rules_go3s/blob/main/docs/releases.md#builder",
			image: v1.Config{
				Entrypoint: []string{"/usr/bin/linkcheck"},
				Labels: map[string]string{
					"org.opencontainers.image.licenses": "Apache-2.0",
					"org.opencontainers.image.source":   "https://github.com/go3s/rules_go3s",
					"org.opencontainers.image.title":    "linkcheck",
				},
				User:       "65532:65532",
				WorkingDir: "/work",
			},
			files: []string{"usr/bin/elfsign", "usr/bin/execguard", "usr/bin/golink", "usr/bin/uki"},
		},
	}
}

// ownDate returns the date that //release has in its BUILD file, where cutting a version writes it.
func ownDate(t *testing.T) time.Time {
	t.Helper()
	text, err := os.ReadFile("../../release/BUILD.bazel")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`source_date_epoch = (\d+),`).FindSubmatch(text)
	if m == nil {
		t.Fatal("//release has no source_date_epoch")
	}
	seconds, err := strconv.ParseInt(string(m[1]), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return time.Unix(seconds, 0).UTC()
}

func TestValues(t *testing.T) {
	for label, r := range releases(t) {
		t.Run(strings.TrimPrefix(label, "//"), func(t *testing.T) {
			dir := os.Getenv(r.variable)
			if dir == "" {
				t.Fatalf("%s is not set: build %s, and name its folder", r.variable, label)
			}
			r.images(t, dir)
			r.documents(t, dir)
			r.containers(t, dir)
		})
	}
}

// images compares the configuration of each image, and the dates in it and in its layers.
func (r *release) images(t *testing.T, dir string) {
	for arch, image := range images(t, dir) {
		config, err := image.ConfigFile()
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(config.Config, r.image) {
			t.Errorf("the image for %s has\n%+v\nwant\n%+v", arch, config.Config, r.image)
		}
		dates := dated{"created": config.Created.Time}
		for _, h := range config.History {
			dates["history of "+h.Comment] = h.Created.Time
		}
		files := mutate.Extract(image)
		defer files.Close()
		dates.tar(t, "", files)
		r.compare(t, "the image for "+arch, dates)
		for _, name := range r.files {
			if _, ok := dates[name]; !ok {
				t.Errorf("the image for %s has no /%s", arch, name)
			}
		}
	}
}

// documents compares what the documents say of builder and date.
func (r *release) documents(t *testing.T, dir string) {
	var statement struct {
		Predicate struct {
			BuildDefinition struct{ ExternalParameters struct{ Date time.Time } }
			RunDetails      struct{ Builder struct{ ID string } }
		}
	}
	var index struct{ Date time.Time }
	var spdx struct{ CreationInfo struct{ Created time.Time } }
	var cyclonedx struct{ Metadata struct{ Timestamp time.Time } }
	for pattern, value := range map[string]any{"*.intoto.json": &statement, "release.json": &index, "*.spdx.json": &spdx, "*.cdx.json": &cyclonedx} {
		if err := json.Unmarshal(read(t, dir, pattern), value); err != nil {
			t.Fatalf("%s: %v", pattern, err)
		}
	}
	if got := statement.Predicate.RunDetails.Builder.ID; got != r.builder {
		t.Errorf("the provenance has the builder %s, want %s", got, r.builder)
	}
	r.compare(t, "the document", dated{
		"provenance":   statement.Predicate.BuildDefinition.ExternalParameters.Date,
		"release.json": index.Date,
		"SPDX":         spdx.CreationInfo.Created,
		"CycloneDX":    cyclonedx.Metadata.Timestamp,
	})
}

// containers compares the dates of the files in archives and packages.
func (r *release) containers(t *testing.T, dir string) {
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]int{}
	for _, name := range files {
		dates := dated{}
		kind := filepath.Ext(name)
		switch {
		case strings.HasPrefix(filepath.Base(name), "rules_go3s-v"): // the archive of sources has its own dates
			continue
		case kind == ".gz":
			dates.gzipped(t, "", readFile(t, name))
		case kind == ".zip":
			dates.zip(t, name)
		case kind == ".deb":
			dates.deb(t, readFile(t, name))
		case kind == ".rpm":
			dates.rpm(t, readFile(t, name))
		default:
			continue
		}
		kinds[kind]++
		r.compare(t, filepath.Base(name), dates)
	}
	for _, kind := range []string{".gz", ".deb", ".rpm"} {
		if kinds[kind] != 3 {
			t.Errorf("%d files %s, want one for each platform", kinds[kind], kind)
		}
	}
}

func (r *release) compare(t *testing.T, where string, dates dated) {
	t.Helper()
	if len(dates) < 2 {
		t.Errorf("%s: %d dates, want more", where, len(dates))
	}
	for name, date := range dates {
		if !date.Equal(r.date) {
			t.Errorf("%s: %s has the date %v, want %v", where, name, date, r.date)
		}
	}
}

// dated has the date of each thing by its name.
type dated map[string]time.Time

func (d dated) tar(t *testing.T, prefix string, r io.Reader) {
	t.Helper()
	for members := tar.NewReader(r); ; {
		h, err := members.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		d[prefix+h.Name] = h.ModTime
	}
}

func (d dated) gzipped(t *testing.T, prefix string, data []byte) {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	d.tar(t, prefix, z)
}

func (d dated) zip(t *testing.T, name string) {
	t.Helper()
	z, err := zip.OpenReader(name)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	for _, f := range z.File {
		d[f.Name] = f.Modified
	}
}

// deb reads an archive of ar, of which two members are archives of tar.
func (d dated) deb(t *testing.T, data []byte) {
	t.Helper()
	const magic, header = "!<arch>\n", 60
	if !bytes.HasPrefix(data, []byte(magic)) {
		t.Fatal("the package is no archive of ar")
	}
	for data = data[len(magic):]; len(data) > 0; {
		name := strings.TrimRight(string(data[:16]), " /")
		date, err := strconv.ParseInt(strings.TrimSpace(string(data[16:28])), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		size, err := strconv.Atoi(strings.TrimSpace(string(data[48:58])))
		if err != nil {
			t.Fatal(err)
		}
		d[name] = time.Unix(date, 0)
		if strings.HasSuffix(name, ".tar.gz") {
			d.gzipped(t, name+": ", data[header:header+size])
		}
		data = data[min(header+size+size%2, len(data)):]
	}
}

func (d dated) rpm(t *testing.T, data []byte) {
	t.Helper()
	p, err := rpmutils.ReadRpm(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	built, err := p.Header.GetUint32s(rpmutils.BUILDTIME)
	if err != nil || len(built) != 1 {
		t.Fatalf("build times %v, %v", built, err)
	}
	d["build time"] = time.Unix(int64(built[0]), 0)
	files, err := p.Header.GetFiles()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		d[f.Name()] = time.Unix(int64(f.Mtime()), 0)
	}
}

// images returns the image for each architecture.
func images(t *testing.T, dir string) map[string]v1.Image {
	t.Helper()
	top, err := layout.ImageIndexFromPath(filepath.Join(dir, "image"))
	if err != nil {
		t.Fatal(err)
	}
	list, err := top.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	index, err := top.ImageIndex(list.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	manifests, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]v1.Image{}
	for _, m := range manifests.Manifests {
		if out[m.Platform.Architecture], err = index.Image(m.Digest); err != nil {
			t.Fatal(err)
		}
	}
	if len(out) != 3 {
		t.Fatalf("images for %d architectures, want 3", len(out))
	}
	return out
}

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
