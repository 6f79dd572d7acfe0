package syscalls

// Profiles in the hands of those who are to use them: runc, crun and podman start containers that
// hold nothing but a program, under the profile for it.

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/goobj"
	"github.com/go3s/rules_go3s/internal/gotool"
	"github.com/go3s/rules_go3s/internal/link"
	"github.com/go3s/rules_go3s/internal/pack"
	"golang.org/x/sys/unix"
)

// onCgroup2 starts its arguments where /sys/fs/cgroup is cgroup2 alone, as crun wants it, with a mount
// namespace of its own.
var onCgroup2 = []string{"unshare", "--mount", "sh", "-c", `mount -t cgroup2 none /sys/fs/cgroup && exec "$@"`, "sh"}

// containerCommand returns how to start a container engine of that name, which is on PATH. The test is skipped,
// saying so, where there is none.
func containerCommand(t *testing.T, name string, flags ...string) []string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skipf("NOT TESTED: %s makes containers for root alone in this test", name)
	}
	if _, err := exec.LookPath(name); err != nil {
		t.Skipf("NOT TESTED: there is no %s on PATH: apt-get install %s", name, name)
	}
	var fs unix.Statfs_t
	if err := unix.Statfs("/sys/fs/cgroup", &fs); err == nil && fs.Type != unix.CGROUP2_SUPER_MAGIC && name != "runc" {
		return append(append(append([]string{}, onCgroup2...), name), flags...)
	}
	return append([]string{name}, flags...)
}

// combined runs a command and returns what it printed to both outputs.
func combined(command []string, args ...string) (string, error) {
	args = append(command[1:len(command):len(command)], args...)
	out, err := exec.Command(command[0], args...).CombinedOutput()
	return string(out), err
}

// containerProgram is a program in a root directory of its own, with its report.
type containerProgram struct {
	root   string // directory with the programs "app" and "hello"
	report *Report
}

