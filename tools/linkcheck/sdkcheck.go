package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/go3s/rules_go3s/internal/atomicfile"
	"github.com/go3s/rules_go3s/internal/cli"
	"github.com/go3s/rules_go3s/internal/sdkcheck"
)

// runSDKCheck is "linkcheck sdkcheck": it says whether a Go SDK is, in all that the tools depend on, as the verified
// releases are.
func runSDKCheck(e env, args []string) (int, error) {
	fs := flagSet("sdkcheck")
	release := fs.String("go-version", "", "`version` of the SDK, if its file VERSION is not there")
	format := "text"
	cli.OneOf(fs, &format, "format", "`form` of the verdict: text or json", "text", "json")
	reportOnly := fs.Bool("report-only", false, "exit with 0 whatever the verdict is")
	canary := fs.Bool("canary", false, "also build programs by the SDK, and compare the layouts in them")
	out := fs.String("o", "", "write to `file` instead of standard output")
	dirs, err := parse(fs, args)
	if err != nil {
		return 0, err
	}
	if len(dirs) != 1 {
		return 0, errors.New("sdkcheck: want the GOROOT of one Go SDK; see linkcheck sdkcheck -h")
	}
	sdk, err := sdkcheck.Open(dirs[0], *release)
	if err != nil {
		return 0, err
	}
	verdict, err := sdkcheck.Check(sdk)
	if err == nil && *canary {
		verdict.Canary, err = canaries(dirs[0], sdk.Series)
	}
	if err != nil {
		return 0, err
	}
	data := sdkText(verdict)
	if format == "json" {
		if data, err = verdict.Bytes(); err != nil {
			return 0, err
		}
	}
	if *out != "" {
		err = atomicfile.Write(*out, 0o644, data)
	} else {
		_, err = e.stdout.Write(data)
	}
	if err != nil {
		return 0, err
	}
	if verdict.OK() || *reportOnly {
		return clean, nil
	}
	return findings, nil
}

func canaries(goroot, series string) (*sdkcheck.Group, error) {
	dir, err := os.MkdirTemp("", "canary-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	return sdkcheck.Canaries(goroot, series, dir)
}

func sdkText(v *sdkcheck.Verdict) []byte {
	var b bytes.Buffer
	if v.Formats.Status == sdkcheck.Unknown {
		fmt.Fprintf(&b, "%s: there is no table of %s, only of %s\n", v.Go, v.Series, strings.Join(sdkcheck.Series(), ", "))
	} else {
		fmt.Fprintf(&b, "%s, checked by the table of %s\n", v.Go, v.Series)
	}
	group := func(name string, g *sdkcheck.Group) {
		fmt.Fprintf(&b, "%-8s %-8s %5d compared\n", name, g.Status, g.Compared)
		for _, d := range g.Differences {
			fmt.Fprintf(&b, "  %s\n", d)
		}
	}
	group("formats", &v.Formats)
	group("readers", &v.Readers)
	if v.Canary != nil {
		group("canary", v.Canary)
	}
	return b.Bytes()
}

// runSDKDiff is "linkcheck sdkdiff": it lists what a Go SDK changes of all that the tools depend on.
func runSDKDiff(e env, args []string) (int, error) {
	dirs, err := parse(flagSet("sdkdiff"), args)
	if err != nil {
		return 0, err
	}
	if len(dirs) != 2 {
		return 0, errors.New("sdkdiff: want the GOROOT of the older and of the newer Go SDK")
	}
	var sdks [2]*sdkcheck.SDK
	for i, dir := range dirs {
		if sdks[i], err = sdkcheck.Open(dir, ""); err != nil {
			return 0, err
		}
	}
	formats, readers := sdkcheck.Diff(sdks[0], sdks[1])
	for _, g := range []struct {
		name string
		list []sdkcheck.Difference
	}{{"formats", formats}, {"readers", readers}} {
		fmt.Fprintf(e.stdout, "%s: %d differences from %s to %s\n", g.name, len(g.list), sdks[0].Version, sdks[1].Version)
		for _, d := range g.list {
			fmt.Fprintf(e.stdout, "  %s\n", d)
		}
	}
	if len(formats)+len(readers) > 0 {
		return findings, nil
	}
	return clean, nil
}
