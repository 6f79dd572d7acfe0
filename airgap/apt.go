package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// suite is the Debian suite that carries Bazel. Nothing of it is installed on the
// machine, so it may be newer than the machine's own.
const suite = "forky"

// wantedPackages are asked for by name; apt adds what they depend on.
var wantedPackages = []string{
	"bazel-bootstrap",
	"bazel-rules-shell",
	"bazel-stardoc",
	"default-jre-headless", // the Java runtime of Bazel's server
	"libblake3-0",          // used by bazel-bootstrap, which does not depend on it
	"patchelf",             // needed while provisioning only
	"qemu-user",            // runs test binaries of other architectures
}

// assumedPackages are declared installed to apt in the private root, so that neither they
// nor what only they need is downloaded. The machine has its own compiler, Python
// and shell tools; the rest are parts of Bazel's dependencies that Bazel never loads
// (Maven, a web server, Eclipse's compiler, PAM, …).
var assumedPackages = []string{
	"bats", "build-essential", "ca-certificates", "ca-certificates-java", "coreutils", "debconf",
	"default-jdk-headless", "java-common", "jetty9", "libbcprov-java", "libbsh-java", "libc6-dev", "libdb5.3t64",
	"libeclipse-jdt-core-java", "libhttpclient-java", "libjetty9-java", "libjgit-java",
	"libjs-jquery", "libjunixsocket-java", "liblog4j2-java", "libmaven-enforcer-plugin-java", "libmaven3-core-java",
	"libmongodb-java", "libnspr4", "libnss3", "libpam0g", "libpcsclite1", "libtomcat9-java",
	"maven", "perl", "procps", "python3", "rust-coreutils", "unzip", "util-linux", "velocity", "zlib1g-dev",
}

// mirrorVariable overrides the mirror that is taken from the machine's apt sources.
const mirrorVariable = "RULES_GO3S_DEBIAN_MIRROR"

// archiveKeyrings are where Debian's package debian-archive-keyring puts the keys, newest
// name first. Without any of them apt falls back to its trusted keys.
var archiveKeyrings = []string{
	"/usr/share/keyrings/debian-archive-keyring.pgp",
	"/usr/share/keyrings/debian-archive-keyring.gpg",
}

// aptRoot is a private apt configuration with one source. It runs unprivileged and touches
// nothing of the system's apt, but verifies signatures and checksums like it.
type aptRoot struct {
	dir  string
	uri  string // Debian mirror
	arch string // Debian's name of the machine's architecture
}

// deb is one package to download.
type deb struct {
	name string
	size int64
}

// newAptRoot creates the private root in dir and finds the mirror. To apt, the packages called assumed are installed.
func newAptRoot(ctx context.Context, dir string, assumed []string) (*aptRoot, error) {
	r := &aptRoot{dir: dir}
	for _, d := range []string{"etc/sources", "lists/partial", "cache/archives/partial", "debs"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			return nil, err
		}
	}
	arch, err := output(ctx, exec.Command("dpkg", "--print-architecture"))
	if err != nil {
		return nil, err
	}
	r.arch = strings.TrimSpace(arch)
	if r.uri, err = r.findMirror(ctx); err != nil {
		return nil, err
	}
	var status strings.Builder
	for _, p := range assumed {
		fmt.Fprintf(&status, "Package: %s\nStatus: install ok installed\nArchitecture: %s\nMulti-Arch: allowed\nVersion: 999:0\nMaintainer: none\nDescription: assumed\n\n", p, r.arch)
	}
	source := fmt.Sprintf("Types: deb\nURIs: %s\nSuites: %s\nComponents: main\nArchitectures: %s\n", r.uri, suite, r.arch)
	for _, k := range archiveKeyrings {
		if _, err := os.Stat(k); err == nil {
			source += "Signed-By: " + k + "\n"
			break
		}
	}
	conf, err := r.config(ctx)
	if err != nil {
		return nil, err
	}
	for name, text := range map[string]string{"status": status.String(), "etc/sources/debian.sources": source, "apt.conf": conf} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// config is the apt.conf of the private root: its own directories, and the machine's
// settings on how to reach mirrors (proxies, credentials, certificates).
func (r *aptRoot) config(ctx context.Context) (string, error) {
	dump, err := output(ctx, exec.Command("apt-config", "dump", "Acquire"))
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for line := range strings.Lines(dump) {
		for _, p := range []string{"Acquire::http", "Acquire::https", "Acquire::Retries", "Acquire::ForceIPv"} {
			if strings.HasPrefix(line, p) {
				b.WriteString(line)
				break
			}
		}
	}
	set := func(key, value string) { fmt.Fprintf(&b, "%s %q;\n", key, value) }
	set("Dir::Etc::parts", "-") // the machine's hooks have no business here
	set("Dir::Etc::main", "-")
	set("Dir::Etc::sourcelist", "-")
	set("Dir::Etc::sourceparts", filepath.Join(r.dir, "etc/sources"))
	set("Dir::Etc::preferences", "-")
	set("Dir::Etc::preferencesparts", "-")
	set("Dir::State", r.dir)
	set("Dir::State::lists", filepath.Join(r.dir, "lists"))
	set("Dir::State::status", filepath.Join(r.dir, "status"))
	set("Dir::Cache", filepath.Join(r.dir, "cache"))
	set("Acquire::Languages", "none")
	// A mirror of an isolated network is often a snapshot whose Release file has run
	// out. Its signature is checked all the same.
	set("Acquire::Check-Valid-Until", "false")
	set("APT::Sandbox::User", "")
	set("APT::Architecture", r.arch)
	set("APT::Architectures", r.arch)
	set("APT::Install-Recommends", "false")
	set("APT::Get::Assume-Yes", "true")
	return b.String(), nil
}

