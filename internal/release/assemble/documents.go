package assemble

import (
	"fmt"
	"maps"

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
	r.table = licences.Table(r.infos, &texts, r.Plan.Licence)
	if err := r.Policy.Check(r.table.Modules); err != nil {
		return err
	}
	text, err := index.Encode(r.table)
	if err != nil {
		return err
	}
	return r.put(r.base()+".licenses.json", index.KindLicences, "", text)
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

// signingKey reads the key, if there is one.
func (r *release) signingKey() error {
	if r.Key == "" {
		return nil
	}
	data, err := r.input(r.Key)
	if err != nil {
		return err
	}
	r.key, err = signature.ParsePrivate("signing_key", data)
	return err
}

// sign signs the sums and the provenance, if there is a key.
func (r *release) sign() error {
	if r.key == nil {
		return nil
	}
	provenance := r.base() + index.Provenance
	files, err := signature.Release(r.key, r.Name+" "+r.Version, r.out[index.Sums], provenance, r.out[provenance])
	if err != nil {
		return err
	}
	maps.Copy(r.out, files)
	return nil
}
