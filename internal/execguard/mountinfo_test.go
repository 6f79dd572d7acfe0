package execguard

import (
	"reflect"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/internal/fuzztest"
)

const mountinfo = `22 1 0:2 / / rw,relatime - rootfs none rw
25 22 8:1 / /mnt/with\040space rw,nosuid,noexec,relatime shared:1 master:2 - ext4 /dev/sda1 rw,errors=remount-ro
`

func TestParseMounts(t *testing.T) {
	got, err := parseMounts(mountinfo)
	want := []mount{{22, "/", []string{"rw", "relatime"}, "rootfs"},
		{25, "/mnt/with space", []string{"rw", "nosuid", "noexec", "relatime"}, "ext4"}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	for text, want := range map[string]string{
		"22 1 0:2 / / rw\n":              "line 1: ",
		"22 1 0:2 / / rw -\n":            "want six fields, tags, -, and the type",
		"\n":                             "line 1: ",
		"x 1 0:2 / / rw - rootfs none r": "ID: ",
		mountinfo + "22 1":               "line 3: ",
	} {
		if got, err := parseMounts(text); err == nil || got != nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, %v, want %q", text, got, err, want)
		}
	}
	for in, want := range map[string]string{`a\134b`: `a\b`, `\040`: " ", `\04`: `\04`, `\999`: `\999`, `\`: `\`, `\777`: `\777`} {
		if got := unescape(in); got != want {
			t.Errorf("unescape(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzParseMounts(f *testing.F) {
	f.Add(mountinfo)
	f.Fuzz(func(t *testing.T, text string) {
		fuzztest.Bounded(t, len(text), 256, func() {
			if mounts, err := parseMounts(text); err != nil && mounts != nil {
				t.Errorf("got %v, %v", mounts, err)
			}
		})
	})
}
