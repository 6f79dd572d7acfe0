package compare

import (
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/go3s/rules_go3s/internal/gobin"
)

// # Effects
//
// Code for one architecture that only computes is what such code is for: kernels of
// ciphers and codecs, and the choice between them. It has an effect when it refers to anything that may do
// more: a system call, a package of the standard library that is not in purePackages,
// a function anywhere else from which one of these can be reached or that calls what it is given, a variable
// of another package, a new goroutine.
//
// An effect is excused when the code that is in its place on each other architecture
// has it, too. To find that, go back from the function by its users to functions that
// all programs have, and from these forth again by functions that not all have.

// purePackages are those of the standard library that only compute with what they are given. A name with a dot is
// that of a function in a package that is not.
var purePackages = setOf("bytes cmp container/heap container/list container/ring crypto/subtle encoding encoding/base32 encoding/base64 encoding/binary " +
	"encoding/hex errors hash hash/adler32 hash/crc32 hash/crc64 hash/fnv hash/maphash crypto/aes crypto/cipher crypto/des crypto/ecdh crypto/ecdsa crypto/ed25519 crypto/elliptic crypto/hkdf crypto/hmac crypto/md5 crypto/mlkem crypto/pbkdf2 crypto/rc4 crypto/rsa crypto/sha1 crypto/sha256 crypto/sha3 crypto/sha512 internal/abi internal/bytealg internal/byteorder internal/chacha8rand " +
	"internal/cpu internal/goarch internal/itoa internal/race internal/stringslite internal/unsafeheader internal/runtime/atomic internal/runtime/math " +
	"internal/runtime/sys io iter maps math math/big math/bits math/cmplx slices sort strconv strings sync sync/atomic internal/sync unicode unicode/utf16 unicode/utf8 unsafe unique " +
	"crypto/internal/constanttime crypto/internal/fips140/alias crypto/internal/fips140/subtle crypto/internal/fips140deps/byteorder crypto/internal/fips140deps/cpu crypto/internal/fips140only " +
	"fmt.Errorf fmt.Sprintf fmt.Sprint fmt.Sprintln fmt.Append fmt.Appendf fmt.(*wrapError).Error runtime.KeepAlive runtime.GOMAXPROCS runtime.NumCPU " +
	"golang.org/x/sys/cpu")

func setOf(words string) map[string]bool {
	out := map[string]bool{}
	for word := range strings.FieldsSeq(words) {
		out[word] = true
	}
	return out
}

// newGoroutine is what a go statement calls.
const newGoroutine = "runtime.newproc"

// risky reports whether a function that is not odd may do more than to compute.
func (c *comparison) risky(name string) bool {
	known, ok := c.risks[name]
	if ok {
		return known
	}
	c.risks[name] = false // while asking for itself
	c.risks[name] = c.findRisk(name)
	return c.risks[name]
}

func (c *comparison) findRisk(name string) bool {
	if name == systemCall || name == newGoroutine {
		return true
	}
	if rule, _ := c.std.explainName(name); rule != "" {
		return false
	}
	pkg := gobin.PackageOf(name)
	if v, ok := strings.CutPrefix(name, "&"); ok {
		pkg = gobin.PackageOf(v)
		return !purePackages[pkg] && pkg != "runtime" && !strings.Contains(v, "..") && !processorPackages[path.Base(pkg)] && !c.oddVar(v)
	}
	if c.library(pkg) || c.isStd(name) {
		return !purePackages[pkg] && !purePackages[name] && pkg != "" && !c.differs(name)
	}
	for _, p := range c.programs {
		if fn := p.funcs[name]; fn != nil {
			if fn.indirect {
				return true
			}
			for to := range fn.refs {
				if c.risky(to) {
					return true
				}
			}
		}
	}
	return false
}

// targets yields what fn, of package pkg, refers to.
func (fn *function) targets(yield func(string) bool) {
	for to := range fn.refs {
		if !yield(to) {
			return
		}
	}
	for v := range fn.vars {
		if gobin.PackageOf(v) != gobin.PackageOf(fn.name) && !yield("&"+v) {
			return
		}
	}
}

// effects returns the effects of the function that are not excused, sorted.
func (c *comparison) effects(name string) []string {
	known, ok := c.effectsOf[name]
	if ok {
		return known
	}
	found := map[string]bool{}
	for _, p := range c.programs {
		fn := p.funcs[name]
		if fn == nil {
			continue
		}
		var roots []string
		for to := range fn.targets {
			if c.isArchSpecific(to) || !c.risky(to) || isReviewed(name, to) {
				continue
			}
			if roots == nil {
				roots = c.roots(p, name)
			}
			if !c.excused(p, roots, to) {
				found[to] = true
			}
		}
	}
	c.effectsOf[name] = slices.Sorted(maps.Keys(found))
	return c.effectsOf[name]
}

