package pcln

import (
	"fmt"
	"slices"
	"strings"

	"github.com/go3s/rules_go3s/internal/goabi"
)

// # Names of the tier External
//
// A function is called <tildes><number>.<tag>: the tag is the start of the build
// ID, tildes and number (hexadecimal) tell the function. Of sixteen such functions
// that follow each other fifteen names are ends of the sixteenth, so that a name
// costs two bytes. Every user frame of a traceback so names the build it is of.
//
// Where the runtime takes decisions by name, the name still serves:
//
//   - A function of package runtime is called runtime.<number>, by which tracebacks
//     hide it, goroutines are known as the system's (runtime/traceback.go,
//     isSystemGoroutine) and panics in it are fatal (runtime/panic.go,
//     panicCheck1). An exported one, which tracebacks show, is called
//     runtime.X<number>.
//   - Functions of the runtime and reflect, and what is inlined from them, are
//     never preempted asynchronously (runtime/preempt.go, isAsyncSafePoint). All
//     their instructions are marked as unsafe points instead.
//   - The wrapper of a method is called <tildes><number>.(*<tag>).m, because
//     runtime.panicwrap takes its name apart. Those of package runtime keep theirs.
//   - The exported methods of reflect.Value keep their names, also where they are
//     inlined: panics of package reflect find the method that was called by them
//     (reflect/value.go, valueMethodName).
//   - Names without a dot stay: tracebacks do not show them. So do goabi.KeptNames.

// keepsName reports whether the function is called the same in the output.
func keepsName(name string) bool {
	return slices.Contains(goabi.KeptNames, name) || !strings.Contains(name, ".") || isReflectMethod(name)
}

// isReflectMethod reports whether reflect.valueMethodName takes the name for that of
// an exported method of reflect.Value.
func isReflectMethod(name string) bool {
	rest, ok := strings.CutPrefix(name, goabi.ReflectValuePrefix)
	return ok && rest != "" && 'A' <= rest[0] && rest[0] <= 'Z'
}

// asksInlined reports whether the function of that name, or what it calls, asks for
// the calls that are inlined where it is called.
func asksInlined(name string) bool {
	if strings.HasPrefix(name, goabi.ReflectValuePrefix) {
		return !isReflectMethod(name)
	}
	return slices.ContainsFunc(goabi.AskingPrefixes, func(p string) bool { return strings.HasPrefix(name, p) })
}

// isMorestack reports whether the name is that of runtime.morestack or a variant.
func isMorestack(name string) bool { return strings.HasPrefix(name, goabi.MorestackPrefix) }

// Exported reports whether rest, a name of package runtime without the package,
// is exported: functions, and methods of exported types.
func Exported(rest string) bool {
	typ := ""
	if i := strings.LastIndexByte(rest, '.'); i >= 0 {
		typ, rest = strings.TrimLeft(rest[:i], "(*"), rest[i+1:]
	}
	upper := func(s string) bool { return s != "" && 'A' <= s[0] && s[0] <= 'Z' }
	return upper(rest) && (typ == "" || upper(typ))
}

const (
	nameGroup = 16 // functions whose names share their bytes
)

// Names of calls inlined into a function of which the tier External keeps that
// they are there. Without a dot, and as unexported function of package runtime,
// tracebacks do not show them.
const (
	hiddenName        = "~"
	hiddenRuntimeName = goabi.RuntimePrefix + "~"
)

// A namer gives out the names of the tier External.
type namer struct {
	tag             string
	plain, wrappers int
	runtime         int
}

// next returns the name in the output of the function that is called name, and
// has the given funcID, in the input.
func (n *namer) next(name string, id uint8) string {
	wrapper := id == goabi.FuncIDWrapper && strings.Contains(name, ".(*")
	if keepsName(name) || wrapper && strings.HasPrefix(name, goabi.RuntimePrefix) {
		return name
	}
	if rest, ok := strings.CutPrefix(name, goabi.RuntimePrefix); ok {
		n.runtime++
		if Exported(rest) {
			return goabi.RuntimePrefix + "X" + number(n.runtime-1)
		}
		return goabi.RuntimePrefix + number(n.runtime-1)
	}
	count, rest := &n.plain, "."+n.tag
	if wrapper {
		count, rest = &n.wrappers, ".(*"+n.tag+").m"
	}
	k := *count
	*count++
	return strings.Repeat("~", k%nameGroup) + fmt.Sprintf("%x", k/nameGroup) + rest
}

// numberDigits are the digits of the numbers in names of package runtime. Since
// none is an upper-case letter, none of the names looks exported, and since none
// is a bracket or dot, none looks like that of a method or a generic function.
const numberDigits = "0123456789abcdefghijklmnopqrstuvwxyz!#$%&+,:;<=>?@^_{|}"

// number writes n with numberDigits, the least digit first.
func number(n int) string {
	b := []byte{numberDigits[n%len(numberDigits)]}
	for n /= len(numberDigits); n > 0; n /= len(numberDigits) {
		b = append(b, numberDigits[n%len(numberDigits)])
	}
	return string(b)
}

// A symbolizer is what compact needs more for the tier External.
type symbolizer struct {
	t         *Table
	names     []string // of the functions in the output
	originals []string
	asking    map[uint64]bool // text offsets of functions that ask for inlined calls
}

