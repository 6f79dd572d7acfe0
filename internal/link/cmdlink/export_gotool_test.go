package cmdlink

import (
	"path/filepath"

	"github.com/go3s/rules_go3s/internal/link/extld"
	"github.com/go3s/rules_go3s/internal/machine"
)

// Calls returns cmd/link's arguments for c but for its own flags, and what Link
// expects to be asked for then. Everything is in the directory dir.
func (c *Config) Calls(dir string) (args []string, expected *extld.Command, err error) {
	cfg := filepath.Join(dir, "importcfg")
	if err := c.writeImportcfg(cfg, machine.Of(c.GOARCH).Level, ""); err != nil {
		return nil, nil, err
	}
	if args, err = c.args(cfg, dir, ""); err != nil {
		return nil, nil, err
	}
	expected, err = c.expected(dir)
	return args, expected, err
}
