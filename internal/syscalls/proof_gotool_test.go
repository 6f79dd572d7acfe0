package syscalls

// The proof that Report misses no call: programs run under a seccomp filter that kills
// them at the first call outside of the list, or, on other machines, under an emulator
// that prints all calls.

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"testing"

	"github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/gotool"
	"github.com/go3s/rules_go3s/internal/link/cmdlink"
	"github.com/go3s/rules_go3s/internal/link/linktest"
	"github.com/go3s/rules_go3s/internal/syscalls/observe"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

const launchEnv = "GO3S_SECCOMP_PROFILE"

func TestMain(m *testing.M) {
	if profile, ok := os.LookupEnv(launchEnv); ok { // before flags: they are the program's
		launch(profile, os.Args[1:])
	}
	linktest.Main(m)
}

// launch replaces this process by the program in args, under a filter that kills
// it at the first call that the profile does not allow.
func launch(profile string, args []string) {
	fail := func(err error) {
		os.Stderr.WriteString("launch: " + err.Error() + "\n")
		os.Exit(99)
	}
	data, err := os.ReadFile(profile)
	if err != nil {
		fail(err)
	}
	var p Seccomp
	if err := json.Unmarshal(data, &p); err != nil {
		fail(err)
	}
	filter, err := filter(&p)
	if err != nil {
		fail(err)
	}
	os.Unsetenv(launchEnv)
	fail(observe.Replace(filter, 0, args[0], args, os.Environ()))
}

var auditArch = map[string]uint32{"SCMP_ARCH_X86_64": unix.AUDIT_ARCH_X86_64, "SCMP_ARCH_AARCH64": unix.AUDIT_ARCH_AARCH64, "SCMP_ARCH_RISCV64": unix.AUDIT_ARCH_RISCV64}

// filter returns the program of the kernel's filter machine for p, with the default action
// to kill (include/uapi/linux/seccomp.h).
func filter(p *Seccomp) ([]unix.SockFilter, error) {
	code := []bpf.Instruction{
		bpf.LoadAbsolute{Off: 4, Size: 4}, // seccomp_data.arch
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: auditArch[p.Architectures[0]], SkipTrue: 1},
		bpf.RetConstant{Val: unix.SECCOMP_RET_KILL_PROCESS},
		bpf.LoadAbsolute{Off: 0, Size: 4}, // seccomp_data.nr
	}
	for _, rule := range p.Syscalls {
		for _, name := range rule.Names {
			number, ok := Tables[runtime.GOARCH].Number(name)
			if !ok || rule.Action != "SCMP_ACT_ALLOW" {
				return nil, errors.New("profile with rule " + name + " " + rule.Action)
			}
			code = append(code,
				bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: uint32(number), SkipTrue: 1},
				bpf.RetConstant{Val: unix.SECCOMP_RET_ALLOW})
		}
	}
	raw, err := bpf.Assemble(append(code, bpf.RetConstant{Val: unix.SECCOMP_RET_KILL_PROCESS}))
	if err != nil {
		return nil, err
	}
	var out []unix.SockFilter
	for _, r := range raw {
		out = append(out, unix.SockFilter{Code: r.Op, Jt: r.Jt, Jf: r.Jf, K: r.K})
	}
	return out, nil
}

func analyze(t *testing.T, exe string) *Report {
	t.Helper()
	f, err := elf.Open(exe)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := Analyze(f, filepath.Base(exe))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// confined runs exe under the profile of r, without the call without.
func confined(t *testing.T, r *Report, without, exe string, args ...string) (output string, state *os.ProcessState) {
	t.Helper()
	p, err := r.Seccomp(nil, StarterProgram)
	if err != nil {
		t.Fatal(err)
	}
	for i := range p.Syscalls {
		names := &p.Syscalls[i].Names
		*names = slices.DeleteFunc(*names, func(name string) bool { return name == without })
	}
	data, err := JSON(p)
	if err != nil {
		t.Fatal(err)
	}
	profile := filepath.Join(t.TempDir(), "seccomp.json")
	if err := os.WriteFile(profile, data, 0o644); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, append([]string{exe}, args...)...)
	cmd.Env = append(os.Environ(), launchEnv+"="+profile)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return out.String(), cmd.ProcessState
}

// programs are examples with their arguments, and test programs of the standard library with
// the tests to run: those that start other programs would hand them the filter.
var programs = []program{
	{dir: "../../examples/hello"},
	{dir: "../../examples/rawsys"},
	{dir: "../../examples/userdb", args: []string{"root", "localhost"}},
	{dir: "testdata/allthreads"},
	{test: "time", args: []string{"-test.run=Sleep|Timer|Tick|Zone"}},
}

// morePrograms are run by go test -syscalls.more.
var morePrograms = []program{
	{test: "context", args: []string{"-test.run=."}},
	{test: "os", args: []string{"-test.run=Read|Write|Open|Stat|Dir|Chmod|Rename|Remove|Truncate|Root|Temp|Link"}},
	{test: "net", args: []string{"-test.run=TCP|UDP|Unix|Dial|Listen|Pipe"}},
	{test: "net/http", args: []string{"-test.run=Serve|Transport", "-test.skip=CmdGo"}},
}

