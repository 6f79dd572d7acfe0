package compare

import (
	"debug/elf"
	"errors"
	"fmt"
	"strings"
	"testing"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/elf/elftest"
	"github.com/go3s/rules_go3s/internal/fuzztest"
	"github.com/go3s/rules_go3s/internal/gobin"
	"github.com/go3s/rules_go3s/internal/gobin/gobintest"
)

var machines = []elf.Machine{elf.EM_X86_64, elf.EM_AARCH64, elf.EM_RISCV}

// made makes a small program for each machine; change edits it.
func made(t testing.TB, change func(p *gobintest.Program)) []*Program {
	t.Helper()
	var out []*Program
	for _, m := range machines {
		p := gobintest.New(m)
		if change != nil {
			change(p)
		}
		out = append(out, parse(t, p.Build().Data))
	}
	return out
}

func parse(t testing.TB, data []byte) *Program {
	t.Helper()
	f, err := goelf.Parse("program", data)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Read("program", f, ShippedStd())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// only makes an edit of the program for riscv64 alone.
func only(edit func(p *gobintest.Program)) func(p *gobintest.Program) {
	return func(p *gobintest.Program) {
		if p.Machine == elf.EM_RISCV {
			edit(p)
		}
	}
}

func TestCompare(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(p *gobintest.Program)
		want   []string // the findings
	}{
		{"the same", nil, nil},
		{"function", only(func(p *gobintest.Program) {
			p.Funcs = append(p.Funcs, gobintest.Func{Name: "main.open", Code: gobintest.Return[p.Machine]})
		}), []string{"functions main.open [riscv64] [amd64 arm64]"}},
		{"function of a package", only(func(p *gobintest.Program) {
			p.Funcs = append(p.Funcs, gobintest.Func{Name: "example.com/phone.Home", Code: gobintest.Return[p.Machine]})
		}), []string{"packages example.com/phone [riscv64] [amd64 arm64]", "functions example.com/phone.Home [riscv64] [amd64 arm64]"}},
		{"system call", only(func(p *gobintest.Program) { p.Funcs[2].Code = gobintest.Syscall[p.Machine] }),
			[]string{"calls main.main -> (system call) [riscv64] [amd64 arm64]"}},
		{"function of the standard library's files", only(func(p *gobintest.Program) {
			p.Funcs = append(p.Funcs, gobintest.Func{Name: "runtime.memmove", Code: gobintest.Return[p.Machine]})
		}), nil},
		{"module", only(func(p *gobintest.Program) { p.ModInfo += "dep\texample.com/x\tv1.0.0\th1:x\n" }),
			[]string{"build-info dep example.com/x [amd64 arm64] [riscv64]"}},
		{"setting of the architecture", only(func(p *gobintest.Program) { p.ModInfo += "build\tGORISCV64=rva20u64\n" }), nil},
		{"setting", only(func(p *gobintest.Program) { p.ModInfo += "build\t-tags=evil\n" }),
			[]string{"build-info build -tags [amd64 arm64] [riscv64]"}},
		{"section", func(p *gobintest.Program) {
			p.Sections = []elftest.Section{{Name: ".config", Type: elf.SHT_PROGBITS, Flags: elf.SHF_ALLOC, Align: 1, Data: []byte(p.Machine.String()[:5])}}
		}, []string{"sections .config [amd64] [arm64 riscv64]"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			differences, err := Compare(made(t, tt.change), nil)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, d := range differences {
				if d.Rule == "" {
					got = append(got, fmt.Sprint(d.Kind, " ", d.Subject, " ", d.In, " ", d.NotIn))
				}
			}
			if fmt.Sprint(got) != fmt.Sprint(tt.want) {
				t.Errorf("findings\n\t%q, want\n\t%q", got, tt.want)
			}
		})
	}
}

// What somebody has accepted explains what follows from it, and is a finding still.
func TestAccept(t *testing.T) {
	programs := made(t, only(func(p *gobintest.Program) {
		p.Funcs = append(p.Funcs, gobintest.Func{Name: "main.open", Code: gobintest.Return[p.Machine]})
		p.Funcs[2].Code = jumpNext[p.Machine]
	}))
	for accepted, want := range map[bool]int{false: 1, true: 1} {
		differences, err := Compare(programs, func(Kind, string) bool { return accepted })
		if err != nil {
			t.Fatal(err)
		}
		findings := 0
		for _, d := range differences {
			if d.Rule == "" && d.Kind == Functions {
				findings++
			}
		}
		if findings != want {
			t.Errorf("accepted = %v: %d findings about functions, want %d: %v", accepted, findings, want, differences)
		}
	}
}

// jumpNext is a jump of 16 bytes, to the function that gobintest puts after.
var jumpNext = map[elf.Machine][]byte{elf.EM_RISCV: {0x6f, 0, 0, 1}}

func TestRefusals(t *testing.T) {
	three := made(t, nil)
	old := made(t, only(func(p *gobintest.Program) { p.GoVersion = "go1.25.1" }))
	for _, tt := range []struct {
		name     string
		programs []*Program
		want     string
	}{
		{"none", nil, "want the same program for two or more architectures"},
		{"one", three[:1], "want the same program for two or more architectures"},
		{"twice", []*Program{three[0], three[0]}, "are both for amd64"},
		{"other release", old, "made by go1.25.1; what depends on the architecture"},
	} {
		if _, err := Compare(tt.programs, nil); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want %q", tt.name, err, tt.want)
		}
	}
	data := (&elftest.Spec{Machine: elf.EM_X86_64, Type: elf.ET_EXEC, Base: 0x400000, Entry: ".text",
		Sections: []elftest.Section{{Name: ".text", Type: elf.SHT_PROGBITS, Flags: elf.SHF_ALLOC | elf.SHF_EXECINSTR, Align: 16,
			Data: []byte{0xc3}}}}).Build().Data
	f, err := goelf.Parse("c", data)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Read("c", f, ShippedStd()); !errors.Is(err, gobin.ErrNotGo) {
		t.Errorf("a program without Go: error %v, want %v", err, gobin.ErrNotGo)
	}
}

// Any bytes are read, compared with themselves for another machine, or refused.
func FuzzRead(f *testing.F) {
	for _, m := range machines {
		f.Add(gobintest.New(m).Build().Data)
	}
	other := map[string]*Program{}
	for _, p := range made(f, nil) {
		other[p.GOARCH] = p
	}
	ShippedStd() // so that no execution pays for it
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := goelf.Parse("fuzz", data)
		if err != nil {
			return
		}
		var p *Program
		fuzztest.Bounded(t, len(data), 1<<10, func() { p, err = Read("fuzz", file, ShippedStd()) })
		if (p == nil) == (err == nil) {
			t.Fatalf("program %v and error %v", p, err)
		}
		if err != nil {
			return
		}
		goarch := "amd64"
		if p.GOARCH == goarch {
			goarch = "arm64"
		}
		var differences []Difference
		fuzztest.Bounded(t, len(data), 1<<10, func() { differences, err = Compare([]*Program{p, other[goarch]}, nil) })
		if err == nil && differences == nil {
			t.Error("no difference, not even GOARCH in the build information")
		}
	})
}
