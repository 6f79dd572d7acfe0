package oci

import (
	"fmt"
	"maps"
	"slices"

	"github.com/opencontainers/go-digest"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/go3s/rules_go3s/internal/release/archive"
	"github.com/go3s/rules_go3s/internal/release/fileset"
	"github.com/go3s/rules_go3s/internal/release/index"
)

// A ReadImage is an image of a layout that was read.
type ReadImage struct {
	Platform v1.Platform
	Config   v1.Image
	Files    fileset.Set // of all layers
}

// A Layout is an image layout that was read.
type Layout struct {
	Digest digest.Digest // of the image index
	Ref    string        // its name in the layout
	Images []ReadImage
}

// A reader reads blobs and notes which ones.
type reader struct {
	files map[string][]byte
	seen  map[string]bool
}

// Read reads the image layout that consists of files, by their paths. It refuses a layout that Build does not make: blobs that are not
// what their descriptors say, blobs that nothing names, several indexes, a file in two layers.
func Read(files map[string][]byte) (*Layout, error) {
	r := reader{files, map[string]bool{v1.ImageLayoutFile: true, v1.ImageIndexFile: true}}
	var version v1.ImageLayout
	var top v1.Index
	for name, v := range map[string]any{v1.ImageLayoutFile: &version, v1.ImageIndexFile: &top} {
		if err := index.Decode(files[name], v); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	if version.Version != v1.ImageLayoutVersion {
		return nil, fmt.Errorf("%s: version is %q, want %q", v1.ImageLayoutFile, version.Version, v1.ImageLayoutVersion)
	}
	if len(top.Manifests) != 1 || top.Manifests[0].MediaType != v1.MediaTypeImageIndex {
		return nil, fmt.Errorf("%s: want one manifest, an image index", v1.ImageIndexFile)
	}
	l := &Layout{Digest: top.Manifests[0].Digest, Ref: top.Manifests[0].Annotations[v1.AnnotationRefName]}
	var images v1.Index
	if err := r.json(top.Manifests[0], &images); err != nil {
		return nil, err
	}
	for _, d := range images.Manifests {
		image, err := r.image(d)
		if err != nil {
			return nil, err
		}
		l.Images = append(l.Images, *image)
	}
	return l, r.unnamed()
}

// blob returns the contents of what d describes.
func (r *reader) blob(d v1.Descriptor) ([]byte, error) {
	if err := d.Digest.Validate(); err != nil || d.Digest.Algorithm() != digest.SHA256 {
		return nil, fmt.Errorf("digest %q: want sha256: and 64 hexadecimal digits", d.Digest)
	}
	name := blobPath(d.Digest)
	r.seen[name] = true
	data, ok := r.files[name]
	if !ok {
		return nil, fmt.Errorf("%s: there is no such file", name)
	}
	if int64(len(data)) != d.Size || digest.FromBytes(data) != d.Digest {
		return nil, fmt.Errorf("%s: it has %d bytes and the digest %s, want %d and the digest of its name",
			name, len(data), digest.FromBytes(data), d.Size)
	}
	return data, nil
}

func (r *reader) json(d v1.Descriptor, v any) error {
	data, err := r.blob(d)
	if err != nil {
		return err
	}
	if err := index.Decode(data, v); err != nil {
		return fmt.Errorf("%s: %w", blobPath(d.Digest), err)
	}
	return nil
}

func (r *reader) image(d v1.Descriptor) (*ReadImage, error) {
	if d.Platform == nil || d.MediaType != v1.MediaTypeImageManifest {
		return nil, fmt.Errorf("%s: want an image manifest with its platform", d.Digest)
	}
	out := &ReadImage{Platform: *d.Platform}
	var m v1.Manifest
	if err := r.json(d, &m); err != nil {
		return nil, err
	}
	if err := r.json(m.Config, &out.Config); err != nil {
		return nil, err
	}
	if p := out.Config.Platform; p.OS != d.Platform.OS || p.Architecture != d.Platform.Architecture || p.Variant != d.Platform.Variant {
		return nil, fmt.Errorf("%s: the image is for %s/%s/%s, and the index says %s/%s/%s",
			d.Digest, p.OS, p.Architecture, p.Variant, d.Platform.OS, d.Platform.Architecture, d.Platform.Variant)
	}
	if len(m.Layers) != len(out.Config.RootFS.DiffIDs) {
		return nil, fmt.Errorf("%s: %d layers and %d diff_ids, want as many", d.Digest, len(m.Layers), len(out.Config.RootFS.DiffIDs))
	}
	for i, layer := range m.Layers {
		data, err := r.blob(layer)
		if err != nil {
			return nil, err
		}
		tar, err := archive.Gunzip(data)
		if err != nil {
			return nil, fmt.Errorf("layer %s: %w", layer.Digest, err)
		}
		if got := digest.FromBytes(tar); got != out.Config.RootFS.DiffIDs[i] {
			return nil, fmt.Errorf("layer %s: it expands to %s, and diff_ids[%d] is %s", layer.Digest, got, i, out.Config.RootFS.DiffIDs[i])
		}
		contents, err := archive.ReadTar(tar)
		if err != nil {
			return nil, fmt.Errorf("layer %s: %w", layer.Digest, err)
		}
		for _, f := range contents.Set.Files() {
			if err := out.Files.Add(f); err != nil {
				return nil, fmt.Errorf("layer %s: %w", layer.Digest, err)
			}
		}
	}
	return out, nil
}

// unnamed returns an error for a file that no descriptor names.
func (r *reader) unnamed() error {
	for _, name := range slices.Sorted(maps.Keys(r.files)) {
		if !r.seen[name] {
			return fmt.Errorf("%s: nothing in the image layout names this file", name)
		}
	}
	return nil
}
