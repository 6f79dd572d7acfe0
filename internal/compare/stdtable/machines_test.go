package stdtable

import (
	"slices"
	"testing"

	"github.com/go3s/rules_go3s/internal/machine"
)

func TestMachines(t *testing.T) {
	var names, tags []string
	for _, m := range machine.All {
		names, tags = append(names, m.GOARCH), append(tags, m.Baseline)
	}
	if !slices.Equal(goarches, names) || !slices.Equal(baselines, tags) {
		t.Errorf("generate.go has %q and %q, the registry %q and %q", goarches, baselines, names, tags)
	}
}
