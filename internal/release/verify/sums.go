package verify

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/go3s/rules_go3s/internal/release/index"
)

// checkFiles: the folder has regular files, and one of them is SHA256SUMS.
func checkFiles(r *release) (string, error) {
	if len(r.unusual) > 0 {
		return "", fmt.Errorf("%s: it is no regular file", r.unusual[0])
	}
	if _, ok := r.files[index.Sums]; !ok {
		return "", fmt.Errorf("there is no %s: is it the folder of a release?", index.Sums)
	}
	return fmt.Sprintf("%d regular files", len(r.files)), nil
}

// provenancePath returns the name of the provenance by its ending, without trusting the index; empty if there is not one.
func (r *release) provenancePath() string {
	var found []string
	for path := range r.files {
		if strings.HasSuffix(path, index.Provenance) {
			found = append(found, path)
		}
	}
	if len(found) != 1 {
		return ""
	}
	return found[0]
}

// signatures returns the names that signatures have.
func (r *release) signatures() []string {
	return []string{index.Sums + index.Minisign, index.Sums + index.SSH, index.Sums + index.OpenPGP, r.provenancePath() + index.Bundle}
}

// checkSums: every file has its sum, and every sum its file. Signatures have none.
func checkSums(r *release) (string, error) {
	data, ok := r.files[index.Sums]
	if !ok {
		return "", errNeeded
	}
	sums, err := index.ParseSums(data)
	if err != nil {
		return "", err
	}
	r.sums = sums
	for _, path := range slices.Sorted(maps.Keys(sums)) {
		data, ok := r.files[path]
		if !ok {
			return "", fmt.Errorf("%s: %s names it, and it is missing", path, index.Sums)
		}
		if got := index.Sum(data); got != sums[path] {
			return "", fmt.Errorf("%s: its SHA-256 is %s, and %s says %s", path, got, index.Sums, sums[path])
		}
	}
	signatures := r.signatures()
	for _, path := range slices.Sorted(maps.Keys(r.files)) {
		if _, ok := sums[path]; !ok && path != index.Sums && !slices.Contains(signatures, path) {
			return "", fmt.Errorf("%s: %s does not name it", path, index.Sums)
		}
	}
	return fmt.Sprintf("%d files", len(sums)), nil
}

// checkSignatures: the publisher's keys signed the sums and, but for OpenPGP, the provenance.
func checkSignatures(r *release) (string, error) {
	if r.Key == nil && r.OpenPGP == nil {
		return "not checked, as asked for", nil
	}
	sums, ok := r.files[index.Sums]
	if !ok {
		return "", errNeeded
	}
	var checked []string
	if r.Key != nil {
		provenance := r.provenancePath()
		if provenance == "" {
			return "", fmt.Errorf("want one file *%s, the provenance, which is signed", index.Provenance)
		}
		if err := r.Key.VerifyRelease(r.files, sums, provenance, r.files[provenance]); err != nil {
			return "", err
		}
		checked = append(checked, "minisign, SSH, bundle")
	}
	const name = index.Sums + index.OpenPGP
	sig, ok := r.files[name]
	switch {
	case r.OpenPGP != nil && !ok:
		return "", fmt.Errorf("%s: there is no such signature", name)
	case r.OpenPGP != nil:
		if err := r.OpenPGP.Verify(sums, sig); err != nil {
			return "", fmt.Errorf("%s: %w", name, err)
		}
		checked = append(checked, "OpenPGP")
	case ok:
		checked = append(checked, name+" not checked, since no --openpgp-key is given")
	}
	return strings.Join(checked, ", "), nil
}

// checkIndex: release.json names every file that has a sum, as it is.
func checkIndex(r *release) (string, error) {
	data, ok := r.files[index.Name]
	if !ok || r.sums == nil {
		return "", errNeeded
	}
	x, err := index.Parse(data)
	if err != nil {
		return "", err
	}
	if r.date, err = time.Parse(time.RFC3339, x.Date); err != nil {
		return "", fmt.Errorf("%s: date: %w", index.Name, err)
	}
	named := map[string]bool{index.Name: true}
	for _, f := range x.Files {
		named[f.Path] = true
		data, ok := r.files[f.Path]
		if !ok || index.Sum(data) != f.SHA256 || int64(len(data)) != f.Size {
			return "", fmt.Errorf("%s: it says %s, %d bytes, of %s, which has %s, %d bytes",
				index.Name, f.SHA256, f.Size, f.Path, index.Sum(data), len(data))
		}
	}
	for _, path := range slices.Sorted(maps.Keys(r.sums)) {
		if !named[path] {
			return "", fmt.Errorf("%s: it does not name %s", index.Name, path)
		}
	}
	var programs []program
	for i, p := range x.Programs {
		programs = append(programs, program{Program: p})
		for _, other := range x.Programs[:i] {
			if other.Name == p.Name && other.Platform == p.Platform {
				return "", fmt.Errorf("%s: the program %s for %s is there twice", index.Name, p.Name, p.Platform)
			}
		}
		if p.Symbols != "" && !slices.ContainsFunc(x.Of(index.KindSymbols), func(f index.File) bool { return f.Path == p.Symbols }) {
			return "", fmt.Errorf("%s: the program %s for %s has its names in %s, which is no such file",
				index.Name, p.Name, p.Platform, p.Symbols)
		}
	}
	r.index, r.programs = x, programs
	return fmt.Sprintf("%s %s, %d programs", x.Name, x.Version, len(x.Programs)), nil
}