// findMirror returns the URI of a Debian archive among the machine's apt sources. apt
// itself reads them ("update --print-uris"), so every format and option that it
// knows is understood.
func (r *aptRoot) findMirror(ctx context.Context) (string, error) {
	if m := os.Getenv(mirrorVariable); m != "" {
		return strings.TrimSuffix(m, "/"), nil
	}
	out, err := output(ctx, exec.Command("apt-get", "update", "--print-uris",
		"-o", "Dir::State::lists="+filepath.Join(r.dir, "lists")))
	if err != nil {
		return "", err
	}
	if uri := pickMirror(out); uri != "" {
		return uri, nil
	}
	return "", fmt.Errorf("no Debian mirror among this machine's apt sources; add one, or set %s to a mirror's URI", mirrorVariable)
}

// pickMirror returns the first archive root with a path element "debian" in the output of
// "apt-get update --print-uris" (lines such as 'URI/dists/SUITE/InRelease' NAME SIZE),
// or "".
func pickMirror(printURIs string) string {
	for line := range strings.Lines(printURIs) {
		uri, _, _ := strings.Cut(strings.TrimPrefix(line, "'"), "'")
		base, _, ok := strings.Cut(uri, "/dists/")
		if !ok {
			continue
		}
		u, err := url.Parse(base)
		if err == nil && slices.Contains(strings.Split(u.Path, "/"), "debian") {
			return base
		}
	}
	return ""
}

// update fetches and verifies the package index.
func (r *aptRoot) update(ctx context.Context) error {
	_, err := output(ctx, r.command("apt-get", "update", "--error-on=any"))
	if err != nil {
		return fmt.Errorf("read %s (suite %s): %w\ncheck that the mirror is reachable and carries %s, or set %s to one that does",
			r.uri, suite, err, suite, mirrorVariable)
	}
	return nil
}

// resolve lists the packages to download: those called wanted and what they depend on.
func (r *aptRoot) resolve(ctx context.Context, wanted []string) ([]deb, error) {
	args := append([]string{"install", "--print-uris"}, wanted...)
	out, err := output(ctx, r.command("apt-get", args...))
	if err != nil {
		return nil, fmt.Errorf("resolve the packages of Debian %s: %w", suite, err)
	}
	debs := parsePrintURIs(out)
	if len(debs) == 0 {
		return nil, errors.New("apt-get install --print-uris named no package; is this apt too old?")
	}
	return debs, nil
}

// parsePrintURIs reads lines such as 'URI' NAME_VERSION_ARCH.deb SIZE CHECKSUM.
func parsePrintURIs(out string) (debs []deb) {
	for line := range strings.Lines(out) {
		f := strings.Fields(line)
		if len(f) < 3 || !strings.HasPrefix(f[0], "'") {
			continue
		}
		name, _, _ := strings.Cut(f[1], "_")
		size, err := strconv.ParseInt(f[2], 10, 64)
		if err != nil {
			continue
		}
		debs = append(debs, deb{name, size})
	}
	return debs
}

// debDir is where download puts the packages.
func (r *aptRoot) debDir() string { return filepath.Join(r.dir, "debs") }

// download fetches the packages; apt verifies each against the signed index.
func (r *aptRoot) download(ctx context.Context, debs []deb) error {
	args := []string{"download"}
	var total int64
	for _, d := range debs {
		args = append(args, d.name)
		total += d.size
	}
	progress("[2/4] downloading %d packages, %.1f MB", len(debs), float64(total)/1e6)
	start := time.Now()
	stop := meter(func(spent time.Duration) string { return "[2/4] " + transfer(sizeOf(r.debDir()), total, spent) })
	cmd := r.command("apt-get", args...)
	cmd.Dir = r.debDir()
	_, err := output(ctx, cmd)
	stop()
	if err != nil {
		return fmt.Errorf("download packages from %s: %w", r.uri, err)
	}
	progress("[2/4] %s", transfer(sizeOf(r.debDir()), total, time.Since(start)))
	return nil
}

// sizeOf returns the size of the files in dir.
func sizeOf(dir string) (n int64) {
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if fi, err := e.Info(); err == nil {
			n += fi.Size()
		}
	}
	return n
}

func (r *aptRoot) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "APT_CONFIG="+filepath.Join(r.dir, "apt.conf"), "LC_ALL=C")
	return cmd
}