var more = flag.Bool("syscalls.more", false, "prove more programs")

type program struct {
	dir, test string // of an example; or the package of a test program
	args      []string
}

// build compiles p for goarch.
func (p program) build(t *testing.T, goarch string) (exe, cwd string) {
	exe = filepath.Join(t.TempDir(), "program")
	if p.dir != "" {
		gotool.Output(t, p.dir, goarch, "build", "-o", exe, ".")
		return exe, t.TempDir()
	}
	gotool.Output(t, "", goarch, "test", "-c", "-o", exe, p.test)
	return exe, filepath.Join(gotool.Output(t, "", goarch, "env", "GOROOT"), "src", p.test)
}

// TestSeccomp: no program makes a call that is not in its list, and the filter
// is there.
func TestSeccomp(t *testing.T) {
	list := programs
	if *more {
		list = append(list, morePrograms...)
	}
	for _, p := range list {
		t.Run(p.dir+p.test, func(t *testing.T) {
			exe, cwd := p.build(t, runtime.GOARCH)
			r := analyze(t, exe)
			if len(r.Dynamic) > 0 {
				t.Fatalf("dynamic sites %+v", r.Dynamic)
			}
			t.Chdir(cwd)
			args := p.args
			if p.test != "" {
				args = append(args, "-test.short")
			}
			if out, state := confined(t, r, "", exe, args...); !state.Success() {
				t.Errorf("under its profile: %v\n%s", state, out)
			}
			out, state := confined(t, r, "write", exe, args...)
			if s, ok := state.Sys().(syscall.WaitStatus); !ok || !s.Signaled() || s.Signal() != syscall.SIGSYS {
				t.Errorf("under its profile without write: %v, want SIGSYS\n%s", state, out)
			}
		})
	}
}

// TestEmulated: on each machine, no program makes a call that is not in its list.
func TestEmulated(t *testing.T) {
	for _, goarch := range []string{"arm64", "riscv64"} {
		for _, p := range programs {
			if p.test != "" && !*more {
				continue
			}
			t.Run(goarch+"/"+p.dir+p.test, func(t *testing.T) {
				exe, cwd := p.build(t, goarch)
				r := analyze(t, exe)
				if len(r.Dynamic) > 0 {
					t.Fatalf("dynamic sites %+v", r.Dynamic)
				}
				cmd := gotool.Run(t, goarch, exe, p.args...)
				cmd.Dir = cwd
				var out bytes.Buffer
				cmd.Stdout, cmd.Stderr = &out, &out
				seen, err := observe.RunEmulated(cmd)
				if err != nil || !cmd.ProcessState.Success() {
					t.Errorf("%v, %v\n%s", err, cmd.ProcessState, out.Bytes())
				}
				if seen["write"] == 0 || seen["rt_sigaction"] == 0 {
					t.Errorf("the emulator saw %v, want at least write and rt_sigaction", seen)
				}
				for _, c := range r.Calls {
					delete(seen, c.Name)
					delete(seen, fmt.Sprintf("syscall_%d", c.Number)) // where the emulator knows no name
				}
				for name := range seen {
					t.Errorf("%s is made but not listed", name)
				}
			})
		}
	}
}

// TestLinkedByGolink: the list of a program that golink linked, fixed and
// position-independent, is that of go build's; the latter but for the call that
// makes relocated data read-only.
func TestLinkedByGolink(t *testing.T) {
	for _, goarch := range []string{"amd64", "arm64", "riscv64"} {
		t.Run(goarch, func(t *testing.T) {
			dir := t.TempDir()
			plain := filepath.Join(dir, "plain")
			gotool.Output(t, "../../examples/rawsys", goarch, "build", "-o", plain, ".")
			want := names(analyze(t, plain))
			p := linktest.Compile(t, goarch, "../../examples/rawsys", true)
			for _, mode := range []string{cmdlink.ModeExe, cmdlink.ModeStaticPIE} {
				exe := filepath.Join(dir, mode)
				p.Link(t, mode, exe)
				r := analyze(t, exe)
				if len(r.Dynamic) > 0 {
					t.Errorf("%s: dynamic sites %+v", mode, r.Dynamic)
				}
				got := names(r)
				if mode == cmdlink.ModeStaticPIE {
					i := slices.Index(got, "mprotect")
					if i < 0 || !slices.ContainsFunc(r.Calls[i].Sites, func(s Site) bool { return s.Function == "_start" }) {
						t.Errorf("%s: mprotect is not listed with the entry code: %+v", mode, r.Calls)
					}
					got = slices.DeleteFunc(got, func(name string) bool { return name == "mprotect" && !slices.Contains(want, name) })
				}
				if !slices.Equal(got, want) {
					t.Errorf("%s: %v\nwant %v", mode, got, want)
				}
			}
		})
	}
}

func names(r *Report) []string {
	var out []string
	for _, c := range r.Calls {
		out = append(out, c.Name)
	}
	return out
}
