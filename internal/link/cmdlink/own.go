package cmdlink

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/go3s/rules_go3s/internal/golink"
)

// A GoLinker says what loads the packages and lays out go.o, which golink then links.
type GoLinker string

// Values of Config.GoLinker.
const (
	CmdLink GoLinker = "cmdlink" // the SDK's linker; "" means it, too
	Own     GoLinker = "own"     // package golink: the same bytes
	Auto    GoLinker = "auto"    // Own where it can, else CmdLink, with a warning that says why
)

// Set sets g to the value of that name. It makes *GoLinker a flag.Value.
func (g *GoLinker) Set(name string) error {
	switch v := GoLinker(name); v {
	case CmdLink, Own, Auto:
		*g = v
		return nil
	}
	return fmt.Errorf("want %s, %s or %s", CmdLink, Own, Auto)
}

func (g *GoLinker) String() string { return string(*g) }

// Values returns the names of all values, for completion.
func (g *GoLinker) Values() []string { return []string{string(CmdLink), string(Own), string(Auto)} }

// linkOwn links the program by package golink, and writes it to out. args are those of cmd/link, importcfg its import configuration.
func (c *Config) linkOwn(args []string, importcfg, tmp, out string) (warnings string, err error) {
	if !c.StripSymbols && !c.StripDWARF {
		return "", fmt.Errorf("debugging information: %w", golink.ErrUnsupported)
	}
	cfg := golink.Config{
		Main: c.Main, GOROOT: cmp.Or(c.GOROOT, noGOROOT), BuildID: c.goBuildID(), PIE: c.BuildMode == ModeStaticPIE,
	}
	text, err := os.ReadFile(importcfg)
	if err != nil {
		return "", err
	}
	if err := cfg.ReadImportcfg(importcfg, text); err != nil {
		return "", err
	}
	for _, a := range c.Ldflags {
		if name, _, _ := strings.Cut(a, "="); name != "-X" {
			return "", fmt.Errorf("linker option %s: %w", name, golink.ErrUnsupported)
		}
	}
	for _, a := range args {
		if def, ok := strings.CutPrefix(a, "-X="); ok {
			name, value, _ := strings.Cut(def, "=")
			cfg.XDefs = append(cfg.XDefs, [2]string{name, value})
		}
	}
	data, err := golink.Object(cfg)
	if err != nil {
		return "", fmt.Errorf("linking %s: %w", cmp.Or(c.BuildInfo.Path, c.Main), err)
	}
	x, err := c.expected(tmp)
	if err != nil {
		return "", err
	}
	r, err := x.Link(data, tmp)
	if err != nil {
		return "", err
	}
	return r.Warnings, x.Write(r, out)
}

// tryOwn links by package golink as c.GoLinker says. done is false where cmd/link is to link, and warning then says why if package golink
// was asked first.
func (c *Config) tryOwn(args []string, importcfg, tmp, out string) (done bool, warning string, err error) {
	if c.GoLinker != Own && c.GoLinker != Auto {
		return false, "", nil
	}
	warning, err = c.linkOwn(args, importcfg, tmp, out)
	if c.GoLinker == Auto && errors.Is(err, golink.ErrUnsupported) {
		return false, fmt.Sprintf("linked by the Go SDK's linker: %v\n", err), nil
	}
	return true, warning, err
}
