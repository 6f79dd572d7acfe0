package main

import (
	"strings"
	"testing"
)

func TestCommands(t *testing.T) {
	for _, tt := range []struct {
		args []string
		err  string
	}{
		{nil, "no command"},
		{[]string{"unlink"}, `unknown command "unlink"`},
		{[]string{"link", "stray"}, `unexpected argument "stray"`},
		{[]string{"link"}, "flag -linker is missing\ngolink link: flag -main is missing\ngolink link: flag -goarch is missing\ngolink link: flag -o is missing"},
		{[]string{"link", "-archive", "a=b"}, "want importpath, importmap, file and label"},
		{[]string{"link", "-linker=l", "-main=m", "-goarch=amd64", "-o=o", "-stdlib=s"}, "-package-list and -stdlib go together"},
		{[]string{"link", "-linker=l", "-main=m", "-goarch=amd64", "-o=o", "-linker-script=s"}, "need -external-linker"},
		{[]string{"link", "-linker=l", "-main=m", "-goarch=amd64", "-o=o", "-external-linker=l", "-external-flag=-r"}, `external linker flag "-r": refused`},
		{[]string{"direct", "-o", "x", "main.a"}, "want -importcfg, -o and one archive"},
		{[]string{"direct", "-importcfg=c", "-o", "x", "-s=false", "main.a"}, "use golink link"},
		{[]string{"direct", "-importcfg=c", "-o", "x", "-buildmode=pie", "main.a"}, "use golink link"},
		{[]string{"direct", "-importcfg=/no/such", "-o", "x", "main.a"}, "/no/such"},
		{[]string{"direct", "-importcfg=c", "-o", "x", "-X=name", "main.a"}, "want importpath.name=value"},
		{[]string{"asm", "-o", "x"}, "at least one object file"},
		{[]string{"asm", "-o", "x", "/no/such.o"}, "/no/such.o"},
	} {
		if err := run(tt.args); err == nil || !strings.Contains(err.Error(), tt.err) {
			t.Errorf("golink %q: error %v, want %q", tt.args, err, tt.err)
		}
	}
}
