package syscalls

import (
	"debug/elf"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/elf/elftest"
	"github.com/go3s/rules_go3s/internal/fuzztest"
	"github.com/go3s/rules_go3s/internal/gobin/gobintest"
)

// assemble turns a function into code, the one with that index, 16 bytes after the one before it:
// words are hexadecimal bytes, or "call:N" and "jump:N" to function N.
func assemble(t *testing.T, machine elf.Machine, index int, text string) []byte {
	t.Helper()
	var code []byte
	for _, word := range strings.Fields(text) {
		op, to, isBranch := strings.Cut(word, ":")
		if !isBranch {
			b, err := hex.DecodeString(word)
			if err != nil {
				t.Fatal(err)
			}
			code = append(code, b...)
			continue
		}
		var n int
		fmt.Sscan(to, &n)
		offset := uint32(16*n - 16*index - len(code))
		call := op == "call"
		switch machine {
		case elf.EM_X86_64:
			code = append(code, map[bool]byte{true: 0xe8, false: 0xe9}[call])
			code = binary.LittleEndian.AppendUint32(code, offset-5)
		case elf.EM_AARCH64:
			code = binary.LittleEndian.AppendUint32(code, map[bool]uint32{true: 0x94000000, false: 0x14000000}[call]|offset>>2&0x3ffffff)
		case elf.EM_RISCV:
			code = binary.LittleEndian.AppendUint32(code, offset>>20&1<<31|offset>>1&0x3ff<<21|offset>>11&1<<20|offset>>12&0xff<<12|
				map[bool]uint32{true: 1, false: 0}[call]<<7|0x6f)
		}
	}
	if len(code) > 16 {
		t.Fatalf("function %d has %d bytes, want at most 16", index, len(code))
	}
	return code
}

