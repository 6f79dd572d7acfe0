package verify

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/go3s/rules_go3s/internal/release/archive"
	"github.com/go3s/rules_go3s/internal/release/fileset"
	"github.com/go3s/rules_go3s/internal/release/index"
	"github.com/go3s/rules_go3s/internal/release/oci"
)

// on returns the indexes in r.programs of those for a platform.
func (r *release) on(platform string) []int {
	var out []int
	for i, p := range r.programs {
		if p.Platform == platform {
			out = append(out, i)
		}
	}
	return out
}

// hold says that a container holds files for a platform, below its prefix. They are the index's programs in bin, and what other
// containers for that platform hold.
func (r *release) hold(platform string, set *fileset.Set) error {
	files := set.Files()
	programs := r.on(platform)
	if len(programs) == 0 {
		return fmt.Errorf("it is for %q, and no program is", platform)
	}
	found := 0
	for _, f := range files {
		name, ok := strings.CutPrefix(f.Path, "bin/")
		if !ok {
			continue
		}
		i := slices.IndexFunc(programs, func(i int) bool { return r.programs[i].Name == name })
		if i < 0 {
			return fmt.Errorf("%s: %s has no such program for %s", f.Path, index.Name, platform)
		}
		p := &r.programs[programs[i]]
		if got := index.Sum(f.Data); got != p.SHA256 || int64(len(f.Data)) != p.Size || f.Mode != 0o755 {
			return fmt.Errorf("%s: it has the SHA-256 %s and mode %v, want %s and %v as %s says",
				f.Path, got, f.Mode, p.SHA256, fs.FileMode(0o755), index.Name)
		}
		p.data = f.Data
		found++
	}
	if found != len(programs) {
		return fmt.Errorf("it has %d programs for %s, want %d", found, platform, len(programs))
	}
	other, ok := r.contents[platform]
	if !ok {
		r.contents[platform] = set
		return nil
	}
	for i, f := range files {
		want := other.Files()
		if i >= len(want) || want[i].Path != f.Path || want[i].Mode != f.Mode || index.Sum(want[i].Data) != index.Sum(f.Data) {
			return fmt.Errorf("%s: another archive or package for %s has it in another way, or not", f.Path, platform)
		}
	}
	if len(files) != len(other.Files()) {
		return fmt.Errorf("it has %d files, want %d as another archive or package for %s", len(files), len(other.Files()), platform)
	}
	return nil
}

