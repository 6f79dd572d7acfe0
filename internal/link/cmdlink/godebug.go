package cmdlink

import (
	"fmt"
	"go/build"
	"strings"

	"github.com/go3s/rules_go3s/internal/godebug"
)

// godebugVariable is the variable in which the runtime finds the settings that GODEBUG has before the
// environment is read. cmd/go sets it as we do.
const godebugVariable = "runtime.godebugDefault"

// buildContext returns the build constraints that the packages were compiled with.
func (c *Config) buildContext() build.Context {
	ctx := build.Default
	ctx.GOOS, ctx.GOARCH, ctx.CgoEnabled = c.GOOS, c.GOARCH, false
	ctx.BuildTags, ctx.ToolTags = c.Tags, nil
	return ctx
}

// godebugDefault returns the value of godebugVariable: the settings of the //go:debug lines of c.Sources, and over
// them c.Godebug; "" for none.
func (c *Config) godebugDefault() (string, error) {
	ctx := c.buildContext()
	var settings []godebug.Setting
	for _, file := range c.Sources {
		found, err := godebug.Directives(&ctx, file)
		if err != nil {
			return "", err
		}
		settings = append(settings, found...)
	}
	for _, s := range c.Godebug {
		setting, err := godebug.Parse(s, "-godebug")
		if err != nil {
			return "", err
		}
		settings = append(settings, setting)
	}
	if len(settings) == 0 {
		return "", nil
	}
	for _, def := range c.XDefs {
		if strings.HasPrefix(def, godebugVariable+"=") {
			return "", fmt.Errorf("%s: the definition %q would replace it; use one of both", settings[0].Where, def)
		}
	}
	return godebug.Default(settings), nil
}