// excused reports whether in all programs but p all the roots have the effect.
func (c *comparison) excused(p *Program, roots []string, effect string) bool {
	for _, q := range c.programs {
		for _, root := range roots {
			if q != p && !c.reach(q, root)[effect] {
				return false
			}
		}
	}
	return true
}

// roots returns the functions in all programs from which code of p gets to name
// by others that are not, and "data PACKAGE" for a function that no code refers to.
func (c *comparison) roots(p *Program, name string) []string {
	seen, out := map[string]bool{name: true}, map[string]bool{}
	for queue := []string{name}; len(queue) > 0; queue = queue[1:] {
		fn := p.funcs[queue[0]]
		switch {
		case fn == nil:
		case !c.missing(fn.name):
			out[fn.name] = true
		case len(fn.users) == 0:
			out["data "+gobin.PackageOf(fn.name)] = true
		default:
			for user := range fn.users {
				if !seen[user] {
					seen[user] = true
					queue = append(queue, user)
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(out))
}

// reach returns what root refers to in p, directly or by odd functions.
func (c *comparison) reach(p *Program, root string) map[string]bool {
	key := p.GOARCH + " " + root
	if known, ok := c.reaches[key]; ok {
		return known
	}
	out := map[string]bool{}
	c.reaches[key] = out
	var queue []*function
	if pkg, ok := strings.CutPrefix(root, "data "); ok {
		for name, fn := range p.funcs {
			if gobin.PackageOf(name) == pkg && len(fn.users) == 0 && c.isArchSpecific(name) {
				queue = append(queue, fn)
			}
		}
	} else if fn := p.funcs[root]; fn != nil {
		queue = append(queue, fn)
	}
	seen := map[*function]bool{}
	for ; len(queue) > 0; queue = queue[1:] {
		if seen[queue[0]] {
			continue
		}
		seen[queue[0]] = true
		for to := range queue[0].targets {
			out[to] = true
			if fn := p.funcs[to]; fn != nil && c.isArchSpecific(to) {
				queue = append(queue, fn)
			}
		}
	}
	return out
}

// processorPackages are base names of packages that tell the features of the processor.
var processorPackages = setOf("cpu cpuid cpuinfo cpufeat cpufeature")

// initializes reports whether a function is none that runs at start, or does so to find
// out about the processor, or to set what not all programs have.
func (c *comparison) initializes(name string) bool {
	if !initName.MatchString(name) || strings.Contains(name, ".map.init.") {
		return true
	}
	for _, p := range c.programs {
		fn := p.funcs[name]
		if fn == nil {
			continue
		}
		own := len(fn.vars) > 0
		asks := false
		for v := range fn.vars {
			asks = asks || processorPackages[path.Base(gobin.PackageOf(v))]
			own = own && c.oddVar(v)
		}
		for to := range fn.refs {
			f := p.funcs[to]
			asks = asks || processorPackages[path.Base(gobin.PackageOf(to))] || f != nil && strings.HasSuffix(f.file, ".s") && c.isArchSpecific(to)
		}
		if !asks && !own && !c.hasCounterpart(p, fn) {
			return false
		}
	}
	return true
}

// oddVar reports whether a program lacks the variable, which is not of the standard library.
func (c *comparison) oddVar(name string) bool {
	return !c.std.packages[gobin.PackageOf(name)] &&
		slices.ContainsFunc(c.programs, func(p *Program) bool { return len(p.data[unnumbered(name)]) == 0 })
}

// initName matches the name of an init function.
var initName = regexp.MustCompile(`\.init\.(\([^)]*\)|#)$`)

// hasCounterpart reports whether each other program initializes the same
// variables as fn.
func (c *comparison) hasCounterpart(p *Program, fn *function) bool {
	prefix := gobin.PackageOf(fn.name) + ".init."
	for _, q := range c.programs {
		if q == p || q.funcs[fn.name] != nil {
			continue
		}
		found := false
		for name, other := range q.funcs {
			if name != gobin.PackageOf(fn.name)+".init" && !strings.HasPrefix(name, prefix) {
				continue
			}
			all := true
			for v := range fn.vars {
				all = all && other.vars[v]
			}
			found = found || all
		}
		if !found || len(fn.vars) == 0 {
			return false
		}
	}
	return true
}

// whyNot says why a function of a package with files for some architectures is a finding.
func (c *comparison) whyNot(name string) string {
	switch {
	case c.isStd(name) || !c.isArchSpecific(name):
	case len(c.effects(name)) > 0:
		return "; not explained by its file, since others have no counterpart that uses " + some(c.effects(name))
	case c.inConstrainedAnywhere(name) && !c.initializes(name):
		return "; not explained by its file, since it runs at start without asking for features of the processor"
	}
	return ""
}

func (c *comparison) inConstrainedAnywhere(name string) bool {
	return slices.ContainsFunc(c.programs, func(p *Program) bool { return p.funcs[name] != nil && c.inConstrained(p.funcs[name]) })
}
