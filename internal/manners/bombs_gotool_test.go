//go:build linux

package manners

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/opencontainers/go-digest"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/go3s/rules_go3s/internal/pack/packtest"
	"github.com/go3s/rules_go3s/internal/release/index"
)

// A bomb is a file of which a compressed part expands to much, and a good one of its kind.
type bomb struct {
	line string // FILE is the bomb, or its folder
	bomb string
	good string
	want string // what the command prints of the bomb
}

// What a compressed part expands to takes no memory beyond the file's size and 64 MiB, and no time: for each reader of each command that
// opens one. What the command takes for a good file is not counted.
func TestBombs(t *testing.T) {
	const (
		most   = 64 << 20
		second = time.Second // of a processor; the machine may have other work
	)
	f := prepare(t)
	for _, b := range f.bombs(t) {
		run := func(file string) (result, int64) {
			words := f.command(t, b.line, file)
			return f.run(t, nil, words[0], words[1:]...), sizeOf(t, file)
		}
		good, _ := run(b.good)
		if strings.Contains(string(good.stdout)+good.stderr, b.want) {
			t.Errorf("%s with a good file: exit code %d: %s%s", b.line, good.code, good.stdout, good.stderr)
		}
		r, size := run(b.bomb)
		if text := string(r.stdout) + r.stderr; (r.code == 0) != strings.HasPrefix(b.line, "linkcheck fips FILE") || !strings.Contains(text, b.want) {
			t.Errorf("%s with %s: exit code %d: %s, want %q", b.line, b.bomb, r.code, text, b.want)
		}
		taken := r.memory - good.memory
		t.Logf("%s with %s of %d bytes: %d bytes more than for a good file, %v", b.line, filepath.Base(b.bomb), size, taken, r.worked)
		if taken > size+most || r.worked > second {
			t.Errorf("%s with %s of %d bytes: took %d bytes more than for a good file, want at most %d more than the bomb has; and %v, want at most %v",
				b.line, b.bomb, size, taken, most, r.worked, second)
		}
	}
}

// sizeOf returns the size of a file, or of all files in a folder.
func sizeOf(t *testing.T, path string) int64 {
	t.Helper()
	size := int64(0)
	err := filepath.WalkDir(path, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		size += info.Size()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return size
}

func (f *files) bombs(t *testing.T) []bomb {
	t.Helper()
	var out []bomb
	put := func(name string, data []byte) string {
		write(t, f.in(name), string(data))
		return f.in(name)
	}

	// Packed files: as much as their size allows.
	good := f.in("packed")
	if r := f.run(t, nil, "elfstrip", "--pack=lz4", "-o", good, f.program); r.code != 0 {
		t.Fatal(r.stderr)
	}
	packed, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{6 << 20, 16 << 20} {
		file := put(fmt.Sprintf("packed.%d", size), packtest.Bomb(t, packed, size, uint64(8*size+7<<20)))
		for _, line := range []string{"linkcheck check --profile=packed FILE", "linkcheck syscalls FILE", "linkcheck sizes --report=OUT a=FILE",
			"elfstrip --unpack -o OUT FILE"} {
			out = append(out, bomb{line, file, good, "the file is damaged"})
		}
		out = append(out, bomb{"linkcheck fips FILE", file, good, "the file is damaged"})
	}

	// Streams of zeros: side files and profiles.
	zeros := make([]byte, 256<<20)
	side, err := os.ReadFile(f.symbols)
	if err != nil {
		t.Fatal(err)
	}
	header := side[:bytes.IndexByte(side, '\n')+1]
	header = side[:len(header)+bytes.IndexByte(side[len(header):], '\n')+1]
	sideFile := func(first []byte) []byte {
		var b bytes.Buffer
		b.Write(header)
		z, err := flate.NewWriter(&b, flate.BestSpeed)
		if err != nil {
			t.Fatal(err)
		}
		z.Write(binary.AppendUvarint(nil, uint64(len(first))))
		z.Write(first)
		z.Write(binary.AppendUvarint(nil, 1<<40)) // of the second part
		z.Close()
		return b.Bytes()
	}
	sideBomb := put("symbols.bomb", sideFile(zeros))
	// As much as the size allows, which is found out at the second part.
	const noise = 4 << 10
	random := rand.NewChaCha8([32]byte{})
	for at := 0; at < len(zeros)/2; at += 5 * noise {
		random.Read(zeros[at:][:noise])
	}
	slowBomb := put("symbols.slow", sideFile(zeros[:len(zeros)/2]))
	clear(zeros)
	out = append(out,
		bomb{"symbolize --symbols=FILE LOG", sideBomb, f.symbols, "more than"},
		bomb{"symbolize --symbols=FILE LOG", slowBomb, f.symbols, "part 1 has"},
		bomb{"linkcheck check --symbols=FILE PROGRAM", sideBomb, f.symbols, "more than"},
		bomb{"linkcheck check --symbols=FILE PROGRAM", slowBomb, f.symbols, "part 1 has"},
		bomb{"linkcheck fips --symbols=FILE PROGRAM", slowBomb, f.symbols, "part 1 has"},
		bomb{"symbolize --symbols=SYMBOLS FILE", put("profile.bomb", gzipped(t, zeros)), f.in("main.go"), "uncompressed"})

	// Archives, packages and images of a release. The good ones are empty, and refused for that.
	tape := tarOf(t, zeros)
	none := gzipped(t, tarOf(t, nil))
	for _, c := range []container{
		{"some_1.2.3_linux_amd64.zip", index.KindArchive, zipped(t, zeros), zipped(t, nil)},
		{"some_1.2.3_linux_amd64.tar.gz", index.KindArchive, gzipped(t, tape), none},
		{"some_1.2.3_linux_amd64.tar.zst", index.KindArchive, zstded(t, tape), zstded(t, tarOf(t, nil))},
		{"some_1.2.3-1_amd64.deb", index.KindDeb, debOf(none, gzipped(t, tape)), debOf(none, none)},
		{"some-1.2.3-1.x86_64.rpm", index.KindRPM, rpmOf(gzipped(t, zeros)), rpmOf(none)},
		{"image", index.KindImage, gzipped(t, tape), none},
	} {
		out = append(out, bomb{"go3s-release verify --no-signatures FILE", f.release(t, "bomb", c, c.bomb), f.release(t, "good", c, c.good), "expand to more than"})
	}
	return out
}

// A container is a file of a release, or the layer of its image.
type container struct {
	path, kind string
	bomb, good []byte
}

// release returns a folder with what verify reads before it reads the container, the only one.
func (f *files) release(t *testing.T, name string, c container, data []byte) string {
	t.Helper()
	x := index.Index{Schema: index.Schema, Name: "some", Version: "1.2.3", Label: "//some", Date: "2026-01-02T03:04:05Z",
		Package: &index.Package{Name: "some", Maintainer: "Some <some@example.com>", Summary: "some", Licence: "MIT"},
		Programs: []index.Program{{Name: "some", Label: "//some", Platform: "linux_amd64", GOARCH: "amd64", Mode: "exe", Profile: "static",
			SHA256: index.Sum(nil)}}}
	contents := map[string][]byte{c.path: data}
	if c.kind == index.KindImage {
		contents, x.Image = imageOf(t, data), &index.Image{Path: index.ImageFolder}
	}
	sums := map[string]string{}
	for _, path := range slices.Sorted(maps.Keys(contents)) {
		sums[path] = index.Sum(contents[path])
		x.Files = append(x.Files, index.File{Path: path, Kind: c.kind, Platform: "linux_amd64", SHA256: sums[path], Size: int64(len(contents[path]))})
	}
	text, err := x.JSON()
	if err != nil {
		t.Fatal(err)
	}
	sums[index.Name] = index.Sum(text)
	contents[index.Name], contents[index.Sums] = text, index.FormatSums(sums)
	dir := f.in(name + "." + c.path)
	for path, data := range contents {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, path)), 0o777); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, path), string(data))
	}
	return dir
}

