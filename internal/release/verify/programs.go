package verify

import (
	"fmt"
	"reflect"
	"runtime/debug"
	"slices"

	"github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/gobin"
	"github.com/go3s/rules_go3s/internal/pcln"
	"github.com/go3s/rules_go3s/internal/policy"
	"github.com/go3s/rules_go3s/internal/release/index"
	"github.com/go3s/rules_go3s/internal/release/licences"
	"github.com/go3s/rules_go3s/internal/release/provenance"
	"github.com/go3s/rules_go3s/internal/release/sbom"
)

// checkPrograms: each program is in a container, is an ELF file for its machine and of its kind, and its build information can be read.
func checkPrograms(r *release) (string, error) {
	if len(r.programs) == 0 {
		return "", errNeeded
	}
	for i := range r.programs {
		p := &r.programs[i]
		if p.data == nil {
			return "", fmt.Errorf("%s for %s: no archive, package or image has it", p.Name, p.Platform)
		}
		f, err := elf.Parse(p.Name, p.data)
		if err != nil {
			return "", fmt.Errorf("%s for %s: %w", p.Name, p.Platform, err)
		}
		if f.GOARCH() != p.GOARCH {
			return "", fmt.Errorf("%s for %s: it is for %s, and %s says %s", p.Name, p.Platform, f.GOARCH(), index.Name, p.GOARCH)
		}
		if mode := modeOf(f); mode != p.Mode && p.Profile != "packed" {
			return "", fmt.Errorf("%s for %s: its ELF type is that of %s, and %s says %s", p.Name, p.Platform, mode, index.Name, p.Mode)
		}
		p.elf = f
		if info, err := gobin.ReadBuildInfo(f); err == nil {
			p.info = info
		}
	}
	return fmt.Sprintf("%d programs", len(r.programs)), nil
}

// modeOf returns the mode that an ELF type is of. A packed program is loaded at any address, whatever is packed in it.
func modeOf(f *elf.File) string {
	const dyn = 3
	if f.Header.Type == dyn {
		return "static-pie"
	}
	return "exe"
}

// infos returns the build information of the programs; nil if checkPrograms failed.
func (r *release) infos() []*debug.BuildInfo {
	var out []*debug.BuildInfo
	for _, p := range r.programs {
		if p.elf == nil {
			return nil
		}
		out = append(out, p.info)
	}
	return out
}

// checkLicences: the table has each module that is linked, and no other.
func checkLicences(r *release) (string, error) {
	data, path, err := r.the(index.KindLicences)
	if err != nil {
		return "", err
	}
	infos := r.infos()
	if infos == nil {
		return "", errNeeded
	}
	list, err := licences.ParseList(data)
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	want, err := licences.Table(infos, licences.Sources{})
	if err != nil {
		return "", err
	}
	same := func(a, b licences.Finding) bool { return a.Path == b.Path && a.Version == b.Version }
	if !slices.EqualFunc(list.Modules, want.Modules, same) {
		return "", fmt.Errorf("%s: it lists %d modules, want the %d that are linked, sorted", path, len(list.Modules), len(want.Modules))
	}
	r.licences = list
	r.bill = sbom.New(r.index, infos, list.Licence)
	return fmt.Sprintf("%d modules", len(list.Modules)), nil
}

func checkSPDX(r *release) (string, error) { return r.checkBill(index.KindSPDX, sbom.ReadSPDX) }
func checkCycloneDX(r *release) (string, error) {
	return r.checkBill(index.KindCycloneDX, sbom.ReadCycloneDX)
}

// checkBill: a bill of materials says of the programs what their build information says, and no more.
func (r *release) checkBill(kind string, read func([]byte) (*sbom.Bill, error)) (string, error) {
	data, path, err := r.the(kind)
	if err != nil {
		return "", err
	}
	if r.licences == nil {
		return "", errNeeded
	}
	bill, err := read(data)
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	want := r.bill.Facts()
	return fmt.Sprintf("%d facts", len(want)), sbom.Compare(path, bill.Facts(), want)
}

// checkLinkcheck: the report is about these programs, and linkcheck comes to the same verdict now.
func checkLinkcheck(r *release) (string, error) {
	data, path, err := r.the(index.KindLinkcheck)
	if err != nil {
		return "", err
	}
	if r.infos() == nil {
		return "", errNeeded
	}
	report, err := policy.ParseReport(data)
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	if len(report.Files) != len(r.programs) {
		return "", fmt.Errorf("%s: it is about %d files, want the %d programs", path, len(report.Files), len(r.programs))
	}
	rules := 0
	for i := range r.programs {
		n, err := r.judge(&r.programs[i], &report.Files[i])
		if err != nil {
			return "", fmt.Errorf("%s: %s for %s: %w", path, r.programs[i].Name, r.programs[i].Platform, err)
		}
		rules += n
	}
	return fmt.Sprintf("%d verdicts", rules), nil
}

