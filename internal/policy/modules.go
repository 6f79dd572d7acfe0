package policy

import (
	"go/version"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/go3s/rules_go3s/internal/goabi"
)

// modules returns the modules that the build information names: dependencies and what
// replaces them. The error says why it cannot be read.
func modules(in *Input) ([]*debug.Module, error) {
	info, err := in.buildInfo()
	if err != nil {
		return nil, err
	}
	var out []*debug.Module
	for _, d := range info.Deps {
		out = append(out, d)
		if d.Replace != nil {
			out = append(out, d.Replace)
		}
	}
	return out, nil
}

// noDependencies says why there are no modules to judge, "" when there are, or when the build information
// cannot be read.
func noDependencies(in *Input) string {
	if info, err := in.buildInfo(); err == nil && len(info.Deps) == 0 {
		return "the build information names no dependency"
	}
	return ""
}

// withBuildInfo returns a check that judges the build information by f, and reports it where it cannot be read.
func withBuildInfo(f func(info *debug.BuildInfo) []Finding) func(in *Input) []Finding {
	return func(in *Input) []Finding {
		info, err := in.buildInfo()
		if err != nil {
			return one(goabi.BuildInfo, "it cannot be read: %v", in.reason(err))
		}
		return f(info)
	}
}

var goVersionFloor = Rule{
	ID:       "go-version",
	What:     "The program was built by the oldest accepted Go release or a newer one.",
	Why:      "Security fixes of the runtime and the standard library reach a program only when it is rebuilt by a release that has them.",
	Evidence: "Go version of the build information.",
	Remedy:   "Build with a newer Go SDK.",
	Ref:      "the policy's go_version_min; Go release policy, go.dev/doc/devel/release",
	Severity: Error,
	NotApplicable: func(in *Input) string {
		if in.GoVersionMin == "" {
			return "the policy sets no oldest Go release"
		}
		return ""
	},
	Check: func(in *Input) []Finding {
		said, err := in.goVersion()
		if err != nil {
			return one(goabi.BuildInfo, "%v", in.reason(err))
		}
		// A version may continue, as "go1.26.8 X:nodwarf5".
		v, _, _ := strings.Cut(said, " ")
		if !version.IsValid(v) {
			return one("Go version", "the program was built by %q, no release; want %s or newer", clip(said), in.GoVersionMin)
		}
		if version.Compare(v, in.GoVersionMin) < 0 {
			return one("Go version", "the program was built by %s, want %s or newer", clip(v), in.GoVersionMin)
		}
		return nil
	},
}

var trimpath = Rule{
	ID:       "trimpath",
	What:     "The program was built with -trimpath.",
	Why:      "Without it the names of source files begin with directories of the build machine, and the build depends on where it ran.",
	Evidence: "Build setting -trimpath. The file names themselves are judged by no-host-path.",
	Remedy:   "Build with rules_go, or with `go build -trimpath`.",
	Ref:      "Go cmd/go, -trimpath",
	Severity: Warning,
	NotApplicable: func(in *Input) string {
		if info, err := in.buildInfo(); err == nil && len(info.Settings) == 0 {
			return "the build information has no settings"
		}
		return ""
	},
	Check: withBuildInfo(func(info *debug.BuildInfo) []Finding {
		if v, ok := setting(info, "-trimpath"); !ok || v != "true" {
			return one("-trimpath", "the build settings have no -trimpath=true")
		}
		return nil
	}),
}

var moduleSums = Rule{
	ID:       "module-sums",
	What:     "Every dependency has a version and the sum of its contents.",
	Why:      "The sum ties the program to sources that the checksum database knows. Without it nobody can tell what was compiled.",
	Evidence: "Dependencies in the build information: version and h1 sum of each, or of what replaces it.",
	Remedy:   "Build from modules with a go.sum, not from a vendored or local copy.",
	Ref:      "Go cmd/go, go.sum; debug/buildinfo",
	Severity: Warning,
	NotApplicable: func(in *Input) string {
		return noDependencies(in)
	},
	Check: withBuildInfo(func(info *debug.BuildInfo) []Finding {
		var out collector
		for _, d := range info.Deps {
			m := d
			if d.Replace != nil {
				m = d.Replace
			}
			if m.Version == "" || m.Version == "(devel)" {
				out.add(clip(d.Path), "its version is %q, want one that names sources", clip(m.Version))
			} else if !strings.HasPrefix(m.Sum, "h1:") {
				out.add(clip(d.Path), "its sum is %q, want one that begins with h1:", clip(m.Sum))
			}
		}
		return out
	}),
}

var noReplacedModule = Rule{
	ID:       "no-replaced-module",
	What:     "No dependency is replaced by another module or directory.",
	Why:      "A replacement gives other code under the same name; vulnerability scanners look the name up.",
	Evidence: "Replacements in the build information.",
	Remedy:   "Require the other module by its own name, or allow the module by its path.",
	Ref:      "Go cmd/go, replace directive",
	Severity: Warning,
	NotApplicable: func(in *Input) string {
		return noDependencies(in)
	},
	Check: withBuildInfo(func(info *debug.BuildInfo) []Finding {
		var out collector
		for _, d := range info.Deps {
			if d.Replace != nil {
				out.add(clip(d.Path), "it is replaced by %s %s", clip(d.Replace.Path), clip(d.Replace.Version))
			}
		}
		return out
	}),
}

var vcsClean = Rule{
	ID:       "vcs-clean",
	What:     "Where the build information names a commit, the program was built from that commit and nothing else.",
	Why:      "A program built with uncommitted changes cannot be built again.",
	Evidence: "Build settings vcs.revision and vcs.modified, and the mark +dirty of the main module's version.",
	Remedy:   "Commit, and build again.",
	Ref:      "Go cmd/go, -buildvcs",
	Severity: Warning,
	NotApplicable: func(in *Input) string {
		info, err := in.buildInfo()
		if err == nil && !slices.ContainsFunc(info.Settings, func(s debug.BuildSetting) bool { return strings.HasPrefix(s.Key, "vcs.") }) {
			return "the build information names no commit"
		}
		return ""
	},
	Check: withBuildInfo(func(info *debug.BuildInfo) []Finding {
		var out collector
		if v, _ := setting(info, "vcs.modified"); v != "false" {
			out.add("vcs.modified", "the build settings say vcs.modified=%s, want false", clip(v))
		}
		if v, _ := setting(info, "vcs.revision"); v == "" {
			out.add("vcs.revision", "the build settings name a version control system but no commit")
		}
		if strings.HasSuffix(info.Main.Version, "+dirty") {
			out.add(clip(info.Main.Path), "its version is %s", clip(info.Main.Version))
		}
		return out
	}),
}
