package assemble

import (
	"fmt"
	"maps"
	"strings"

	"github.com/go3s/rules_go3s/internal/release/index"
	"github.com/go3s/rules_go3s/internal/release/licences"
	"github.com/go3s/rules_go3s/internal/release/provenance"
	"github.com/go3s/rules_go3s/internal/release/sbom"
	"github.com/go3s/rules_go3s/internal/release/signature"
)

// licences finds the licences of the modules that the programs are linked from, holds them to the policy, and writes their table.
func (r *release) licences() error {
	var texts licences.Texts
	for _, id := range r.Licences {
		data, err := r.input(id)
		if err != nil {
			return err
		}
		more, err := licences.ParseTexts(data)
		if err != nil {
			return fmt.Errorf("module_licenses: %w", err)
		}
		texts.Modules = append(texts.Modules, more.Modules...)
	}
	declared, err := r.declarations()
	if err != nil {
		return err
	}
	r.table, err = licences.Table(r.infos, licences.Sources{
		Overrides: r.Overrides,
		Own:       r.Plan.Licence,
		Declared:  declared,
		Texts:     &texts,
	})
	if err != nil {
		return err
	}
	labels := make([]string, len(r.index.Programs))
	for i, p := range r.index.Programs {
		labels[i] = p.Label
	}
	if err := r.Policy.Check(r.table.Modules, labels, r.infos); err != nil {
		return err
	}
	text, err := index.Encode(r.table)
	if err != nil {
		return err
	}
	return r.put(r.base()+".licenses.json", index.KindLicences, "", text)
}

// declarations reads what targets declare.
func (r *release) declarations() ([]licences.Declaration, error) {
	var out []licences.Declaration
	for _, d := range r.Declared {
		declaration := licences.Declaration{Package: d.Package, Label: d.Label, Kinds: d.Kinds}
		if d.Text != "" {
			text, err := r.input(d.Text)
			if err != nil {
				return nil, err
			}
			declaration.Text = string(text)
		}
		if len(d.Metadata) > 0 {
			metadata, err := r.input(d.Metadata[0])
			if err != nil {
				return nil, err
			}
			declaration.Module, err = licences.MetadataModule(metadata)
			if err != nil {
				return nil, fmt.Errorf("package metadata of %s: %w", d.Package, err)
			}
			if len(d.Metadata) == 1 {
				out = append(out, declaration)
				continue
			}
			declaration.Kinds, declaration.Text, err = licences.ReadMetadata(metadata, func(path string) ([]byte, error) {
				for _, id := range d.Metadata[1:] {
					if unconfigured(r.paths[id]) == unconfigured(path) {
						return r.input(id)
					}
				}
				return nil, fmt.Errorf("%s is not among the %d files of the target", path, len(d.Metadata))
			})
			if err != nil {
				return nil, fmt.Errorf("package metadata of %s: %s: %w", d.Package, d.Label, err)
			}
		}
		out = append(out, declaration)
	}
	return out, nil
}

// unconfigured returns a path of Bazel without the name of the configuration, which path mapping changes on command lines, and not in
// files: bazel-out/k8-fastbuild/bin/x and bazel-out/cfg/bin/x are one file.
func unconfigured(path string) string {
	if rest, ok := strings.CutPrefix(path, "bazel-out/"); ok {
		_, path, _ = strings.Cut(rest, "/")
	}
	return path
}

// bills writes the bills of materials.
func (r *release) bills() error {
	r.bill = sbom.New(&r.index, r.infos, r.table.Licence)
	for _, b := range []struct {
		name, kind string
		text       func() ([]byte, error)
	}{
		{".spdx.json", index.KindSPDX, r.bill.SPDX},
		{".cdx.json", index.KindCycloneDX, r.bill.CycloneDX},
	} {
		text, err := b.text()
		if err != nil {
			return err
		}
		if err := r.put(r.base()+b.name, b.kind, "", text); err != nil {
			return err
		}
	}
	return nil
}

// provenance writes the statement about all files so far.
func (r *release) provenance() error {
	r.sortFiles()
	s, err := provenance.New(&r.index, &r.bill, r.infos, r.Source, r.Builder)
	if err != nil {
		return err
	}
	text, err := index.Encode(s)
	if err != nil {
		return err
	}
	return r.put(r.base()+index.Provenance, index.KindProvenance, "", text)
}

// signingKeys reads the keys, if there are some.
func (r *release) signingKeys() error {
	if r.Key != "" {
		data, err := r.input(r.Key)
		if err != nil {
			return err
		}
		if r.key, err = signature.ParsePrivate("signing_key", data); err != nil {
			return err
		}
	}
	if r.OpenPGP != "" {
		data, err := r.input(r.OpenPGP)
		if err != nil {
			return err
		}
		if r.pgp, err = signature.ParseOpenPGPPrivate("openpgp_key", data); err != nil {
			return err
		}
	}
	return nil
}

// sign signs the sums and the provenance by the keys that there are.
func (r *release) sign() error {
	if r.key != nil {
		provenance := r.base() + index.Provenance
		files, err := signature.Release(r.key, r.Name+" "+r.Version, r.out[index.Sums], provenance, r.out[provenance])
		if err != nil {
			return err
		}
		maps.Copy(r.out, files)
	}
	if r.pgp != nil {
		sig, err := r.pgp.Sign(r.out[index.Sums], r.Date())
		if err != nil {
			return err
		}
		r.out[index.Sums+index.OpenPGP] = sig
	}
	return nil
}