func newSymbolizer(t *Table, tag string) (*symbolizer, error) {
	s := &symbolizer{t: t}
	n := namer{tag: tag}
	for i := range t.count {
		var r funcRecord
		if err := t.readFunc(i, &r); err != nil {
			return nil, err
		}
		name, err := t.name(r.name)
		if err != nil {
			return nil, err
		}
		if tag, ok := TagOf(name); ok {
			return nil, fmt.Errorf("%s: its names are taken out already: function %d is called %q. Give the program of build %s… as it was linked", t.f.Name, i, name, tag)
		}
		s.originals = append(s.originals, name)
		s.names = append(s.names, n.next(name, r.id))
	}
	var err error
	s.asking, err = t.entriesOf(asksInlined)
	return s, err
}

// unsafePoints marks the instructions that are inlined from the runtime as unsafe
// for asynchronous preemption. The name that marked them is dropped together with the inline tree
// (runtime/preempt.go, isAsyncSafePoint).
func (s *symbolizer) unsafePoints(i int, points, inlined []run, tree *inlTree) []run {
	switch name := s.originals[i]; {
	case strings.HasPrefix(s.names[i], goabi.RuntimePrefix) || name == s.names[i] && goabi.NeverPreempted(name):
		return nil // by its name it is not preempted anyway
	case goabi.NeverPreempted(name):
		return []run{{s.t.entry(i+1) - s.t.entry(i), unsafePointUnsafe}}
	}
	var out []run
	at := uint64(0)
	next := func(runs []run) (run, []run) {
		for len(runs) > 0 && runs[0].end <= at {
			runs = runs[1:]
		}
		if len(runs) == 0 {
			return run{1 << 62, -1}, nil
		}
		return runs[0], runs
	}
	end := uint64(0)
	for _, r := range [][]run{points, inlined} {
		if n := len(r); n > 0 {
			end = max(end, r[n-1].end)
		}
	}
	for at < end {
		var p, c run
		p, points = next(points)
		c, inlined = next(inlined)
		val := p.val
		if n, ok := tree.place(c.val); ok && !tree.calls[n].anonymous && goabi.NeverPreempted(tree.calls[n].text) {
			val = unsafePointUnsafe
		}
		at = min(p.end, c.end, end)
		if n := len(out); n > 0 && out[n-1].val == val {
			out[n-1].end = at
		} else {
			out = append(out, run{at, val})
		}
	}
	return out
}

const unsafePointUnsafe = -2 // internal/abi/symtab.go

// reduceTree keeps only the inlined calls a program can observe: those at call sites of functions that walk the stack, and all
// of them in wrappers. It drops the other names.
//
// runtime.callers counts frames that it skips, of which the nearest may be
// runtime.Callers; reflect.valueMethodName looks for a name. runtime.gorecover counts
// the frames between itself and the panic that are no wrappers, inlined ones too, and
// wants exactly one. So beside the function that calls it, with the wrappers around that, any further non-wrapper frame makes
// recover return nil, no matter what was inlined into it. Only a wrapper made for "defer recover()" has none itself; it is called
// where a function ends that has defer statements, and such are not inlined.
func (s *symbolizer) reduceTree(i int, runs []run, tree *inlTree) ([]run, error) {
	if len(tree.calls) == 0 {
		return nil, nil
	}
	var r funcRecord
	if err := s.t.readFunc(i, &r); err != nil {
		return nil, err
	}
	keep := make([]bool, len(runs))
	if r.id == goabi.FuncIDWrapper {
		for k := range keep {
			keep[k] = true
		}
	} else if err := s.keepAsked(i, runs, tree, keep); err != nil {
		return nil, err
	}
	needed := make([]bool, len(tree.calls))
	for k := range runs {
		n, ok := tree.place(runs[k].val)
		switch {
		case !keep[k]:
			runs[k].val = -1
		case ok:
			needed[n] = true
		}
	}
	kept := 0
	for n, call := range tree.calls {
		if !needed[n] {
			continue
		}
		call.startLine = 0
		if isReflectMethod(call.text) {
			call.anonymous = false
		} else if !call.anonymous && goabi.NeverPreempted(call.text) || goabi.NeverPreempted(s.originals[i]) {
			call.text = hiddenRuntimeName
		} else {
			call.text, call.anonymous = hiddenName, false
		}
		tree.order[kept], tree.calls[kept] = tree.order[n], call
		kept++
	}
	tree.order, tree.calls = tree.order[:kept], tree.calls[:kept]
	runs = mergeRuns(runs, func(v int32) int32 { return v })
	tree.dropLines(runs)
	return runs, nil
}

// keepAsked sets keep for the runs with a call of a function that asks for inlined
// calls, and for those that their callers are in.
func (s *symbolizer) keepAsked(i int, runs []run, tree *inlTree, keep []bool) error {
	t := s.t
	start, end := t.entry(i), t.entry(i+1)
	code, err := t.f.Bytes(t.textAddr+start, end-start)
	if err != nil {
		return err
	}
	runOf := func(pc uint64) int {
		for k := range runs {
			if pc < runs[k].end {
				return k
			}
		}
		return -1
	}
	callerRun := func(k int) int {
		n, _ := tree.place(runs[k].val)
		return runOf(uint64(tree.calls[n].parent))
	}
	for _, pc := range callsOf(t.f.GOARCH(), code, start, s.asking) {
		for k := runOf(pc); k >= 0 && !keep[k] && runs[k].val >= 0; k = callerRun(k) {
			keep[k] = true
		}
	}
	return nil
}
