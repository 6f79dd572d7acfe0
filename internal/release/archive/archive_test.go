package archive

import (
	"archive/tar"
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go3s/rules_go3s/internal/release/fileset"
	"github.com/go3s/rules_go3s/internal/release/index"
)

var date = time.Date(2026, 1, 2, 3, 4, 6, 0, time.UTC)

func sample(t *testing.T) *fileset.Set {
	t.Helper()
	set := &fileset.Set{}
	for _, f := range []fileset.File{
		{Path: "tool_1/bin/tool", Mode: 0o755, Data: bytes.Repeat([]byte("program "), 5000)},
		{Path: "tool_1/README.md", Mode: 0o644, Data: []byte("# Tool\n")},
		{Path: "tool_1/share/doc/" + strings.Repeat("long/", 60) + "x", Mode: 0o644}, // needs a PAX header in a tar
	} {
		if err := set.Add(f); err != nil {
			t.Fatal(err)
		}
	}
	return set
}

func TestRoundTrip(t *testing.T) {
	for _, format := range Formats {
		data, err := Write(format, sample(t), date)
		if err != nil {
			t.Fatalf("%s: %v", format, err)
		}
		c, err := Read(format, data)
		if err != nil {
			t.Fatalf("%s: %v", format, err)
		}
		if !c.Date.Equal(date) {
			t.Errorf("%s: date %v, want %v", format, c.Date, date)
		}
		if !slices.EqualFunc(c.Set.Files(), sample(t).Files(), func(a, b fileset.File) bool {
			return a.Path == b.Path && a.Mode == b.Mode && bytes.Equal(a.Data, b.Data)
		}) {
			t.Errorf("%s: read other files than were written", format)
		}
		if FormatOf("x."+format) != format {
			t.Errorf("FormatOf(x.%s) = %q", format, FormatOf("x."+format))
		}
	}
}

// TestPinnedBytes holds the bytes to those of the compressor's version: a release is made again years later, by another Go.
func TestPinnedBytes(t *testing.T) {
	for format, want := range map[string]string{
		"tar.gz":  "f9673ceed329706d1f128c70422cb451723bc16dc039005bddd8b3f3bb613b8a",
		"tar.zst": "81bcc4eb1378e07cea33bae40c756ae78b4c302c0d8af0b7a727770a7fbe7582",
		"zip":     "3699eba2a0ce1832aee0853dbeb2c3dc9c089758fb18d1e78393bc757d2fa43a",
	} {
		data, err := Write(format, sample(t), date)
		if err != nil {
			t.Fatal(err)
		}
		if got := index.Sum(data); got != want {
			t.Errorf("%s: SHA-256 is %s, want %s: was another version of the compressor chosen?", format, got, want)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	header := func(h tar.Header) []byte {
		var buf bytes.Buffer
		w := tar.NewWriter(&buf)
		h.ModTime = date
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		out, err := Gzip(buf.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	good, err := Write("tar.gz", sample(t), date)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		data []byte
		want string
	}{
		{"link", header(tar.Header{Typeflag: tar.TypeSymlink, Name: "a", Linkname: "/etc/passwd"}), "want files and folders"},
		{"owner", header(tar.Header{Typeflag: tar.TypeReg, Name: "a", Uid: 1000}), "want 0:0"},
		{"setuid", header(tar.Header{Typeflag: tar.TypeReg, Name: "a", Mode: 0o4755}), "permission bits alone"},
		{"parent", header(tar.Header{Typeflag: tar.TypeReg, Name: "a/../../b"}), "want a relative path"},
		{"absolute", header(tar.Header{Typeflag: tar.TypeReg, Name: "/b"}), "want a relative path"},
		{"folder", header(tar.Header{Typeflag: tar.TypeDir, Name: "a/", Mode: 0o777}), "want 0755"},
		{"second stream", append(slices.Clone(good), good...), "follow the stream"},
		{"cut", good[:len(good)-5], "gzip"},
		{"empty", nil, "gzip"},
	} {
		if _, err := Read("tar.gz", test.data); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want one with %q", test.name, err, test.want)
		}
	}
	if _, err := Write("zip", sample(t), time.Unix(0, 0)); err == nil || !strings.Contains(err.Error(), "1980") {
		t.Errorf("zip of 1970: error %v, want one with 1980", err)
	}
	if _, err := Write("rar", sample(t), date); err == nil || !strings.Contains(err.Error(), "tar.gz, tar.zst, zip") {
		t.Errorf("rar: error %v, want one with the formats", err)
	}
}