// judge judges a program by its profile once more, with the exceptions that the report states, and returns how many rules it judged.
func (r *release) judge(p *program, stated *policy.FileReport) (int, error) {
	if stated.SHA256 != p.SHA256 || stated.GOARCH != p.GOARCH {
		return 0, fmt.Errorf("the report is about another file, SHA-256 %s", stated.SHA256)
	}
	if stated.Profile != p.Profile {
		return 0, fmt.Errorf("it was judged by the profile %s, and %s says %s", stated.Profile, index.Name, p.Profile)
	}
	if breaches := stated.Verdict(""); policy.Failed(breaches) {
		return 0, fmt.Errorf("the report has an error, of rule %s", breaches[0].Rule)
	}
	judge, err := policy.New(p.Profile)
	if err != nil {
		return 0, err
	}
	if p.Symbols != "" {
		if judge.Symbols, err = pcln.ReadSymbols(p.Symbols, r.files[p.Symbols]); err != nil {
			return 0, err
		}
	}
	rules := map[string]policy.RuleReport{}
	for _, rule := range stated.Rules {
		rules[rule.ID] = rule
	}
	judge.Overrides, judge.Allow = map[string]policy.Override{}, map[string][]policy.Allowance{}
	for id, rule := range rules {
		if rule.Override != nil {
			judge.Overrides[id] = *rule.Override
		}
		for _, allowed := range rule.Allowed {
			judge.Allow[id] = append(judge.Allow[id], allowed.Allowance)
		}
	}
	again := judge.Check(stated.Name, p.elf)
	for _, rule := range again.Rules {
		said, ok := rules[rule.ID]
		if !ok {
			return 0, fmt.Errorf("the report lacks rule %s", rule.ID)
		}
		if rule.Status == policy.Found && said.Status != policy.Found {
			return 0, fmt.Errorf("rule %s: it has a finding (%s: %s), and the report says %s",
				rule.ID, rule.Findings[0].Subject, rule.Findings[0].Detail, said.Status)
		}
	}
	if breaches := again.Verdict(""); policy.Failed(breaches) {
		return 0, fmt.Errorf("it breaks rule %s: %s: %s", breaches[0].Rule, breaches[0].Findings[0].Subject, breaches[0].Findings[0].Detail)
	}
	return len(again.Rules), nil
}

// checkProvenance: the statement is about these files, and says of what goes into them what the files say.
func checkProvenance(r *release) (string, error) {
	data, path, err := r.the(index.KindProvenance)
	if err != nil {
		return "", err
	}
	if r.licences == nil {
		return "", errNeeded
	}
	s, err := provenance.Parse(data)
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	x := *r.index
	x.Files = slices.DeleteFunc(slices.Clone(x.Files), func(f index.File) bool { return f.Path == path })
	want, err := provenance.New(&x, &r.bill, r.infos(), s.Source(), s.Predicate.Details.Builder.ID)
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	want.Predicate.Details.Builder.Version = s.Predicate.Details.Builder.Version // another one may have made it
	for _, part := range []struct {
		name      string
		got, want any
	}{
		{"subject", s.Subject, want.Subject},
		{"buildDefinition.externalParameters", s.Predicate.Definition.External, want.Predicate.Definition.External},
		{"buildDefinition.resolvedDependencies", s.Predicate.Definition.Dependencies, want.Predicate.Definition.Dependencies},
		{"the rest", s, want},
	} {
		if !reflect.DeepEqual(part.got, part.want) {
			return "", fmt.Errorf("%s: %s is not what the release says: %s", path, part.name, difference(part.got, part.want))
		}
	}
	return fmt.Sprintf("%d subjects, %d inputs", len(s.Subject), len(s.Predicate.Definition.Dependencies)), nil
}

// difference returns the first elements in which two slices differ, as text.
func difference(got, want any) string {
	a, b := reflect.ValueOf(got), reflect.ValueOf(want)
	if a.Kind() != reflect.Slice {
		return fmt.Sprintf("found %+v, want %+v", got, want)
	}
	for i := range max(a.Len(), b.Len()) {
		switch {
		case i >= a.Len():
			return fmt.Sprintf("it lacks %+v", b.Index(i))
		case i >= b.Len():
			return fmt.Sprintf("it has %+v", a.Index(i))
		case !reflect.DeepEqual(a.Index(i).Interface(), b.Index(i).Interface()):
			return fmt.Sprintf("found %+v, want %+v", a.Index(i), b.Index(i))
		}
	}
	return ""
}
