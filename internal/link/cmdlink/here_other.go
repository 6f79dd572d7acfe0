//go:build !linux

package cmdlink

import (
	"os/exec"

	"github.com/go3s/rules_go3s/internal/link/extld"
)

// A here needs Linux: elsewhere there is none.
type here struct{}

func newHere(dir, out string) (*here, error) { return nil, nil }

func (*here) program() string { return "" }

func (*here) run(*exec.Cmd, *extld.Command, bool) (warnings string, err error) { return "", nil }

func (*here) close() {}
