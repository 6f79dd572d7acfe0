package syscalls

import "strings"

// chains returns for each function's name a shortest way to it along calls, jumps and
// function values. It begins at main.main; what that does not lead to, at the program's
// entry; then at package initialisers; then at functions that data names, which are
// methods and function values of package variables. Functions that nothing leads to
// have themselves.
func (a *Analysis) chains() map[string][]string {
	n := len(a.program.Funcs)
	next := make([][]int, n)
	for to := range n {
		for _, e := range a.graph.callers[to] {
			next[e.caller] = append(next[e.caller], to)
		}
		for _, from := range a.graph.takers[to] {
			next[from] = append(next[from], to)
		}
	}
	const none = -1
	parent := make([]int, n)
	seen := make([]bool, n)
	search := func(isRoot func(f int) bool) {
		var queue []int
		for f := range n {
			if !seen[f] && isRoot(f) {
				seen[f], parent[f] = true, none
				queue = append(queue, f)
			}
		}
		for len(queue) > 0 {
			f := queue[0]
			queue = queue[1:]
			for _, to := range next[f] {
				if !seen[to] {
					seen[to], parent[to] = true, f
					queue = append(queue, to)
				}
			}
		}
	}
	entry := a.program.Find(a.program.File.Header.Entry)
	search(func(f int) bool { return a.program.Funcs[f].Name == "main.main" })
	search(func(f int) bool { return entry != nil && a.program.Funcs[f].Addr == entry.Addr })
	search(func(f int) bool {
		name := a.program.Funcs[f].Name
		return strings.HasSuffix(name, ".init") || strings.Contains(name, ".init.")
	})
	search(func(f int) bool { return a.graph.inData[f] })
	search(func(f int) bool { return true })

	out := map[string][]string{}
	for f := range n {
		name := a.name(f)
		var chain []string
		for at := f; at != none; at = parent[at] {
			chain = append(chain, a.name(at))
		}
		for i, j := 0, len(chain)-1; i < j; i, j = i+1, j-1 {
			chain[i], chain[j] = chain[j], chain[i]
		}
		if old, ok := out[name]; !ok || len(chain) < len(old) {
			out[name] = chain
		}
	}
	return out
}
