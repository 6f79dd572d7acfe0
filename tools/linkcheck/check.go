package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/go3s/rules_go3s/internal/cgofiles"
	"github.com/go3s/rules_go3s/internal/cli"
	"github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/inputfile"
	"github.com/go3s/rules_go3s/internal/pcln"
	"github.com/go3s/rules_go3s/internal/policy"
	"github.com/go3s/rules_go3s/internal/sdkcheck"
)

// runCheck is "linkcheck [check]".
func runCheck(e env, args []string) (int, error) {
	fs := flagSet("check")
	profile := fs.String("profile", "", "`name` of the profile; \"\" takes the policy's, else "+policy.DefaultProfile)
	policyFile := fs.String("policy", "", "policy `file` (JSON)")
	goarch := fs.String("goarch", "", "`machine` the files must be for: amd64, arm64 or riscv64; \"\" takes the policy's, else any")
	budget := fs.String("size-budget", "", "greatest `size` of each file, such as 6MB or 5.2MiB; \"\" takes the policy's, else none")
	fipsModule := fs.String("fips", "", "also demand that this `version` of the FIPS 140-3 module is in the files, and that they start in its mode: the rules fips-module and fips-on")
	known := fs.String("vulnerabilities", "", "list of known vulnerabilities in OSV format, a `file`; \"\" takes the policy's, else none")
	symbols := fs.String("symbols", "", "the `file` that elfstrip --symbols-file wrote with the one file to check: names that were taken out of it")
	packages := fs.String("packages", "", "list of the packages that the one file was built from, a `file` as go list -deps -json or linkcheck packages writes it")
	leftOut := fs.String("cgo-left-out", "", "list of the files of the one file's packages that were left out because they need cgo, a `file` as golink link writes it")
	verdict := fs.String(sdkcheck.VerdictFlag, "", "record in the report this verdict of linkcheck sdkcheck on the SDK that made the one file: a `file`")
	u := unverifiedFlag(fs)
	out := outputFlags(fs)
	name := fs.String("name", "", "`name` of the one file in the report, instead of its path")
	files, err := parse(fs, args)
	if err != nil {
		return 0, err
	}
	if len(files) == 0 {
		return 0, errors.New("no file to check; see linkcheck -h")
	}
	p, err := readPolicy(*policyFile, *profile, *goarch, *budget)
	if err == nil {
		err = readVulnerabilities(p, *policyFile, *known)
	}
	if err != nil {
		return 0, err
	}

	if *fipsModule != "" {
		if err := p.DemandFIPS(*fipsModule); err != nil {
			return 0, fmt.Errorf("--fips: %w", err)
		}
	}
	if files, err = expand(files); err != nil {
		return 0, err
	}
	if *name != "" && len(files) > 1 {
		return 0, fmt.Errorf("--name goes with one file, not with %d", len(files))
	}
	if *symbols != "" {
		if len(files) > 1 {
			return 0, fmt.Errorf("--symbols goes with one file, not with %d", len(files))
		}
		data, err := inputfile.Read(*symbols, inputfile.Data)
		if err != nil {
			return 0, err
		}
		if p.Symbols, err = pcln.ReadSymbols(*symbols, data); err != nil {
			return 0, err
		}
	}
	if *packages != "" {
		if len(files) > 1 {
			return 0, fmt.Errorf("--packages goes with one file, not with %d", len(files))
		}
		data, err := inputfile.Read(*packages, inputfile.Data)
		if err != nil {
			return 0, err
		}
		if p.Packages, err = policy.ParsePackages(data); err != nil {
			return 0, fmt.Errorf("list of packages %s: %w", *packages, err)
		}
	}
	if *leftOut != "" {
		if len(files) > 1 {
			return 0, fmt.Errorf("--cgo-left-out goes with one file, not with %d", len(files))
		}
		data, err := inputfile.Read(*leftOut, inputfile.Data)
		if err != nil {
			return 0, err
		}
		if p.LeftOut, err = cgofiles.ParseReport(data); err != nil {
			return 0, fmt.Errorf("list of left-out files %s: %w", *leftOut, err)
		}
	}
	var sdk *policy.GoSDK
	if *verdict != "" {
		if len(files) > 1 {
			return 0, fmt.Errorf("--%s goes with one file, not with %d", sdkcheck.VerdictFlag, len(files))
		}
		v, err := sdkcheck.ReadVerdict(*verdict)
		if err != nil {
			return 0, err
		}
		sdk = &policy.GoSDK{Formats: v.Formats.Status, Readers: v.Readers.Status}
	}
	report := &policy.Report{Schema: policy.SchemaVersion, Files: make([]policy.FileReport, len(files))}
	errs := make([]error, len(files))
	var done atomic.Int64
	progress := cli.StartProgress(e.stderr, out.quiet, func() string {
		return fmt.Sprintf("linkcheck: %d of %d files checked", done.Load(), len(files))
	})
	var wg sync.WaitGroup
	slots := make(chan struct{}, runtime.GOMAXPROCS(0)) // files are mapped only while they are checked
	for i, file := range files {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { done.Add(1); <-slots }()
			shown := file
			if *name != "" {
				shown = *name
			}
			errs[i] = elf.Guard(func() (err error) {
				report.Files[i], err = checkFile(p, file, shown, *u)
				report.Files[i].GoSDK = sdk
				return err
			})
		})
	}
	wg.Wait()
	progress.Stop()
	// A report on some of the files could be taken for one on all of them.
	if err := errors.Join(errs...); err != nil {
		return 0, err
	}
	return out.write(e, report)
}

