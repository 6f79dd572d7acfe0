package gobuild

import (
	"runtime/debug"
	"testing"
)

// A version identifies golink only if it determines the sources.
func TestVersion(t *testing.T) {
	module := func(version string) debug.Module { return debug.Module{Path: "example.com/m", Version: version} }
	replaced := &debug.Module{Path: "example.com/dep", Replace: &debug.Module{Path: "../dep"}}
	for _, test := range []struct {
		info *debug.BuildInfo
		want string
	}{
		{nil, ""},
		{&debug.BuildInfo{GoVersion: "go1.26.8"}, ""},
		{&debug.BuildInfo{GoVersion: "go1.26.8", Main: module("(devel)")}, ""},
		{&debug.BuildInfo{GoVersion: "go1.26.8", Main: module("v1.2.4-0.20261130000000-0123456789ab+dirty")}, ""},
		{&debug.BuildInfo{GoVersion: "go1.26.8", Main: module("v1.2.3"), Deps: []*debug.Module{replaced}}, ""},
		{&debug.BuildInfo{GoVersion: "go1.26.8", Main: module("v1.2.3")}, "example.com/m@v1.2.3 go1.26.8"},
	} {
		if got := version(test.info); got != test.want {
			t.Errorf("%+v: %q, want %q", test.info, got, test.want)
		}
	}
}
