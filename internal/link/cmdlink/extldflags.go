package cmdlink

import (
	"cmp"
	"path/filepath"

	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/link/extld"
)

// extldflags returns the flags that cmd/link passes on to its external linker.
func (c *Config) extldflags(tmp string) []string {
	flags := []string{extld.BuildIDFlag + cmp.Or(c.BuildIDNote, "sha256")}
	if c.Map != "" {
		flags = append(flags, extld.MapFlag+filepath.Join(tmp, mapName))
	}
	for _, s := range c.Sections {
		flags = append(flags, extld.SectionFlag+s)
	}
	for _, n := range c.Notes {
		flags = append(flags, extld.NoteFlag+n)
	}
	if c.PackageMetadata != "" {
		flags = append(flags, extld.PackageMetadataFlag+c.PackageMetadata)
	}
	if c.Traceback != "" {
		flags = append(flags, extld.TracebackFlag+c.Traceback)
	}
	if c.SymbolsFile != "" {
		flags = append(flags, extld.SymbolsFileFlag+filepath.Join(tmp, symbolsName))
	}
	if c.StripAll {
		flags = append(flags, extld.StripAllFlag)
	}
	if c.UnverifiedGo != goabi.Refuse {
		flags = append(flags, extld.UnverifiedFlag+c.UnverifiedGo.String())
	}
	if c.NoHugePages {
		flags = append(flags, extld.NoHugePagesFlag)
	}
	return append(flags, c.externalFlags()...)
}

// externalFlags returns the flags for c.External.
func (c *Config) externalFlags() []string {
	x := c.External
	if x.Path == "" {
		return nil
	}
	flags := []string{extld.ExternalLinkerFlag + x.Path}
	if x.Flavor != "" {
		flags = append(flags, extld.ExternalFlavorFlag+x.Flavor)
	}
	if x.Script != "" {
		flags = append(flags, extld.LinkerScriptFlag+x.Script)
	}
	for _, f := range x.Flags {
		flags = append(flags, extld.ExternalFlagFlag+f)
	}
	return flags
}

// expected returns what cmd/link will ask of its external linker, unless c.Ldflags
// makes it ask for something else.
func (c *Config) expected(tmp string) (*extld.Command, error) {
	args := c.extldflags(tmp)
	switch {
	case c.StripSymbols:
		args = append(args, "-s")
	case c.StripDWARF:
		args = append(args, "-Wl,-S")
	default:
		args = append(args, "-Wl,--compress-debug-sections=zlib")
	}
	if c.BuildMode == ModeStaticPIE {
		args = append(args, "-pie")
	}
	return extld.Parse(append(args, "-o", filepath.Join(tmp, outName), filepath.Join(tmp, objectName)))
}
