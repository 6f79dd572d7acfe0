package cmdlink

import (
	"os"

	"github.com/go3s/rules_go3s/internal/link/extld"
	"github.com/go3s/rules_go3s/internal/machine"
)

// Calls returns cmd/link's arguments for c but for its own flags, and what Link
// expects to be asked for then. Everything is in the directory dir.
func (c *Config) Calls(dir string) (args []string, expected *extld.Command, err error) {
	s := step{tmp: dir}
	text, err := c.importcfg(machine.Of(c.GOARCH).Level, "")
	if err != nil {
		return nil, nil, err
	}
	if err := os.WriteFile(s.importcfgFile(), text, 0o666); err != nil {
		return nil, nil, err
	}
	if args, err = c.args(s.importcfgFile(), dir, ""); err != nil {
		return nil, nil, err
	}
	expected, err = c.expected(dir)
	return args, expected, err
}