// tinyProgram is an example in assembly. As it makes two calls only, nearly all that its start needs has to come from the Starter.
func tinyProgram(t *testing.T) containerProgram {
	t.Helper()
	const source = "../../examples/asm_hello"
	dir := t.TempDir()
	o := filepath.Join(dir, "hello.o")
	include := filepath.Join(gotool.Output(t, "", runtime.GOARCH, "env", "GOROOT"), "pkg", "include")
	gotool.Output(t, source, runtime.GOARCH, "tool", "asm", "-p", "main", "-I", include, "-o", o, "hello_"+runtime.GOARCH+".s")
	data, err := os.ReadFile(o)
	if err != nil {
		t.Fatal(err)
	}
	obj, err := goobj.Parse(o, data)
	if err != nil {
		t.Fatal(err)
	}
	image, err := link.Asm([]link.Object{{Name: o, File: obj}}, "_start")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"app", "hello"} {
		if err := os.WriteFile(filepath.Join(dir, name), image, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return containerProgram{dir, analyze(t, filepath.Join(dir, "app"))}
}

// containerPrograms are an example that prints, and a server, each as linked and packed.
func containerPrograms(t *testing.T) (hello, server map[string]containerProgram) {
	t.Helper()
	dir := t.TempDir()
	load := func(source string) map[string]containerProgram {
		out := map[string]containerProgram{}
		exe := filepath.Join(dir, filepath.Base(source))
		gotool.Output(t, source, runtime.GOARCH, "build", "-o", exe, ".")
		r := analyze(t, exe)
		for _, form := range []string{"linked", "packed"} {
			root := exe + "." + form + ".root"
			if err := os.MkdirAll(root, 0o755); err != nil {
				t.Fatal(err)
			}
			data, err := os.ReadFile(exe)
			if form == "packed" {
				data, err = packFile(exe)
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(root, "app"), data, 0o755); err != nil {
				t.Fatal(err)
			}
			out[form] = containerProgram{root, r}
		}
		packed := analyze(t, exe)
		if err := packed.Add(analyze(t, filepath.Join(out["packed"].root, "app"))); err != nil {
			t.Fatal(err)
		}
		out["packed"] = containerProgram{out["packed"].root, packed}
		return out
	}
	hello, server = load("../../examples/hello"), load("testdata/tls_server")
	for form, p := range server { // "exec" starts a second program
		if err := os.Link(filepath.Join(hello[form].root, "app"), filepath.Join(p.root, "hello")); err != nil {
			t.Fatal(err)
		}
	}
	return hello, server
}

func packFile(exe string) ([]byte, error) {
	f, err := elf.Open(exe)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return pack.Pack(f)
}

// profile returns the profile of p for starter as a consumer reads it, with the given default action.
func (p containerProgram) profile(t *testing.T, starter Starter, action string) map[string]any {
	t.Helper()
	s, err := p.report.Seccomp(nil, starter)
	if err != nil {
		t.Fatal(err)
	}
	data, err := JSON(s)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	if action != out["defaultAction"] {
		out["defaultAction"] = action
		delete(out, "defaultErrnoRet")
	}
	return out
}

const (
	actionErrno = "SCMP_ACT_ERRNO"
	actionKill  = "SCMP_ACT_KILL_PROCESS"
)

// A container is a bundle of the OCI runtime specification and the runtime that is to start it.
type container struct {
	runtime []string
	bundle  string
	id      string
}

// identity is the part of "process" that says who runs.
type identity struct {
	name    string
	process map[string]any
}

var capabilities = []string{"CAP_KILL"}

var identities = []identity{
	{"root", map[string]any{
		"user": map[string]any{"uid": 0, "gid": 0},
		"cwd":  "/",
		"capabilities": map[string]any{
			"bounding": capabilities, "effective": capabilities, "inheritable": capabilities, "permitted": capabilities, "ambient": capabilities,
		},
	}},
	{"user", map[string]any{
		"user":         map[string]any{"uid": 1000, "gid": 1000, "additionalGids": []int{5, 6}},
		"cwd":          "/proc",
		"capabilities": map[string]any{},
	}},
}

var containers int // made by this process

// newContainer writes a bundle for root. profile may be nil, which is no filter.
func newContainer(t *testing.T, command []string, root string, noNewPrivileges bool, who identity, profile map[string]any) container {
	t.Helper()
	c := container{bundle: t.TempDir()}
	containers++
	c.id = fmt.Sprintf("go3s-%d-%d", os.Getpid(), containers) // it also names a cgroup
	c.runtime = append(command[:len(command):len(command)], "--root", filepath.Join(c.bundle, "state"))
	process := map[string]any{"args": []string{"/app"}, "noNewPrivileges": noNewPrivileges}
	maps.Copy(process, who.process)
	linux := map[string]any{"namespaces": []any{
		map[string]string{"type": "pid"}, map[string]string{"type": "ipc"}, map[string]string{"type": "uts"}, map[string]string{"type": "mount"},
	}}
	if profile != nil {
		linux["seccomp"] = profile
	}
	writeJSON(t, filepath.Join(c.bundle, "process.json"), with(process, "args", []string{"/hello"}))
	writeJSON(t, filepath.Join(c.bundle, "config.json"), map[string]any{
		"ociVersion": "1.0.2",
		"process":    process,
		"root":       map[string]any{"path": root},
		"mounts": []any{
			map[string]any{"destination": "/proc", "type": "proc", "source": "proc"},
			map[string]any{"destination": "/dev", "type": "tmpfs", "source": "tmpfs"},
		},
		"linux": linux,
	})
	t.Cleanup(func() { combined(c.runtime, "delete", "--force", c.id) })
	return c
}

func with(m map[string]any, key string, value any) map[string]any {
	m = maps.Clone(m)
	m[key] = value
	return m
}

func writeJSON(t *testing.T, path string, v any) {
	t.Helper()
	data, err := json.Marshal(v)
	if err == nil {
		err = os.WriteFile(path, data, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// run is "run": the container from beginning to end.
func (c container) run() (string, error) {
	return combined(c.runtime, "run", "--bundle", c.bundle, c.id)
}

// exec is "exec": the program /hello in the running container.
func (c container) exec() (string, error) {
	return combined(c.runtime, "exec", "--process", filepath.Join(c.bundle, "process.json"), c.id)
}

// start is "create", with that output for the container, and "start".
func (c container) start(output *os.File) error {
	cmd := exec.Command(c.runtime[0], append(c.runtime[1:len(c.runtime):len(c.runtime)], "create", "--bundle", c.bundle, c.id)...)
	file, err := os.Create(filepath.Join(c.bundle, "stderr")) // the container keeps it open, which a pipe to us must not be
	if err != nil {
		return err
	}
	defer file.Close()
	cmd.Stdout, cmd.Stderr = output, file
	if err := cmd.Run(); err != nil {
		text, _ := os.ReadFile(file.Name())
		return fmt.Errorf("create: %w: %s", err, text)
	}
	if out, err := combined(c.runtime, "start", c.id); err != nil {
		return fmt.Errorf("start: %w: %s", err, out)
	}
	return nil
}

// startBlocked starts a container with a program that prints, to a pipe that nobody reads: it runs until it is deleted.
func (c container) startBlocked(t *testing.T) error {
	t.Helper()
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(pipe[0]) })
	output := os.NewFile(uintptr(pipe[1]), "full pipe")
	defer output.Close()
	var err error
	for err == nil {
		_, err = unix.Write(pipe[1], make([]byte, 1))
	}
	if err != unix.EAGAIN {
		t.Fatal(err)
	}
	if err := unix.SetNonblock(pipe[1], false); err != nil {
		t.Fatal(err)
	}
	return c.start(output)
}

// startServer is "create" and "start" of a container with the server, and a request.
func (c container) startServer(t *testing.T) error {
	t.Helper()
	path := filepath.Join(c.bundle, "output")
	output, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer output.Close()
	if err := c.start(output); err != nil {
		return err
	}
	var printed []byte
	for range 100 {
		if printed, _ = os.ReadFile(path); bytes.Contains(printed, []byte("END CERTIFICATE")) {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	url, cert, ok := strings.Cut(string(printed), "\n")
	roots := x509.NewCertPool()
	if !ok || !roots.AppendCertsFromPEM([]byte(cert)) {
		return fmt.Errorf("no server: %s", printed)
	}
	client := http.Client{
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, DisableKeepAlives: true},
		Timeout:   20 * time.Second,
	}
	answer, err := client.Get(url + "/here")
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if body, err := io.ReadAll(answer.Body); err != nil || string(body) != "asked for /here" {
		return fmt.Errorf("answer %q, %v", body, err)
	}
	return nil
}

// stopServer ends the server by SIGTERM, and returns once it has ended.
func (c container) stopServer() error {
	if out, err := combined(c.runtime, "kill", c.id, "TERM"); err != nil {
		return fmt.Errorf("kill: %w: %s", err, out)
	}
	for range 100 {
		if out, err := combined(c.runtime, "state", c.id); err != nil || strings.Contains(out, `"stopped"`) {
			return err
		}
		time.Sleep(100 * time.Millisecond)
	}
	return fmt.Errorf("still there 10 s after SIGTERM")
}

// A runtimeTest is a runtime and the Starters that it is, by noNewPrivileges.
type runtimeTest struct {
	name     string
	flags    []string
	starters map[bool]Starter
	// execAction is what happens to other calls at "exec": runc tries to mount a procfs of its own, and takes that of the container
	// when it may not.
	execAction string
}

var runtimeTests = []runtimeTest{
	{"runc", nil, map[bool]Starter{false: StarterRunc, true: StarterRuncNNP}, actionErrno},
	{"crun", []string{"--cgroup-manager=disabled"}, map[bool]Starter{false: StarterCrun, true: StarterCrunNNP}, actionKill},
}

// startFunc makes a container for p, under the profile for starter with that default action.
type startFunc func(p containerProgram, starter Starter, action string) container

// each calls f for every way in which the runtime makes a container.
func (r runtimeTest) each(t *testing.T, f func(t *testing.T, starter Starter, start startFunc)) {
	command := containerCommand(t, r.name, r.flags...)
	baseline := newContainer(t, command, tinyProgram(t).root, false, identities[0], nil)
	if out, err := baseline.run(); err != nil {
		t.Skipf("NOT TESTED: %s runs no container here even without a profile: %v: %s", r.name, err, out)
	}
	for _, who := range identities {
		for noNewPrivileges, own := range r.starters {
			for _, starter := range []Starter{own, StarterAny} {
				t.Run(fmt.Sprintf("%s/noNewPrivileges=%v/%s", who.name, noNewPrivileges, starter), func(t *testing.T) {
					f(t, starter, func(p containerProgram, starter Starter, action string) container {
						return newContainer(t, command, p.root, noNewPrivileges, who, p.profile(t, starter, action))
					})
				})
			}
		}
	}
}

// TestStarters: what a Starter adds is enough for its runtime, and needed.
func TestStarters(t *testing.T) {
	for _, r := range runtimeTests {
		t.Run(r.name, func(t *testing.T) {
			tiny := tinyProgram(t)
			const greeting = "Hello, World!\n"
			r.each(t, func(t *testing.T, starter Starter, start startFunc) {
				if out, err := start(tiny, starter, actionKill).run(); err != nil || out != greeting {
					t.Errorf("run: %v: %q", err, out)
				}
				c := start(tiny, starter, r.execAction)
				if err := c.startBlocked(t); err != nil {
					t.Fatalf("create and start: %v", err)
				}
				if out, err := c.exec(); err != nil || out != greeting {
					t.Errorf("exec: %v: %q", err, out)
				}
				if starter == StarterRunc || starter == StarterCrun {
					if out, err := start(tiny, StarterProgram, actionErrno).run(); err == nil || strings.Contains(out, greeting) {
						t.Errorf("starts without the calls of %s as well: %v: %s", starter, err, out)
					}
				}
			})
		})
	}
}

// TestContainer: under the profile for it a server works in each runtime, as linked and packed, and a
// program that makes another call is stopped.
func TestContainer(t *testing.T) {
	for _, r := range runtimeTests {
		t.Run(r.name, func(t *testing.T) {
			hello, server := containerPrograms(t)
			for _, form := range []string{"linked", "packed"} {
				r.each(t, func(t *testing.T, starter Starter, start startFunc) {
					if out, err := start(hello[form], starter, actionKill).run(); err != nil || !strings.HasPrefix(out, "hello from linux") {
						t.Errorf("run: %v: %s", err, out)
					}
					c := start(server[form], starter, r.execAction)
					if err := c.startServer(t); err != nil {
						t.Fatalf("create and start: %v", err)
					}
					if out, err := c.exec(); err != nil || !strings.HasPrefix(out, "hello from linux") {
						t.Errorf("exec: %v: %s", err, out)
					}
					if err := c.stopServer(); err != nil {
						t.Error(err)
					}
					other := start(containerProgram{server[form].root, hello[form].report}, starter, actionErrno)
					if out, err := other.run(); err == nil || !strings.Contains(out, "operation not permitted") || strings.Contains(out, "https://") {
						t.Errorf("the server under the profile of hello: %v: %s", err, out)
					}
				})
			}
		})
	}
}

// TestPodman: podman takes the same file.
func TestPodman(t *testing.T) {
	hello, server := containerPrograms(t)
	base := containerCommand(t, "podman")
	dir := t.TempDir()
	run := func(engine []string, root, profile string, more ...string) (string, error) {
		args := []string{"run", "--rm", "--network=none", "--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024"}
		args = append(append(args, "--security-opt=seccomp="+profile), more...)
		return combined(engine, append(args, "--rootfs", root, "/app")...)
	}
	var why []string
	var engine []string
	var more []string
	for _, try := range []struct {
		runtime string
		more    []string
	}{{"crun", []string{"--cgroups=disabled"}}, {"crun", nil}, {"runc", nil}} {
		command := append(base[:len(base):len(base)], "--runtime="+try.runtime)
		for _, state := range []string{"root", "runroot", "tmpdir"} {
			command = append(command, "--"+state, filepath.Join(dir, state))
		}
		out, err := run(command, hello["linked"].root, "unconfined", try.more...)
		if err == nil {
			engine, more = command, try.more
			break
		}
		why = append(why, out)
	}
	if engine == nil {
		t.Skipf("NOT TESTED: podman runs no container here even without a profile: %s", strings.Join(why, "; "))
	}
	for _, form := range []string{"linked", "packed"} {
		profile := filepath.Join(dir, form+".json")
		writeJSON(t, profile, hello[form].profile(t, StarterAny, actionErrno))
		for _, nnp := range []string{"", "--security-opt=no-new-privileges"} {
			flags := more
			if nnp != "" {
				flags = append(more[:len(more):len(more)], nnp)
			}
			if out, err := run(engine, hello[form].root, profile, flags...); err != nil || !strings.HasPrefix(out, "hello from linux") {
				t.Errorf("%s %v: %v: %s", form, flags, err, out)
			}
			if out, err := run(engine, server[form].root, profile, flags...); err == nil || !strings.Contains(out, "operation not permitted") {
				t.Errorf("%s %v: the server under the profile of hello: %v: %s", form, flags, err, out)
			}
		}
	}
}

// TestLibseccompNames: to libseccomp, by which all of these read a profile, names mean the calls that they mean here. It
// drops names that it does not know without a word, so that those of starters and of an example must be known.
func TestLibseccompNames(t *testing.T) {
	if _, err := exec.LookPath("scmp_sys_resolver"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err) // .ci/run installs it
		}
		t.Skip("NOT TESTED: there is no scmp_sys_resolver on PATH: apt-get install seccomp")
	}
	for goarch, machine := range map[string]string{"amd64": "x86_64", "arm64": "aarch64", "riscv64": "riscv64"} {
		exe, _ := program{dir: "../../examples/hello"}.build(t, goarch)
		used := map[string]bool{}
		for _, name := range append(names(analyze(t, exe)), StarterAny.calls(goarch)...) {
			used[name] = true
		}
		delete(used, "riscv_hwprobe") // newer than libseccomp 2.5; Go does without it
		for name, number := range Tables[goarch].load().numbers {
			out, err := exec.Command("scmp_sys_resolver", "-a", machine, name).Output()
			if err != nil {
				t.Fatalf("scmp_sys_resolver -a %s %s: %v", machine, name, err)
			}
			got := strings.TrimSpace(string(out))
			if got == "-1" && !used[name] {
				continue
			}
			if got != fmt.Sprint(number) {
				t.Errorf("%s: %s is %d here, %s to libseccomp", goarch, name, number, got)
			}
		}
	}
}
