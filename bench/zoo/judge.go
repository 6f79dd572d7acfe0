package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// A judgment is what linkcheck says about a file.
type judgment struct {
	// Verdict is by the profile that the file claims to keep: "clean", "errors", or "refused" for
	// a file that is not sound ELF.
	Verdict string `json:"verdict"`

	// Broken are the rules with findings when all rules are asked, whatever the profile.
	Broken []string `json:"broken,omitempty"`

	Errors  []string `json:"-"` // the rules that make the verdict "errors"
	Skipped []string `json:"-"` // the rules that have nothing to judge in the file
	Refusal string   `json:"-"` // the message with which the file was refused
}

// A linkcheck is the tool with what it says of itself.
type linkcheck struct {
	path   string
	list   string   // what it lists, as Markdown
	rules  []string // in the order of reports
	policy string   // file of a policy that asks all rules
}

// reports is what we read of linkcheck's JSON.
type reports struct {
	Files []struct {
		Rules []struct {
			ID, Severity, Status string
			Findings             []json.RawMessage
		}
	}
}

// newLinkcheck learns the rules from the list of linkcheck's rules.
func newLinkcheck(path, dir string) (*linkcheck, error) {
	lc := &linkcheck{path: path, policy: filepath.Join(dir, "policy.json")}
	out, err := exec.Command(path, "list", "--format=markdown").Output()
	if err != nil {
		return nil, fmt.Errorf("%s list: %w", path, err)
	}
	lc.list = string(out)
	type override struct {
		Severity string `json:"severity"`
	}
	rules := map[string]override{}
	_, profiles, _ := strings.Cut(lc.list, "\n| rule |")
	for line := range strings.Lines(profiles) {
		// The profiles' table begins each row with a link to the rule; rules of other commands are not in it.
		if rest, ok := strings.CutPrefix(line, "| [`"); ok {
			id, _, _ := strings.Cut(rest, "`")
			lc.rules = append(lc.rules, id)
			rules[id] = override{"error"}
		}
	}
	if len(rules) == 0 {
		return nil, fmt.Errorf("%s list: no rules in its table of profiles", path)
	}
	text, err := json.Marshal(map[string]any{"schema": 1, "rules": rules})
	if err != nil {
		return nil, err
	}
	return lc, os.WriteFile(lc.policy, text, 0o666)
}

// hasProfile reports whether linkcheck has a profile of that name.
func (lc *linkcheck) hasProfile(name string) bool {
	return strings.Contains(lc.list, "\n- `"+name+"`: ")
}

// judge asks linkcheck about s twice: by its profile, and by all rules.
func (lc *linkcheck) judge(s *specimen) (judgment, error) {
	byProfile, refusal, err := lc.check(s.Path, "--profile="+s.Profile)
	if err != nil {
		return judgment{}, err
	}
	if refusal != "" {
		return judgment{Verdict: "refused", Refusal: refusal}, nil
	}
	byAll, _, err := lc.check(s.Path, "--profile="+s.Profile, "--policy="+lc.policy)
	if err != nil {
		return judgment{}, err
	}
	j := judgment{Verdict: "clean"}
	for _, r := range byProfile.Files[0].Rules {
		if r.Status == "finding" && r.Severity == "error" {
			j.Verdict = "errors"
			j.Errors = append(j.Errors, r.ID)
		}
	}
	for _, r := range byAll.Files[0].Rules {
		switch r.Status {
		case "finding":
			j.Broken = append(j.Broken, r.ID)
		case "not-applicable":
			j.Skipped = append(j.Skipped, r.ID)
		}
	}
	slices.Sort(j.Broken)
	return j, nil
}

// check runs linkcheck. refusal is its message when the file cannot be used.
func (lc *linkcheck) check(file string, flags ...string) (r *reports, refusal string, err error) {
	cmd := exec.Command(lc.path, append(append([]string{"--format=json"}, flags...), file)...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 2 {
		message := strings.TrimPrefix(strings.TrimSpace(stderr.String()), "linkcheck: ")
		if rest, ok := strings.CutPrefix(message, file+": "); ok {
			return nil, rest, nil
		}
		return nil, "", fmt.Errorf("%s: %s", cmd, message) // not about the file
	}
	if err != nil && (exit == nil || exit.ExitCode() != 1) {
		return nil, "", fmt.Errorf("%s: %w\n%s", cmd, err, stderr.String())
	}
	r = new(reports)
	if err := json.Unmarshal(out, r); err != nil {
		return nil, "", fmt.Errorf("%s: %w", cmd, err)
	}
	if len(r.Files) != 1 {
		return nil, "", fmt.Errorf("%s: a report on %d files, want 1", cmd, len(r.Files))
	}
	return r, "", nil
}
