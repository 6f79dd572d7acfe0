package syscalls

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/go3s/rules_go3s/internal/machine"
)

// A Seccomp is a filter of system calls in the form of the OCI runtime specification
// (config-linux.md, "Seccomp"), which container engines take.
type Seccomp struct {
	DefaultAction   string        `json:"defaultAction"`
	DefaultErrnoRet uint          `json:"defaultErrnoRet"`
	Architectures   []string      `json:"architectures"`
	Syscalls        []SeccompRule `json:"syscalls"`
}

// A SeccompRule says what happens to some calls.
type SeccompRule struct {
	Names  []string `json:"names"`
	Action string   `json:"action"`
}

const actionAllow = "SCMP_ACT_ALLOW"

// eperm is what forbidden calls return.
const eperm = 1

// Seccomp returns the filter that allows what r lists, what starter calls between filter and program, and
// nothing else. Where r has dynamic sites, allowed must accept each of them; then the
// filter also allows the calls that allowed names. allowed may be nil.
//
// The first rule has the calls of the program, the second those that only its start needs; a rule without calls is left out.
func (r *Report) Seccomp(allowed *Allowed, starter Starter) (*Seccomp, error) {
	var names []string
	for _, c := range r.Calls {
		names = append(names, c.Name)
	}
	for _, d := range r.Dynamic {
		if allowed == nil || !allowed.Dynamic[d.Function] {
			return nil, fmt.Errorf("%s: %s at %s: %s: a profile of the other calls would break the program: name the calls that it makes there in a list, with the line \"dynamic %s\", and give it by --allowed", r.File, d.Function, d.Address, d.Reason, d.Function)
		}
	}
	if len(r.Dynamic) > 0 {
		names = append(names, allowed.names(r.GOARCH)...)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	for _, name := range names {
		if _, ok := Tables[r.GOARCH].load().numbers[name]; !ok {
			return nil, fmt.Errorf("%s: call %s has no name on linux/%s, so that a seccomp profile cannot allow it: is it a mistake of the program, or is golang.org/x/sys too old?", r.File, name, r.GOARCH)
		}
	}
	more := slices.DeleteFunc(starter.calls(r.GOARCH), func(name string) bool { return slices.Contains(names, name) })
	var rules []SeccompRule
	for _, names := range [][]string{names, more} {
		if len(names) > 0 {
			rules = append(rules, SeccompRule{Names: names, Action: actionAllow})
		}
	}
	return &Seccomp{
		DefaultAction:   "SCMP_ACT_ERRNO",
		DefaultErrnoRet: eperm,
		Architectures:   []string{machine.Of(r.GOARCH).Seccomp},
		Syscalls:        rules,
	}, nil
}

// JSON returns v, a Report or a Seccomp, as indented JSON with a final newline.
func JSON(v any) ([]byte, error) {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return []byte(b.String()), nil
}