// imageOf returns the OCI image layout of an image with one layer.
func imageOf(t *testing.T, layer []byte) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	text := func(v any) []byte {
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	platform := &v1.Platform{OS: "linux", Architecture: "amd64"}
	blob := func(mediaType string, data []byte) v1.Descriptor {
		d := digest.FromBytes(data)
		files[index.ImageFolder+"/blobs/sha256/"+d.Encoded()] = data
		return v1.Descriptor{MediaType: mediaType, Digest: d, Size: int64(len(data)), Platform: platform}
	}
	config := v1.Image{Platform: *platform, RootFS: v1.RootFS{Type: "layers", DiffIDs: []digest.Digest{digest.FromBytes(layer)}}}
	manifest := v1.Manifest{
		Config: blob(v1.MediaTypeImageConfig, text(config)),
		Layers: []v1.Descriptor{blob(v1.MediaTypeImageLayerGzip, layer)},
	}
	images := v1.Index{Manifests: []v1.Descriptor{blob(v1.MediaTypeImageManifest, text(manifest))}}
	top := v1.Index{Manifests: []v1.Descriptor{blob(v1.MediaTypeImageIndex, text(images))}}
	files[index.ImageFolder+"/"+v1.ImageIndexFile] = text(top)
	files[index.ImageFolder+"/"+v1.ImageLayoutFile] = text(v1.ImageLayout{Version: v1.ImageLayoutVersion})
	return files
}

// debOf returns an ar archive (deb(5)).
func debOf(control, data []byte) []byte {
	out := []byte("!<arch>\n")
	for _, m := range []struct {
		name string
		data []byte
	}{{"debian-binary", []byte("2.0\n")}, {"control.tar.gz", control}, {"data.tar.gz", data}} {
		out = append(fmt.Appendf(out, "%-16s%-12d%-6d%-6d%-8o%-10d`\n", m.name, 0, 0, 0, 0o100644, len(m.data)), m.data...)
		if len(m.data)%2 == 1 {
			out = append(out, '\n')
		}
	}
	return out
}

// rpmOf returns an RPM package with two empty headers.
func rpmOf(payload []byte) []byte {
	const lead = 96
	header := append([]byte("\x8e\xad\xe8\x01"), make([]byte, 12)...)
	return slices.Concat(make([]byte, lead), header, header, payload)
}

func gzipped(t *testing.T, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	z.Write(data)
	z.Close()
	return b.Bytes()
}

func zstded(t *testing.T, data []byte) []byte {
	t.Helper()
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return z.EncodeAll(data, nil)
}

func tarOf(t *testing.T, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "some_1.2.3_linux_amd64/bin/some", Mode: 0o755, Size: int64(len(data))}); err != nil {
		t.Fatal(err)
	}
	w.Write(data)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zipped(t *testing.T, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create("some_1.2.3_linux_amd64/bin/some")
	if err != nil {
		t.Fatal(err)
	}
	w.Write(data)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
