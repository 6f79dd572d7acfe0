package compare

import (
	_ "embed"
	"strconv"
	"strings"
	"sync"
)

//go:embed reviewed.txt
var reviewedText string

// reviewed holds reviewed.txt: for a function, the effects and strings that it may have.
var reviewed = sync.OnceValue(func() map[string]map[string]bool {
	out := map[string]map[string]bool{}
	for line := range strings.Lines(reviewedText) {
		fn, what, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok || strings.HasPrefix(fn, "#") {
			continue
		}
		if out[fn] == nil {
			out[fn] = map[string]bool{}
		}
		if s, err := strconv.Unquote(what); err == nil {
			what = "string " + s
		}
		out[fn][what] = true
	}
	return out
})

// isReviewed reports whether somebody has looked at the function's effect, and found it harmless.
func isReviewed(function, effect string) bool { return reviewed()[declared(function)][effect] }
