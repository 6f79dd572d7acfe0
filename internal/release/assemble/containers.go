package assemble

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/go3s/rules_go3s/internal/release/archive"
	"github.com/go3s/rules_go3s/internal/release/fileset"
	"github.com/go3s/rules_go3s/internal/release/index"
	"github.com/go3s/rules_go3s/internal/release/oci"
	"github.com/go3s/rules_go3s/internal/release/plan"
)

// archives makes an archive of each format for each platform. All is in one folder, named like the archive.
func (r *release) archives() error {
	for _, platform := range r.Platforms() {
		set, err := r.files(platform, "")
		if err != nil {
			return err
		}
		base := r.base() + "_" + platform
		for _, format := range r.Archives {
			data, err := archive.Write(format, set.Under(base), r.Date())
			if err != nil {
				return err
			}
			if err := r.put(base+"."+format, index.KindArchive, platform, data); err != nil {
				return err
			}
		}
	}
	return nil
}

// packages makes the packages for distributions: the files of an archive below /usr, documents in the folder of the package.
func (r *release) packages() error {
	if len(r.Packages) == 0 {
		return nil
	}
	for _, platform := range r.Platforms() {
		files, err := r.files(platform, index.DocFolder(r.Package.Name))
		if err != nil {
			return err
		}
		set, p := files.Under("usr"), r.PackageFor(r.On(platform)[0].GOARCH)
		for _, kind := range r.Packages {
			var data []byte
			name := p.DebName()
			if kind == index.KindRPM {
				name = p.RPMName()
				data, err = archive.RPM(p, set, r.Date())
			} else {
				data, err = archive.Deb(p, set, r.Date())
			}
			if err != nil {
				return err
			}
			if err := r.put(name, kind, platform, data); err != nil {
				return err
			}
		}
	}
	return nil
}

// image makes the OCI image layout.
func (r *release) image() error {
	if r.Image == nil {
		return nil
	}
	base, err := r.imageBase()
	if err != nil {
		return err
	}
	var images []oci.Image
	for _, platform := range r.Platforms() {
		set := &fileset.Set{}
		programs := r.On(platform)
		for _, p := range programs {
			data, err := r.input(p.Executable)
			if err != nil {
				return err
			}
			if err := set.Add(fileset.File{Path: "usr/bin/" + p.Name, Mode: 0o755, Data: data}); err != nil {
				return err
			}
		}
		for _, f := range r.Files {
			if f.Kind != plan.Other {
				continue
			}
			data, err := r.input(f.ID)
			if err != nil {
				return err
			}
			if err := set.Add(fileset.File{Path: "usr/" + f.Path, Mode: 0o644, Data: data}); err != nil {
				return err
			}
		}
		images = append(images, oci.Image{Platform: oci.PlatformOf(programs[0].GOARCH, platform), Files: set})
	}
	layout, digest, err := oci.Build(&r.Image.Config, base, images, r.Image.Ref, r.Date())
	if err != nil {
		return err
	}
	r.index.Image = &index.Image{Path: index.ImageFolder, Digest: digest.String()}
	for path, data := range layout {
		if err := r.put(index.ImageFolder+"/"+path, index.KindImage, "", data); err != nil {
			return err
		}
	}
	return nil
}

// imageBase returns the files that the images of all platforms share.
func (r *release) imageBase() (*fileset.Set, error) {
	set := &fileset.Set{}
	for _, f := range r.Image.UserFiles() {
		if err := set.Add(f); err != nil {
			return nil, err
		}
	}
	if r.Image.CARoots != "" {
		data, err := r.input(r.Image.CARoots)
		if err != nil {
			return nil, err
		}
		if !bytes.Contains(data, []byte("-----BEGIN CERTIFICATE-----")) {
			return nil, fmt.Errorf("image_ca_roots: the file has no certificate in PEM")
		}
		if err := set.Add(fileset.File{Path: "etc/ssl/certs/ca-certificates.crt", Mode: 0o644, Data: data}); err != nil {
			return nil, err
		}
	}
	if r.Image.TZData != "" {
		if err := r.zones(set); err != nil {
			return nil, fmt.Errorf("image_tzdata: %w", err)
		}
	}
	return set, nil
}

// zones adds the time zones of a zip archive, such as Go's lib/time/zoneinfo.zip.
func (r *release) zones(set *fileset.Set) error {
	data, err := r.input(r.Image.TZData)
	if err != nil {
		return err
	}
	zr, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return err
	}
	left := archive.Most(len(data))
	for _, f := range zr.File {
		if strings.HasSuffix(f.Name, "/") {
			continue
		}
		in, err := f.Open()
		if err != nil {
			return err
		}
		zone, err := io.ReadAll(io.LimitReader(in, 1<<20))
		in.Close()
		if err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
		if left -= int64(len(zone)); left < 0 {
			return fmt.Errorf("%d bytes expand to more than %d", len(data), archive.Most(len(data)))
		}
		if !bytes.HasPrefix(zone, []byte("TZif")) {
			return fmt.Errorf("%s: it is no time zone (RFC 8536)", f.Name)
		}
		if err := set.Add(fileset.File{Path: "usr/share/zoneinfo/" + f.Name, Mode: 0o644, Data: zone}); err != nil {
			return err
		}
	}
	return nil
}