func TestAnalyze(t *testing.T) {
	const x86, arm, riscv = elf.EM_X86_64, elf.EM_AARCH64, elf.EM_RISCV
	for _, tt := range []struct {
		machine elf.Machine
		name    string
		funcs   []string
		want    string // calls, then the functions of dynamic sites
	}{
		{x86, "constant", []string{"b827000000 0f05 c3"}, "getpid"},
		{x86, "sign-extended constant", []string{"48c7c027000000 0f05 c3"}, "getpid"},
		{x86, "in a register", []string{"0f05 c3", "b827000000 call:0 c3", "b866000000 call:0 c3"}, "getpid getuid"},
		{x86, "through a register of another function", []string{"0f05 c3", "4889d8 call:0 c3", "bb27000000 call:1 c3"}, "getpid"},
		{x86, "on the stack", []string{"488b442408 0f05 c3", "48c7042427000000 call:0 c3"}, "getpid"},
		{x86, "in a tail call", []string{"0f05 c3", "b827000000 jump:0"}, "getpid"},
		{x86, "spilled over a call", []string{"4889442408 call:1 jump:2", "c3", "488b442408 0f05 c3", "b827000000 call:0 c3"}, "getpid"},
		{x86, "one of two", []string{"b827000000 b966000000 480f44c1 0f05"}, "getpid getuid"},
		{x86, "nobody calls", []string{"0f05 c3"}, ""},
		{x86, "from memory", []string{"8b07 0f05 c3"}, "f0"},
		{x86, "after a vector instruction", []string{"b827000000 c4e2f1f7c3 0f05 c3"}, "f0"},
		{x86, "clobbered by a call", []string{"b827000000 call:1 0f05 c3", "c3"}, "f0"},
		{x86, "of 32-bit programs", []string{"b827000000 cd80 c3"}, "f0"},
		{x86, "unknown number", []string{"b8f4010000 0f05 c3"}, "syscall_500"},
		{x86, "subroutine inside", []string{"b827000000 e801000000 c3 0f05 c3"}, "getpid"},
		{x86, "after bytes that are no instruction", []string{"c3 27000000 0f05 c3"}, "f0"},
		{riscv, "after bytes that are no instruction", []string{"8280 1f00 3305 73000000 8280"}, "f0"},
		{x86, "after code that ends", []string{"c3 b827000000 0f05 c3"}, "getpid"},
		{arm, "constant", []string{"881580d2 010000d4 c0035fd6"}, "getpid"},
		{arm, "in a register", []string{"e80300aa 010000d4 c0035fd6", "801580d2 call:0 c0035fd6"}, "getpid"},
		{arm, "on the stack", []string{"e80740f9 010000d4 c0035fd6", "801580d2 e00700f9 call:0 c0035fd6"}, "getpid"},
		{arm, "in a tail call", []string{"010000d4 c0035fd6", "881580d2 jump:0"}, "getpid"},
		{arm, "in two halves", []string{"0800a0d2 881580f2 010000d4"}, "getpid"},
		{arm, "from memory", []string{"080040f9 010000d4 c0035fd6"}, "f0"},
		{riscv, "constant", []string{"9308c00a 73000000 8280"}, "getpid"},
		{riscv, "in a register", []string{"aa88 73000000 8280", "1305c00a call:0 8280"}, "getpid"},
		{riscv, "on the stack", []string{"a268 73000000 8280", "1305c00a 2ae4 call:0 8280"}, "getpid"},
		{riscv, "in a tail call", []string{"73000000 8280", "9308c00a jump:0"}, "getpid"},
		{riscv, "from memory", []string{"83380500 73000000 8280"}, "f0"},
	} {
		t.Run(tt.machine.String()+"/"+tt.name, func(t *testing.T) {
			p := gobintest.New(tt.machine)
			// Tables hold the address of the first function, as that of the text. It is the entry of
			// the program, which ends.
			p.Funcs = []gobintest.Func{{Name: "entry", Code: map[elf.Machine][]byte{x86: {0xcc}, arm: {0, 0, 0, 0}, riscv: {0, 0}}[tt.machine]}}
			for i, text := range tt.funcs {
				p.Funcs = append(p.Funcs, gobintest.Func{Name: fmt.Sprintf("f%d", i), Code: assemble(t, tt.machine, i, text)})
			}
			f, err := goelf.Parse("test", p.Build().Data)
			if err != nil {
				t.Fatal(err)
			}
			r, err := Analyze(f, "test")
			if err != nil {
				t.Fatal(err)
			}
			got := callNames(r)
			for _, d := range r.Dynamic {
				got = append(got, d.Function)
			}
			if want := strings.Fields(tt.want); !slices.Equal(got, want) {
				t.Errorf("got %v %+v, want %v", got, r.Dynamic, want)
			}
		})
	}
}

func callNames(r *Report) []string {
	var out []string
	for _, c := range r.Calls {
		out = append(out, c.Name)
	}
	return out
}

// TestAnalyzeWithoutTable: a program of assembly alone.
func TestAnalyzeWithoutTable(t *testing.T) {
	for _, machine := range elftest.Machines {
		spec := elftest.Executable(machine)
		spec.Sections = slices.DeleteFunc(spec.Sections, func(s elftest.Section) bool { return s.Name == ".gopclntab" })
		spec.Symbols = slices.DeleteFunc(spec.Symbols, func(s elftest.Symbol) bool { return s.Section == ".gopclntab" })
		f, err := goelf.Parse("test", spec.Build().Data)
		if err != nil {
			t.Fatal(err)
		}
		r, err := Analyze(f, "test")
		if err != nil {
			t.Fatal(err)
		}
		if got := callNames(r); !slices.Equal(got, []string{"exit"}) || len(r.Dynamic) > 0 {
			t.Errorf("%v: %v %+v, want exit alone", machine, got, r.Dynamic)
		}
	}
}

