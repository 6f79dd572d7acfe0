package cmdlink

import (
	"fmt"
	"go/build"
	"path/filepath"
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

// godebugDefault returns the value of godebugVariable: that FIPS 140-3 mode is on with c.FIPS, over that the settings of the
// //go:debug lines of c.Sources, and over them c.Godebug, as the SDK, of that series, knows them; "" for none.
func (c *Config) godebugDefault(series string) (string, error) {
	if len(c.Sources)+len(c.Godebug) == 0 && c.FIPS == "" {
		return "", nil
	}
	sdk := c.SDK
	if sdk == "" {
		sdk = filepath.Join(filepath.Dir(c.Linker), "..", "..", "..") // GOROOT/pkg/tool/GOOS_GOARCH/link
	}
	table, err := godebug.ReadTable(sdk, series)
	if err != nil {
		return "", err
	}
	ctx := c.buildContext()
	var settings []godebug.Setting
	if c.FIPS != "" {
		settings = append(settings, godebug.Setting{Key: "fips140", Value: "on", Where: "-fips"})
	}
	for _, file := range c.Sources {
		found, err := table.Directives(&ctx, file)
		if err != nil {
			return "", err
		}
		settings = append(settings, found...)
	}
	for _, s := range c.Godebug {
		setting, err := table.Parse(s, "-godebug")
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
	return table.Default(settings), nil
}