// below returns the files of set without the folder dir in front, or an error for one that is not in it.
func below(set *fileset.Set, dir string) (*fileset.Set, error) {
	out := &fileset.Set{}
	for _, f := range set.Files() {
		rest, ok := strings.CutPrefix(f.Path, dir+"/")
		if !ok {
			return nil, fmt.Errorf("%s: want everything in %s", f.Path, dir)
		}
		f.Path = rest
		if err := out.Add(f); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// checkArchives: each archive has the programs of the index for its platform, and the same files as the other formats.
func checkArchives(r *release) (string, error) {
	if r.index == nil {
		return "", errNeeded
	}
	files := r.index.Of(index.KindArchive)
	for _, f := range files {
		if err := r.archive(f); err != nil {
			return "", fmt.Errorf("%s: %w", f.Path, err)
		}
	}
	return fmt.Sprintf("%d archives", len(files)), nil
}

func (r *release) archive(f index.File) error {
	format := archive.FormatOf(f.Path)
	base := fmt.Sprintf("%s_%s_%s", r.index.Name, r.index.Version, f.Platform)
	if f.Path != base+"."+format {
		return fmt.Errorf("an archive for %s of %s %s has another name", f.Platform, r.index.Name, r.index.Version)
	}
	c, err := archive.Read(format, r.files[f.Path])
	if err != nil {
		return err
	}
	if !c.Date.Equal(r.date) {
		return fmt.Errorf("its files are of %s, want %s", c.Date.UTC(), r.date)
	}
	set, err := below(&c.Set, base)
	if err != nil {
		return err
	}
	return r.hold(f.Platform, set)
}

// checkPackages: each package says of itself what the index says, and installs what the archives have.
func checkPackages(r *release) (string, error) {
	if r.index == nil {
		return "", errNeeded
	}
	files := append(r.index.Of(index.KindDeb), r.index.Of(index.KindRPM)...)
	for _, f := range files {
		if err := r.pack(f); err != nil {
			return "", fmt.Errorf("%s: %w", f.Path, err)
		}
	}
	return fmt.Sprintf("%d packages", len(files)), nil
}

func (r *release) pack(f index.File) error {
	programs := r.on(f.Platform)
	if r.index.Package == nil || len(programs) == 0 {
		return fmt.Errorf("%s says nothing of packages, or of programs for %q", index.Name, f.Platform)
	}
	p := &archive.Package{Package: *r.index.Package, Version: r.index.Version, GOARCH: r.programs[programs[0]].GOARCH}
	name, read := p.DebName(), func() (*archive.Contents, error) { return archive.ReadDeb(p, r.files[f.Path]) }
	if f.Kind == index.KindRPM {
		name, read = p.RPMName(), func() (*archive.Contents, error) { return archive.ReadRPM(p, r.files[f.Path], r.date) }
	}
	if f.Path != name {
		return fmt.Errorf("want it to be called %s", name)
	}
	c, err := read()
	if err != nil {
		return err
	}
	if !c.Date.Equal(r.date) {
		return fmt.Errorf("its files are of %s, want %s", c.Date.UTC(), r.date)
	}
	usr, err := below(&c.Set, "usr")
	if err != nil {
		return err
	}
	// In an archive documents are beside the folders.
	set := &fileset.Set{}
	for _, file := range usr.Files() {
		if dir, base := path.Split(file.Path); dir == index.DocFolder(p.Name)+"/" {
			file.Path = base
		}
		if err := set.Add(file); err != nil {
			return err
		}
	}
	return r.hold(f.Platform, set)
}

// imageBase are patterns of the files of an image that are in no archive.
var imageBase = []string{"etc/passwd", "etc/group", "etc/ssl/certs/ca-certificates.crt"}

// checkImage: the layout is sound, it is the one of the index, and its layers have the programs of the index and no others.
func checkImage(r *release) (string, error) {
	if r.index == nil {
		return "", errNeeded
	}
	files := r.index.Of(index.KindImage)
	if r.index.Image == nil {
		if len(files) > 0 {
			return "", fmt.Errorf("%s: it names files of an image, and no image", index.Name)
		}
		return "no image", nil
	}
	layout := map[string][]byte{}
	for _, f := range files {
		rest, ok := strings.CutPrefix(f.Path, index.ImageFolder+"/")
		if !ok || r.index.Image.Path != index.ImageFolder {
			return "", fmt.Errorf("%s: want the image in %s", f.Path, index.ImageFolder)
		}
		layout[rest] = r.files[f.Path]
	}
	l, err := oci.Read(layout)
	if err != nil {
		return "", err
	}
	if l.Digest.String() != r.index.Image.Digest {
		return "", fmt.Errorf("the image index is %s, and %s says %s", l.Digest, index.Name, r.index.Image.Digest)
	}
	if l.Ref != r.index.Version {
		return "", fmt.Errorf("the image is called %q, want %q", l.Ref, r.index.Version)
	}
	platforms := r.platforms()
	if len(l.Images) != len(platforms) {
		return "", fmt.Errorf("it has images for %d platforms, want %d", len(l.Images), len(platforms))
	}
	for _, image := range l.Images {
		if err := r.oneImage(&image, platforms); err != nil {
			return "", fmt.Errorf("image for %s/%s: %w", image.Platform.Architecture, image.Platform.Variant, err)
		}
	}
	return fmt.Sprintf("%s, %d platforms", l.Digest, len(l.Images)), nil
}

func (r *release) platforms() []string {
	var out []string
	for _, p := range r.programs {
		if !slices.Contains(out, p.Platform) {
			out = append(out, p.Platform)
		}
	}
	return out
}

func (r *release) oneImage(image *oci.ReadImage, platforms []string) error {
	i := slices.IndexFunc(platforms, func(platform string) bool {
		p := oci.PlatformOf(r.programs[r.on(platform)[0]].GOARCH, platform)
		return p.OS == image.Platform.OS && p.Architecture == image.Platform.Architecture && p.Variant == image.Platform.Variant
	})
	if i < 0 {
		return errors.New("no program is for it")
	}
	programs := r.on(platforms[i])
	archived := r.contents[platforms[i]]
	found := 0
	var entry string
	if len(image.Config.Config.Entrypoint) == 1 {
		entry = strings.TrimPrefix(image.Config.Config.Entrypoint[0], "/")
	}
	starts := false
	for _, f := range image.Files.Files() {
		starts = starts || f.Path == entry && strings.HasPrefix(entry, "usr/bin/")
		if slices.Contains(imageBase, f.Path) || strings.HasPrefix(f.Path, "usr/share/zoneinfo/") {
			continue
		}
		rest, ok := strings.CutPrefix(f.Path, "usr/")
		if !ok {
			return fmt.Errorf("%s: no file of a release is there", f.Path)
		}
		if name, ok := strings.CutPrefix(rest, "bin/"); ok {
			i := slices.IndexFunc(programs, func(i int) bool { return r.programs[i].Name == name })
			if i < 0 || index.Sum(f.Data) != r.programs[programs[i]].SHA256 || f.Mode != 0o755 {
				return fmt.Errorf("%s: it is not the program of %s", f.Path, index.Name)
			}
			r.programs[programs[i]].data = f.Data
			found++
			continue
		}
		if archived == nil {
			continue // without archives and packages nothing else has it
		}
		if !slices.ContainsFunc(archived.Files(), func(a fileset.File) bool {
			return a.Path == rest && a.Mode == f.Mode && index.Sum(a.Data) == index.Sum(f.Data)
		}) {
			return fmt.Errorf("%s: the archives for %s have no such file", f.Path, platforms[i])
		}
	}
	if found != len(programs) {
		return fmt.Errorf("it has %d programs, want %d", found, len(programs))
	}
	if !starts {
		return fmt.Errorf("its entry point %q is no program of it", image.Config.Config.Entrypoint)
	}
	return nil
}