func TestAllowed(t *testing.T) {
	for _, tt := range []struct{ text, err string }{
		{"read # a comment\n\nwrite amd64 arm64\ndynamic main.F[go.shape.int, string]\n", ""},
		{"read\nraed\n", "line 2: there is no system call \"raed\""},
		{"read mips\n", "line 1: \"mips\" is no machine"},
		{"dynamic \n", "line 1: \"dynamic\" wants the name of a function"},
	} {
		_, err := ParseAllowed(tt.text)
		if tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
			t.Errorf("%q: %v, want %q", tt.text, err, tt.err)
		}
	}

	a, err := ParseAllowed("read\nwrite arm64\nopenat amd64\narch_prctl\ndynamic main.known\n")
	if err != nil {
		t.Fatal(err)
	}
	r := &Report{GOARCH: "amd64", Calls: []Call{{Name: "read"}, {Name: "write"}}}
	d := a.Compare(r)
	if len(d.Calls) != 1 || d.Calls[0].Name != "write" || !slices.Equal(d.Unused, []string{"arch_prctl", "openat"}) {
		t.Errorf("without dynamic sites: %+v", d)
	}
	r.Dynamic = []Dynamic{{Site: Site{Function: "main.known"}}, {Site: Site{Function: "main.unknown"}}}
	d = a.Compare(r)
	if len(d.Dynamic) != 1 || d.Dynamic[0].Function != "main.unknown" || d.Unused != nil {
		t.Errorf("with dynamic sites: %+v", d)
	}
}

func TestSeccompProfile(t *testing.T) {
	r := &Report{GOARCH: "riscv64", Calls: []Call{{Name: "read", Number: 63}, {Name: "write", Number: 64}}}
	p, err := r.Seccomp(nil, StarterProgram)
	if err != nil {
		t.Fatal(err)
	}
	data, err := JSON(p)
	if err != nil {
		t.Fatal(err)
	}
	want := `{
  "defaultAction": "SCMP_ACT_ERRNO",
  "defaultErrnoRet": 1,
  "architectures": [
    "SCMP_ARCH_RISCV64"
  ],
  "syscalls": [
    {
      "names": [
        "read",
        "write"
      ],
      "action": "SCMP_ACT_ALLOW"
    },
    {
      "names": [
        "execve"
      ],
      "action": "SCMP_ACT_ALLOW"
    }
  ]
}
`
	if string(data) != want {
		t.Errorf("got %s", data)
	}
	r.Calls = append(r.Calls, Call{Name: "syscall_500", Number: 500})
	if _, err := r.Seccomp(nil, StarterAny); err == nil {
		t.Error("a profile with a call that has no name")
	}
	r = &Report{GOARCH: "riscv64", Dynamic: []Dynamic{{Site: Site{Function: "main.known"}}}}
	a, err := ParseAllowed("syscall_500\ndynamic main.known\n")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Seccomp(a, StarterAny); err == nil {
		t.Error("a profile with a call of a list that has no name")
	}
}

func TestTables(t *testing.T) {
	for goarch, want := range map[string]int64{"amd64": 257, "arm64": 56, "riscv64": 56} {
		if n, ok := Tables[goarch].Number("openat"); !ok || n != want || Tables[goarch].Name(want) != "openat" {
			t.Errorf("%s: openat is %d, want %d", goarch, n, want)
		}
	}
}

// analyzeFactor is what Analyze may allocate for each byte of a file: a state of all registers and stack
// slots for each instruction, several times.
const analyzeFactor = 16 << 10

// FuzzAnalyze: any file gives a report whose calls ascend and have a reason, or an error.
func FuzzAnalyze(f *testing.F) {
	for _, machine := range elftest.Machines {
		f.Add(gobintest.New(machine).Build().Data)
		f.Add(elftest.Executable(machine).Build().Data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := goelf.Parse("fuzz", data)
		if err != nil {
			return
		}
		var r *Report
		fuzztest.Bounded(t, len(data), analyzeFactor, func() { r, err = Analyze(file, "fuzz") })
		if (err == nil) != (r != nil) {
			t.Fatalf("report %v and error %v", r, err)
		}
		if err != nil {
			return
		}
		if !slices.IsSortedFunc(r.Calls, compareCalls) {
			t.Fatalf("calls do not ascend: %+v", r.Calls)
		}
		for _, c := range r.Calls {
			if len(c.Sites) == 0 && c.Implied == "" {
				t.Fatalf("call %+v has no reason", c)
			}
		}
	})
}
