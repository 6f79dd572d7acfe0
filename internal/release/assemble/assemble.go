// Package assemble makes the folder of a release from a plan and its files. What it writes is a function of these alone: it reads no
// clock, environment or network. It refuses programs that are not what the plan says, or that failed their checks.
package assemble

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/gobin"
	"github.com/go3s/rules_go3s/internal/inputfile"
	"github.com/go3s/rules_go3s/internal/policy"
	"github.com/go3s/rules_go3s/internal/release/fileset"
	"github.com/go3s/rules_go3s/internal/release/index"
	"github.com/go3s/rules_go3s/internal/release/licences"
	"github.com/go3s/rules_go3s/internal/release/plan"
	"github.com/go3s/rules_go3s/internal/release/sbom"
	"github.com/go3s/rules_go3s/internal/release/signature"
)

// A release is one that is being made.
type release struct {
	*plan.Plan
	inputs map[string][]byte // by id
	paths  map[string]string // of inputs
	index  index.Index
	infos  []*debug.BuildInfo // of index.Programs; nil where a program is not Go
	table  *licences.List
	key    *signature.PrivateKey // nil for no signatures
	pgp    *signature.OpenPGPKey // nil for no signature by one
	bill   sbom.Bill
	out    map[string][]byte // path to contents
}

// Run makes the release in the folder dir, which is empty or missing. inputs has the path of each id of the plan. Nothing is written
// before all is made, so nothing is if there is an error.
func Run(p *plan.Plan, inputs map[string]string, dir string) error {
	r := &release{
		Plan:   p,
		inputs: map[string][]byte{},
		paths:  inputs,
		out:    map[string][]byte{},
		index: index.Index{
			Schema:  index.Schema,
			Name:    p.Name,
			Version: p.Version,
			Label:   p.Label,
			Date:    p.Date().Format(time.RFC3339),
			Package: p.Package,
		},
	}
	for id, path := range inputs {
		data, err := inputfile.Read(path, inputfile.Data)
		if err != nil {
			return err
		}
		r.inputs[id] = data
	}
	for _, step := range []func(*release) error{
		(*release).signingKeys, // what may be refused comes before what takes long
		(*release).programs,
		(*release).reports,
		(*release).licences,
		(*release).attachments,
		(*release).image,
		(*release).archives,
		(*release).packages,
		(*release).bills,
		(*release).provenance, // of all files so far
		(*release).finish,
	} {
		if err := step(r); err != nil {
			return fmt.Errorf("%s: %w", p.Label, err)
		}
	}
	for path, data := range r.out {
		path = filepath.Join(dir, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return err
		}
		if err := os.WriteFile(path, data, 0o666); err != nil {
			return err
		}
	}
	return nil
}

// input returns the contents of the file with that id.
func (r *release) input(id string) ([]byte, error) {
	data, ok := r.inputs[id]
	if !ok {
		return nil, fmt.Errorf("no file was given for the id %q of the plan", id)
	}
	return data, nil
}

// base is the beginning of the names of files that are about the whole release.
func (r *release) base() string { return r.Name + "_" + r.Version }

// put adds a file to the release.
func (r *release) put(path, kind, platform string, data []byte) error {
	if _, ok := r.out[path]; ok {
		return fmt.Errorf("two files of the release have the name %s; rename one, or make a release of its own for one of two platforms of a machine",
			path)
	}
	r.out[path] = data
	r.index.Files = append(r.index.Files, index.File{
		Path:     path,
		Kind:     kind,
		Platform: platform,
		SHA256:   index.Sum(data),
		Size:     int64(len(data)),
	})
	return nil
}

