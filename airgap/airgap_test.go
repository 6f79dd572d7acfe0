package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestPickMirror(t *testing.T) {
	for name, tc := range map[string]struct{ in, want string }{
		"none":           {"", ""},
		"no Debian":      {"'https://deb.example/node/dists/x/InRelease' a 0\n", ""},
		"main":           {"'http://m.example/debian/dists/stable/InRelease' a 0 \n", "http://m.example/debian"},
		"security first": {"'http://m.example/debian-security/dists/s/InRelease' a 0\n'http://m.example/debian/dists/s/InRelease' a 0\n", "http://m.example/debian"},
		"snapshot":       {"'https://s.example/archive/debian/20260101T000000Z/dists/s/InRelease' a 0\n", "https://s.example/archive/debian/20260101T000000Z"},
		"local":          {"'file:/srv/debian/dists/s/InRelease' a 0\n", "file:/srv/debian"},
	} {
		if got := pickMirror(tc.in); got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}

func TestTransfer(t *testing.T) {
	if got, want := transfer(12_500_000, 225_000_000, 5*time.Second), "12.5 of 225.0 MB, 5 s, 2.5 MB/s"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := transfer(0, 0, 0), "0.0 MB, 0 s, 0.0 MB/s"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestParsePrintURIs(t *testing.T) {
	got := parsePrintURIs("Reading package lists...\n'http://m/a_1%3a2_all.deb' a_1%3a2_all.deb 42 SHA256:00\nThe following packages\n")
	if want := []deb{{"a", 42}}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestWanted(t *testing.T) {
	for file, want := range map[string]bool{
		"usr/bin/bazel":                             true,
		"usr/bin/bazel-not":                         false,
		"usr/lib/x86_64-linux-gnu/libc.so.6":        true,
		"usr/lib/aarch64-linux-gnu/libstdc++.so":    true,
		"usr/lib/x86_64-linux-gnu/gconv/UTF-16.so":  false,
		"usr/lib/jvm/java/lib/modules":              true,
		"usr/libexec/x86_64-linux-gnu/bazel/zipper": true,
		"usr/share/doc/bazel/README":                false,
		".":                                         false,
	} {
		if got := wanted(file); got != want {
			t.Errorf("wanted(%q) = %t", file, got)
		}
	}
}

func TestIsProgramFile(t *testing.T) {
	for file, want := range map[string]bool{
		"usr/bin/initdb":               true,
		"usr/share/doc":                false,
		"usr/share/doc/redis/README":   false,
		"usr/share/doctor/a":           true,
		"usr/lib/postgresql/18/bin/pg": true,
	} {
		if got := isProgramFile(file); got != want {
			t.Errorf("isProgramFile(%q) = %t", file, got)
		}
	}
}

func TestProgramDirs(t *testing.T) {
	root := t.TempDir()
	for _, file := range []string{"usr/bin/a", "usr/lib/postgresql/18/bin/b", "usr/lib/x86_64-linux-gnu/c.so", "usr/share/bin/d"} {
		write(t, filepath.Join(root, file), "")
	}
	if got, want := programDirs(root), []string{"usr/bin", "usr/lib/postgresql/18/bin"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestLinkZstd(t *testing.T) {
	in := &install{work: t.TempDir()}
	if err := in.linkZstd(); err == nil || !strings.Contains(err.Error(), "found 0 files named libzstd-jni.so") {
		t.Errorf("without the library: %v", err)
	}
	write(t, filepath.Join(in.work, "usr/lib/x86_64-linux-gnu/libzstd-jni.so"), "library")
	write(t, filepath.Join(in.work, "usr/share/bazel/build-label.txt"), "7.7.1\n")
	if err := in.linkZstd(); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(in.work, "usr/share/bazel/libzstd-jni.so"))
	if err != nil || string(got) != "library" {
		t.Errorf("read %q, %v through the link", got, err)
	}
}

func TestRelativeTarget(t *testing.T) {
	for _, tc := range []struct{ name, target, want string }{
		{"usr/lib/jvm/a", "b", "b"},
		{"usr/share/java/a.jar", "/usr/share/java/b.jar", "b.jar"},
		{"usr/lib/jvm/j/conf", "/etc/java-25-openjdk/x", "../../../../etc/java-25-openjdk/x"},
		{"usr/lib/jvm/j/cacerts", "/etc/ssl/certs/java/cacerts", "/etc/ssl/certs/java/cacerts"},
	} {
		if got := relativeTarget(tc.name, tc.target, wanted); got != tc.want {
			t.Errorf("%s -> %s: %q, want %q", tc.name, tc.target, got, tc.want)
		}
	}
}

func TestWriteTarRefusesToLeave(t *testing.T) {
	dest := t.TempDir()
	for _, name := range []string{"../usr/bin/bazel", "usr/bin/bazel/../../../../bazel"} {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		w.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Size: 1, Mode: 0o644})
		w.Write([]byte("x"))
		w.Close()
		writeTar(tar.NewReader(&b), filepath.Join(dest, "tree"), wanted)
	}
	if err := filepath.WalkDir(dest, func(p string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			t.Errorf("%s was written", p)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

func TestManifestClasspath(t *testing.T) {
	jar := filepath.Join(t.TempDir(), "a.jar")
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	f, _ := z.Create("META-INF/MANIFEST.MF")
	f.Write([]byte("Manifest-Version: 1.0\r\nClass-Path: /usr/share/java/long-na\r\n me.jar b.jar\r\nOther: x\r\n y\r\n"))
	z.Close()
	write(t, jar, b.String())
	got, err := manifestClasspath(jar)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"/usr/share/java/long-name.jar", "b.jar"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestBazelVersion(t *testing.T) {
	in := &install{work: t.TempDir()}
	for label, want := range map[string]string{"7.7.1\n": "7.7.1", "8.0.0\n": "", "\n": ""} {
		write(t, filepath.Join(in.work, "usr/share/bazel/build-label.txt"), label)
		if got, err := in.bazelVersion(); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v, want %q", label, got, err, want)
		}
	}
}

// testInstall is an install whose modules are one-line files.
func testInstall(t *testing.T) *install {
	in := &install{dir: t.TempDir()}
	write(t, in.path("usr/share/bazel/embedded_tools/MODULE.bazel"), `bazel_dep(name = "zlib", version = "1")`)
	for _, dir := range moduleDirs {
		write(t, in.path(filepath.Join(dir, "MODULE.bazel")), "")
	}
	for name, list := range releases {
		for _, r := range list {
			text := ""
			switch {
			case name == "gazelle":
				text = `bazel_dep(name = "rules_go", version = "0.59.0")
bazel_dep(name = "not_there", version = "1", dev_dependency = True)
bazel_dep(name = "buildozer", version = "1", repo_name = None)`
			case r.version == "0.64.0":
				text = `bazel_dep(name = "platforms", version = "1")
bazel_dep(name = "gazelle", version = "0.51.3")`
			}
			write(t, filepath.Join(in.releaseDir(name, r), "MODULE.bazel"), text)
		}
	}
	return in
}

func TestOverrides(t *testing.T) {
	in := testInstall(t)
	for name, tc := range map[string]struct {
		files map[string]string
		want  string // names, of releases with the version; or a part of the error
	}{
		"only Bazel's own":   {map[string]string{"MODULE.bazel": ``}, "zlib"},
		"transitive":         {map[string]string{"MODULE.bazel": `bazel_dep(name = "gazelle", version = "0.54.0")`}, "gazelle-0.54.0 rules_go-0.62.0 zlib"},
		"development":        {map[string]string{"MODULE.bazel": `bazel_dep(name = "stardoc", version = "9", dev_dependency = True)`}, "stardoc zlib"},
		"included":           {map[string]string{"MODULE.bazel": `include("//sub:a.MODULE.bazel")`, "sub/a.MODULE.bazel": `bazel_dep(name = "stardoc")`}, "stardoc zlib"},
		"local path":         {map[string]string{"MODULE.bazel": "bazel_dep(name = \"own\")\nlocal_path_override(module_name = \"own\", path = \"sub\")", "sub/MODULE.bazel": `bazel_dep(name = "platforms")`}, "platforms zlib"},
		"absolute path":      {map[string]string{"MODULE.bazel": "bazel_dep(name = \"own\")\nlocal_path_override(module_name = \"own\", path = \"ROOT/sub\")", "sub/MODULE.bazel": `bazel_dep(name = "platforms")`}, "platforms zlib"},
		"overridden archive": {map[string]string{"MODULE.bazel": "bazel_dep(name = \"own\")\narchive_override(module_name = \"own\")"}, "zlib"},
		"unknown":            {map[string]string{"MODULE.bazel": `bazel_dep(name = "nothing_like_it")`}, `"nothing_like_it", which the air-gap mode does not carry`},
		"syntax error":       {map[string]string{"MODULE.bazel": `bazel_dep(`}, "syntax error"},

		"no version":               {map[string]string{"MODULE.bazel": `bazel_dep(name = "rules_go")`}, "rules_go-0.62.0 zlib"},
		"a version between":        {map[string]string{"MODULE.bazel": `bazel_dep(name = "rules_go", version = "0.63.1")`}, "gazelle-0.51.3 platforms rules_go-0.64.0 zlib"},
		"asked for by the version": {map[string]string{"MODULE.bazel": `bazel_dep(name = "rules_go", version = "0.64.0")`}, "gazelle-0.51.3 platforms rules_go-0.64.0 zlib"},
		"the highest": {map[string]string{"MODULE.bazel": `bazel_dep(name = "rules_go", version = "0.62.0")
bazel_dep(name = "own")
local_path_override(module_name = "own", path = "sub")`, "sub/MODULE.bazel": `bazel_dep(name = "rules_go", version = "0.65.0")`}, "rules_go-0.65.0 zlib"},
		"a pinned version": {map[string]string{"MODULE.bazel": `bazel_dep(name = "rules_go", version = "0.64.0")
single_version_override(module_name = "gazelle", version = "0.50.0")`}, "gazelle-0.50.0 platforms rules_go-0.64.0 zlib"},
		"a version of its own": {map[string]string{"MODULE.bazel": "bazel_dep(name = \"rules_go\", version = \"9\")\nlocal_path_override(module_name = \"rules_go\", path = \"sub\")", "sub/MODULE.bazel": ``}, "zlib"},
		"too new":              {map[string]string{"MODULE.bazel": `bazel_dep(name = "rules_go", version = "0.100.0")`}, "rules_go 0.100.0 is wanted, and the newest that the air-gap mode carries is"},
		"no numbers":           {map[string]string{"MODULE.bazel": `bazel_dep(name = "rules_go", version = "1.rc1")`}, `version "1.rc1": want numbers`},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			for file, text := range tc.files {
				write(t, filepath.Join(root, file), strings.ReplaceAll(text, "ROOT", root))
			}
			dirs, err := in.overrides(t.Context(), root)
			if err != nil {
				if !strings.Contains(err.Error(), tc.want) {
					t.Errorf("error %q, want %q in it", err, tc.want)
				}
				return
			}
			var names []string
			for name, dir := range dirs {
				if releases[name] != nil {
					name = filepath.Base(dir)
				}
				names = append(names, name)
			}
			slices.Sort(names)
			if got := strings.Join(names, " "); got != tc.want {
				t.Errorf("%q, want %q", got, tc.want)
			}
		})
	}
}

// TestReleasesAscend: pick takes the first that is new enough.
func TestReleasesAscend(t *testing.T) {
	for name, list := range releases {
		for i := 1; i < len(list); i++ {
			if order, err := compareVersions(list[i-1].version, list[i].version); err != nil || order >= 0 {
				t.Errorf("%s: %s stands before %s (%v)", name, list[i-1].version, list[i].version, err)
			}
		}
	}
}

func TestEditApply(t *testing.T) {
	dir := t.TempDir()
	e := edit{"f", "a\n", "b\n"}
	for text, ok := range map[string]bool{"x\na\n": true, "x\n": false, "a\na\n": false} {
		write(t, filepath.Join(dir, "f"), text)
		if err := e.apply(dir); (err == nil) != ok {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestOutputEndsWithContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(50*time.Millisecond, cancel)
	// The shell's child keeps the output open: output returns only if it is killed too.
	if _, err := output(ctx, shell("sleep 600; true")); err != context.Canceled {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
	if _, err := output(context.Background(), shell("echo because >&2; exit 3")); err == nil || !strings.Contains(err.Error(), "because") {
		t.Errorf("error %v does not say why", err)
	}
}

func TestLockIsExclusive(t *testing.T) {
	file := filepath.Join(t.TempDir(), "lock")
	unlock, err := lock(context.Background(), file)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := lock(ctx, file); err != context.Canceled {
		t.Errorf("second lock: %v, want to wait until canceled", err)
	}
	unlock()
	again, err := lock(context.Background(), file)
	if err != nil {
		t.Fatal(err)
	}
	again()
}

func TestCheckSpace(t *testing.T) {
	if err := checkSpace(t.TempDir(), 1<<62); err == nil || !strings.Contains(err.Error(), "XDG_CACHE_HOME") {
		t.Errorf("error %v does not say what to do", err)
	}
}

func TestNewInstallRefusesPath(t *testing.T) {
	for _, home := range []string{"/a b", "/a:b", "/a'b"} {
		if _, err := newInstall(home, "r", "s"); err == nil {
			t.Errorf("%q was accepted", home)
		}
	}
}

func shell(script string) *exec.Cmd { return exec.Command("sh", "-c", script) }
