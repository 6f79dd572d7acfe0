package gobuild

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/go3s/rules_go3s/internal/atomicfile"
	"github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/inputfile"
	"github.com/go3s/rules_go3s/internal/link/cmdlink"
	"github.com/go3s/rules_go3s/internal/pack"
	"github.com/go3s/rules_go3s/internal/pcln"
	"github.com/go3s/rules_go3s/internal/policy"
	"github.com/go3s/rules_go3s/internal/sizes"
	"github.com/go3s/rules_go3s/internal/sizes/treemap"
	"github.com/go3s/rules_go3s/internal/strip"
)

// finish makes the program of what was linked, checks it, and writes it and the reports. There is no program when the check fails.
func (j *job) finish() error {
	linked, err := elf.Open(j.config.Out)
	if err != nil {
		return err
	}
	defer linked.Close()
	var side files
	program, symbols, err := j.strip(linked, &side)
	if err != nil {
		return err
	}
	checked := []subject{{program, "static"}}
	if j.config.BuildMode == cmdlink.ModeStaticPIE {
		checked[0].profile = "static-pie"
	}
	if j.Pack != "" {
		data, err := pack.Pack(program)
		if err != nil {
			return err
		}
		if program, err = elf.Parse(j.out, data); err != nil {
			return err
		}
		checked = append(checked, subject{program, "packed"})
	}
	if err := j.sizes(program, linked, &side); err != nil {
		return err
	}
	failed := j.check(checked, symbols, &side)
	if err := side.write(j.Reports); err != nil {
		return err
	}
	if failed != nil {
		return failed
	}
	return atomicfile.Write(j.out, 0o777, program.Data)
}

// files are the reports and side files, by name.
type files []struct {
	name string
	data []byte
}

func (f *files) add(name string, data []byte) {
	*f = append(*f, struct {
		name string
		data []byte
	}{name, data})
}

// write writes the files into the directory, unless that is "".
func (f *files) write(dir string) error {
	if dir == "" {
		return nil
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	var outputs atomicfile.Batch
	defer outputs.Close()
	for _, x := range *f {
		if err := outputs.Write(filepath.Join(dir, x.name), 0o644, x.data); err != nil {
			return err
		}
	}
	return outputs.Commit()
}

// strip makes the tables of the linked program smaller and strips it. symbols are what it took out, nil for none.
func (j *job) strip(linked *elf.File, side *files) (program *elf.File, symbols *pcln.Symbols, err error) {
	if j.Strip == "none" {
		return linked, nil, nil
	}
	if j.Reports != "" && !j.config.StripDWARF {
		debug, err := stripped(linked, &strip.Options{OnlyKeepDebug: true})
		if err != nil {
			return nil, nil, err
		}
		side.add(j.name+".debug", debug)
	}
	tier, err := pcln.ParseTier(j.Traceback)
	if err != nil {
		return nil, nil, err
	}
	// The SDK has been held to its verdict: what is no release counts as verified by its sources.
	data, symbols, err := pcln.Compact(linked, tier, goabi.Warn)
	if err != nil {
		return nil, nil, err
	}
	if symbols != nil {
		text, err := symbols.Encode()
		if err != nil {
			return nil, nil, err
		}
		side.add(j.name+".symbols", text)
	}
	compact, err := elf.Parse(linked.Name, data)
	if err != nil {
		return nil, nil, err
	}
	mode := map[string]strip.Mode{"all": strip.All, "debug": strip.Debug}[j.Strip]
	if data, err = stripped(compact, &strip.Options{Mode: mode, DropGoFunc: tier == pcln.External}); err != nil {
		return nil, nil, err
	}
	program, err = elf.Parse(j.out, data)
	return program, symbols, err
}

// stripped returns the file that strip.Strip makes.
func stripped(f *elf.File, o *strip.Options) ([]byte, error) {
	out, err := strip.Strip(f, o)
	if err != nil {
		return nil, err
	}
	return out.Bytes(f.Data), nil
}

// sizes adds the size report.
func (j *job) sizes(program, named *elf.File, side *files) error {
	if j.Reports == "" {
		return nil
	}
	b, err := sizes.Break("linux_"+j.config.GOARCH, program, named)
	if err != nil {
		return err
	}
	text, err := (&sizes.Report{Schema: sizes.Schema, Files: []sizes.Breakdown{*b}}).JSON()
	if err != nil {
		return err
	}
	page, err := treemap.Page(text)
	side.add(j.name+".sizes.json", text)
	side.add(j.name+".sizes.html", page)
	return err
}

// A subject is a program to check, with the profile that fits.
type subject struct {
	file    *elf.File
	profile string
}

// check checks the programs, the last of which is shipped, and adds linkcheck's report. The error says what is wrong.
func (j *job) check(programs []subject, symbols *pcln.Symbols, side *files) error {
	if j.Profile == noCheck {
		return nil
	}
	report := &policy.Report{Schema: policy.SchemaVersion}
	for i, program := range programs {
		p, err := j.policy(program.profile, i == len(programs)-1)
		if err != nil {
			return err
		}
		p.Symbols = symbols
		r := p.Check(fmt.Sprintf("%s (linux_%s)", j.name, j.config.GOARCH), program.file)
		r.GoSDK = &policy.GoSDK{Formats: j.sdk.Formats.Status, Readers: j.sdk.Readers.Status}
		report.Files = append(report.Files, r)
	}
	data, err := report.JSON()
	if err != nil {
		return err
	}
	side.add(j.name+".linkcheck.json", data)
	if text, failed := report.Text(policy.Today(), policy.Style{}); failed {
		return fmt.Errorf("the program is not as it should be:\n%s", text)
	}
	return nil
}

// allowPaths switches the rules about paths of this machine off, for who has asked for a program with them.
func (j *job) allowPaths(p *policy.Policy) {
	if p.Overrides == nil {
		p.Overrides = map[string]policy.Override{}
	}
	for _, rule := range []string{"trimpath", "no-host-path", "no-host-path-string"} {
		if _, ok := p.Overrides[rule]; !ok {
			p.Overrides[rule] = policy.Override{Severity: policy.Off, Reason: "built without -trimpath"}
		}
	}
}

// policy returns what a program is held to. last says that it is the one that is shipped.
func (j *job) policy(profile string, last bool) (*policy.Policy, error) {
	p, err := policy.New(profile)
	if err != nil {
		return nil, err
	}
	if j.Policy != "" {
		text, err := inputfile.Read(j.Policy, inputfile.Text)
		if err != nil {
			return nil, err
		}
		if p, err = policy.Parse(text); err != nil {
			return nil, fmt.Errorf("policy %s: %w", j.Policy, err)
		}
		if err := p.SetProfile(profile); err != nil {
			return nil, err
		}
	}
	if j.Profile != "" && profile != "packed" {
		if err := p.SetProfile(j.Profile); err != nil {
			return nil, fmt.Errorf("-profile: %w", err)
		}
	}
	if j.SizeBudget != "" && last {
		if p.SizeBudget, err = policy.ParseSize(j.SizeBudget); err != nil {
			return nil, fmt.Errorf("-size-budget: %w", err)
		}
	}
	if !j.trimmed {
		j.allowPaths(p)
	}
	return p, p.SetGOARCH(j.config.GOARCH)
}
