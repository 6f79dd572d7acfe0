package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/go3s/rules_go3s/internal/atomicfile"
	"github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/inputfile"
	"github.com/go3s/rules_go3s/internal/syscalls"
)

// runSyscalls is "linkcheck syscalls": it says which system calls a program can make. Several
// files are forms of one program, such as linked and packed.
func runSyscalls(e env, args []string) (int, error) {
	fs := flagSet("syscalls")
	asJSON := fs.Bool("json", false, "write all sites and caller chains as JSON")
	asSeccomp := fs.Bool("seccomp", false, "write a seccomp profile in OCI form that allows these calls only")
	starterName := fs.String("seccomp-for", "", "what starts the program under the profile of --seccomp, a `starter`: "+syscalls.StarterHelp())
	asList := fs.Bool("list", false, "write a list for --allowed")
	isReport := fs.Bool("report", false, "read a report that --json wrote instead of programs")
	allowedFile := fs.String("allowed", "", "compare with the calls that this `file` lists; exit with 1 when the program can make others")
	u := unverifiedFlag(fs)
	out := fs.String("o", "", "write to `file` instead of standard output")
	name := fs.String("name", "", "`name` of the file in the output, instead of its path")
	files, err := parse(fs, args)
	if err != nil {
		return 0, err
	}
	forms := 0
	for _, form := range []bool{*asJSON, *asSeccomp, *asList} {
		if form {
			forms++
		}
	}
	switch {
	case len(files) == 0:
		return 0, errors.New("syscalls: want a program, and further files of it if there are any; see linkcheck syscalls -h")
	case forms > 1:
		return 0, errors.New("syscalls: --json, --seccomp and --list exclude each other")
	case *isReport && (len(files) > 1 || *name != ""):
		return 0, errors.New("syscalls: --report: want one report, which names its program: give no --name and no other file")
	}
	starter := syscalls.Starters[0]
	if *starterName != "" {
		if !*asSeccomp {
			return 0, errors.New("syscalls: --seccomp-for is about the profile that --seccomp writes: give both")
		}
		if starter, err = syscalls.ParseStarter(*starterName); err != nil {
			return 0, fmt.Errorf("syscalls: --seccomp-for: %w", err)
		}
	}
	if *name == "" {
		*name = files[0]
	}
	var allowed *syscalls.Allowed
	if *allowedFile != "" {
		if allowed, err = readAllowed(*allowedFile); err != nil {
			return 0, err
		}
	}
	var report *syscalls.Report
	if *isReport {
		report, err = readSyscalls(files[0])
	} else {
		report, err = analyzeAll(files, *name, *u)
	}
	if err != nil {
		return 0, err
	}

	var data []byte
	switch {
	case *asJSON:
		data, err = syscalls.JSON(report)
	case *asSeccomp:
		var profile *syscalls.Seccomp
		if profile, err = report.Seccomp(allowed, starter); err == nil {
			data, err = syscalls.JSON(profile)
		}
	case *asList:
		data = listText(report)
	default:
		data = syscallsText(report)
	}
	if err != nil {
		return 0, err
	}
	if *out != "" {
		err = atomicfile.Write(*out, 0o644, data)
	} else {
		_, err = e.stdout.Write(data)
	}
	if err != nil || allowed == nil {
		return clean, err
	}
	return compareText(e, report, allowed.Compare(report), *allowedFile), nil
}

// analyzeAll returns what the program in files can ask of the kernel. name is its name in the report.
func analyzeAll(files []string, name string, u goabi.Unverified) (*syscalls.Report, error) {
	var all *syscalls.Report
	for _, file := range files {
		f, err := elf.Open(file)
		if err != nil {
			return nil, err
		}
		f.LaterGo = u == goabi.Warn
		r, err := syscalls.Analyze(f, name)
		f.Close()
		switch {
		case err != nil:
			return nil, err
		case all == nil:
			all = r
		default:
			if err := all.Add(r); err != nil {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
		}
	}
	return all, nil
}

// readSyscalls reads a report that --json wrote.
func readSyscalls(file string) (*syscalls.Report, error) {
	data, err := inputfile.Read(file, inputfile.Data)
	if err != nil {
		return nil, err
	}
	report, err := syscalls.ParseReport(data)
	if err != nil {
		return nil, fmt.Errorf("report %s: %w", file, err)
	}
	return report, nil
}

func readAllowed(file string) (*syscalls.Allowed, error) {
	data, err := inputfile.Read(file, inputfile.Text)
	if err != nil {
		return nil, err
	}
	allowed, err := syscalls.ParseAllowed(string(data))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return allowed, nil
}

// shownChain is how many functions of a long caller chain the text shows at each end.
const shownChain = 3

func chainText(chain []string) string {
	if len(chain) > 2*shownChain+1 {
		chain = append(append(append([]string{}, chain[:shownChain]...), "…"), chain[len(chain)-shownChain:]...)
	}
	return strings.Join(chain, " → ")
}

// syscallsText has a line for each call, with the shortest of the chains to it.
func syscallsText(r *syscalls.Report) []byte {
	var b strings.Builder
	if r.UnverifiedGo != "" {
		fmt.Fprintf(&b, "%s: warning: %s\n", r.File, r.UnverifiedGo)
	}
	fmt.Fprintf(&b, "%s: %d system calls on linux/%s, %d dynamic sites\n", r.File, len(r.Calls), r.GOARCH, len(r.Dynamic))
	for _, c := range r.Calls {
		fmt.Fprintf(&b, "  %-24s %4d  ", c.Name, c.Number)
		if c.Implied != "" {
			fmt.Fprintf(&b, "(%s)\n", c.Implied)
			continue
		}
		shortest := c.Sites[0].Chain
		for _, s := range c.Sites {
			if len(s.Chain) < len(shortest) {
				shortest = s.Chain
			}
		}
		fmt.Fprintln(&b, chainText(shortest))
	}
	for _, d := range r.Dynamic {
		fmt.Fprintf(&b, "  dynamic: %s at %s: %s\n    %s\n", d.Function, d.Address, d.Reason, chainText(d.Chain))
	}
	return []byte(b.String())
}

// listText is a list as syscalls.ParseAllowed reads it.
func listText(r *syscalls.Report) []byte {
	var b strings.Builder
	for _, c := range r.Calls {
		fmt.Fprintln(&b, c.Name)
	}
	seen := map[string]bool{}
	for _, d := range r.Dynamic {
		if !seen[d.Function] {
			seen[d.Function] = true
			fmt.Fprintln(&b, "dynamic", d.Function)
		}
	}
	return []byte(b.String())
}

// compareText prints what is not allowed and returns the exit status.
func compareText(e env, r *syscalls.Report, d syscalls.Difference, list string) int {
	for _, c := range d.Calls {
		how := c.Implied
		if how == "" {
			how = chainText(c.Sites[0].Chain)
		}
		fmt.Fprintf(e.stderr, "%s: %s does not allow %s: %s\n", r.File, list, c.Name, how)
	}
	for _, s := range d.Dynamic {
		fmt.Fprintf(e.stderr, "%s: %s does not accept the dynamic site in %s: %s: %s\n", r.File, list, s.Function, s.Reason, chainText(s.Chain))
	}
	if len(d.Unused) > 0 {
		fmt.Fprintf(e.stderr, "%s: %s allows what the program cannot call: %s\n", r.File, list, strings.Join(d.Unused, ", "))
	}
	if len(d.Calls)+len(d.Dynamic) > 0 {
		return findings
	}
	return clean
}
