package pairs_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestPairs runs each program and what go_binary makes of the same sources.
func TestPairs(t *testing.T) {
	pairs := strings.Fields(os.Getenv("PAIRS"))
	if len(pairs) < 20 {
		t.Fatalf("PAIRS has %d programs, want at least 20", len(pairs))
	}
	run := func(program string) string {
		out, err := exec.Command("./" + program).CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v\n%.1000s", program, err, out)
		}
		return string(out)
	}
	for i := 0; i < len(pairs); i += 2 {
		if ours, plain := run(pairs[i]), run(pairs[i+1]); ours != plain || plain == "" {
			t.Errorf("%s printed %.1000q, want %.1000q as %s", pairs[i], ours, plain, pairs[i+1])
		}
	}
}
