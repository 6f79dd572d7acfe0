package compare

import (
	"slices"
	"strings"

	"github.com/go3s/rules_go3s/internal/gobin"
)

// explainString explains the string s that is in the programs for the architectures
// in alone by what refers to it.
func (c *comparison) explainString(s string, users []string, in, not []string) (rule, reason string) {
	if len(in) == 1 && c.hasOwnNames(s, in[0]) {
		return "name", "the name of the architecture is a part of it, where others have theirs"
	}
	inCode := true
	for _, p := range c.programs {
		inCode = inCode && (!slices.Contains(not, p.GOARCH) || p.hasImmediate(s))
	}
	if inCode {
		return "immediate", "the code has it in its instructions"
	}
	if len(users) > 0 && !slices.ContainsFunc(users, func(user string) bool { return !c.stdUser(user) }) {
		return "library", "only the standard library uses it"
	}
	for _, user := range users {
		if data, ok := strings.CutPrefix(user, "data"); ok {
			if pkg := gobin.PackageOf(strings.TrimSpace(data)); pkg != "" && !c.std.packages[pkg] &&
				!(c.archPackages[pkg] && c.constraintText(s, nil)) {
				return "", ""
			}
			continue
		}
		if chain := strings.Split(user, usedIn); !slices.ContainsFunc(chain, func(name string) bool {
			return c.differs(name) || c.explained[name] != nil && c.explained[name].Rule != "constraint" || c.branches(name) || !c.isArchSpecific(name) &&
				c.onlyInlined(name, not)
		}) && !c.constraintText(s, chain) {
			return "", ""
		}
	}
	if len(users) == 0 {
		return "", ""
	}
	return "user", "used by code or data of the standard library that depends on the architecture"
}

// stdUser reports whether a user of a string is of the standard library, with all that
// it is inlined into.
func (c *comparison) stdUser(user string) bool {
	if data, ok := strings.CutPrefix(user, "data"); ok {
		pkg := gobin.PackageOf(strings.TrimSpace(data))
		return c.std.packages[pkg]
	}
	return !slices.ContainsFunc(strings.Split(user, usedIn), func(name string) bool { return !c.isStd(name) })
}

// hasOwnNames reports whether the others have the string s of the program for goarch
// with their own architecture in place of goarch.
func (c *comparison) hasOwnNames(s, goarch string) bool {
	return strings.Contains(s, goarch) && !slices.ContainsFunc(c.programs, func(p *Program) bool {
		return !p.text.index[strings.ReplaceAll(s, goarch, p.GOARCH)]
	})
}