// programs puts the programs into the index. It refuses files that are no executables for their platform.
func (r *release) programs() error {
	for _, p := range r.Programs {
		data, err := r.input(p.Executable)
		if err != nil {
			return err
		}
		f, err := elf.Parse(p.Name, data)
		if err != nil {
			return fmt.Errorf("program %s for %s: %w", p.Label, p.Platform, err)
		}
		if f.GOARCH() != p.GOARCH {
			return fmt.Errorf("program %s for %s: its ELF header says %q, want %q", p.Label, p.Platform, f.GOARCH(), p.GOARCH)
		}
		info, err := gobin.ReadBuildInfo(f)
		if err != nil {
			info = nil // assembly; that of a Go program linkcheck has judged (go-build-info)
		}
		r.infos = append(r.infos, info)
		out := index.Program{
			Name:     p.Name,
			Label:    p.Label,
			Platform: p.Platform,
			GOARCH:   p.GOARCH,
			Mode:     p.Mode,
			Profile:  p.Profile,
			SHA256:   index.Sum(data),
			Size:     int64(len(data)),
		}
		if p.Symbols != "" {
			symbols, err := r.input(p.Symbols)
			if err != nil {
				return err
			}
			out.Symbols = fmt.Sprintf("symbols/%s_%s.symbols", p.Name, p.Platform)
			if err := r.put(out.Symbols, index.KindSymbols, p.Platform, symbols); err != nil {
				return err
			}
		}
		r.index.Programs = append(r.index.Programs, out)
	}
	return nil
}

// files returns what archives and packages for a platform hold, below their prefix, documents in the folder docs.
func (r *release) files(platform, docs string) (*fileset.Set, error) {
	set := &fileset.Set{}
	for _, p := range r.On(platform) {
		data, err := r.input(p.Executable)
		if err != nil {
			return nil, err
		}
		if err := set.Add(fileset.File{Path: "bin/" + p.Name, Mode: 0o755, Data: data}); err != nil {
			return nil, err
		}
	}
	for _, f := range r.Files {
		data, err := r.input(f.ID)
		if err != nil {
			return nil, err
		}
		path, err := f.Place(docs)
		if err != nil {
			return nil, err
		}
		if err := set.Add(fileset.File{Path: path, Mode: 0o644, Data: data}); err != nil {
			return nil, err
		}
	}
	return set, nil
}

// attachments puts the files that are in the release as they are.
func (r *release) attachments() error {
	for _, f := range r.Attachments {
		data, err := r.input(f.ID)
		if err != nil {
			return err
		}
		if err := r.put(f.Name, index.KindAttachment, "", data); err != nil {
			return fmt.Errorf("attachments: %w", err)
		}
	}
	return nil
}

// reports merges linkcheck's reports. It refuses a release of a program that failed, or of another file than was checked.
func (r *release) reports() error {
	merged := policy.Report{Schema: policy.SchemaVersion}
	for i, p := range r.Programs {
		data, err := r.input(p.Report)
		if err != nil {
			return err
		}
		report, err := policy.ParseReport(data)
		if err != nil {
			return fmt.Errorf("report of linkcheck on %s for %s: %w", p.Label, p.Platform, err)
		}
		if len(report.Files) != 1 || report.Files[0].SHA256 != r.index.Programs[i].SHA256 {
			return fmt.Errorf("report of linkcheck on %s for %s: it is about another file", p.Label, p.Platform)
		}
		if breaches := report.Files[0].Verdict(""); policy.Failed(breaches) {
			return fmt.Errorf("program %s for %s breaks linkcheck's rule %s; a release has only programs that pass",
				p.Label, p.Platform, breaches[0].Rule)
		}
		merged.Files = append(merged.Files, report.Files...)
	}
	text, err := merged.JSON()
	if err != nil {
		return err
	}
	return r.put(r.base()+".linkcheck.json", index.KindLinkcheck, "", text)
}

// finish writes release.json and SHA256SUMS, and signs them.
func (r *release) finish() error {
	r.sortFiles()
	text, err := r.index.JSON()
	if err != nil {
		return err
	}
	r.out[index.Name] = text
	sums := map[string]string{}
	for path, data := range r.out {
		sums[path] = index.Sum(data)
	}
	r.out[index.Sums] = index.FormatSums(sums)
	return r.sign()
}

func (r *release) sortFiles() {
	slices.SortFunc(r.index.Files, func(a, b index.File) int { return strings.Compare(a.Path, b.Path) })
}