// readPolicy reads the policy file, if one is named, and lays the flags that are
// set over it.
func readPolicy(file, profile, goarch, budget string) (*policy.Policy, error) {
	p, err := policy.New(policy.DefaultProfile)
	if err != nil {
		return nil, err
	}
	if file != "" {
		data, err := inputfile.Read(file, inputfile.Text)
		if err != nil {
			return nil, err
		}
		if p, err = policy.Parse(data); err != nil {
			return nil, fmt.Errorf("policy %s: %w", file, err)
		}
	}
	if profile != "" {
		if err := p.SetProfile(profile); err != nil {
			return nil, fmt.Errorf("--profile: %w", err)
		}
	}
	if goarch != "" {
		if err := p.SetGOARCH(goarch); err != nil {
			return nil, fmt.Errorf("--goarch: %w", err)
		}
	}
	if budget != "" {
		if p.SizeBudget, err = policy.ParseSize(budget); err != nil {
			return nil, fmt.Errorf("--size-budget: %w", err)
		}
	}
	return p, nil
}

// readVulnerabilities reads the list of known vulnerabilities that the flag or, relative
// to its own file, the policy names.
func readVulnerabilities(p *policy.Policy, policyFile, flag string) error {
	file, from := flag, "--vulnerabilities"
	if file == "" && p.VulnerabilityFile != "" {
		file, from = p.VulnerabilityFile, fmt.Sprintf("policy %s: vulnerabilities", policyFile)
		if !filepath.IsAbs(file) {
			file = filepath.Join(filepath.Dir(policyFile), file)
		}
	}
	if file == "" {
		return nil
	}
	data, err := inputfile.Read(file, inputfile.Text)
	if err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	if p.Vulnerabilities, err = policy.ParseVulnerabilities(data); err != nil {
		return fmt.Errorf("vulnerabilities %s: %w", file, err)
	}
	return nil
}

func checkFile(p *policy.Policy, path, name string, u goabi.Unverified) (policy.FileReport, error) {
	f, err := elf.Open(path)
	if err != nil {
		return policy.FileReport{}, err
	}
	defer f.Close()
	f.LaterGo = u == goabi.Warn
	return p.Check(name, f), nil
}
