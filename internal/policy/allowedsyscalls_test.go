package policy

import (
	"debug/elf"
	"testing"

	"github.com/go3s/rules_go3s/internal/gobin/gobintest"
)

// exitProgram can make the calls exit and, in one function, what its caller says.
func exitProgram() []byte {
	p := gobintest.New(elf.EM_X86_64)
	p.Funcs[0].Code = []byte{0xb8, 60, 0, 0, 0, 0x0f, 0x05, 0xc3} // mov $60, %eax; syscall; ret
	p.Funcs[2].Code = []byte{0x8b, 0x07, 0x0f, 0x05, 0xc3}        // mov (%rdi), %eax; syscall; ret
	return p.Build().Data
}

func TestSyscallsAllowed(t *testing.T) {
	for _, tt := range []struct {
		name, list string
		want       []string
	}{
		{"no list", `null`, nil},
		{"all", `["exit", "dynamic main.main"]`, nil},
		{"nothing", `[]`, []string{
			"syscalls-allowed: exit: it is not allowed, but _rt0 makes it",
			"syscalls-allowed: main.main: it makes a system call that is not known",
		}},
		{"on another machine", `["exit arm64", "dynamic main.main"]`, []string{"syscalls-allowed: exit: it is not allowed"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := Parse([]byte(`{"schema": 1, "profile": "static", "syscalls": ` + tt.list + `}`))
			if err != nil {
				t.Fatal(err)
			}
			expect(t, breachesOf(t, p, exitProgram()), tt.want...)
		})
	}
	if _, err := Parse([]byte(`{"schema": 1, "syscalls": ["exti"]}`)); err == nil {
		t.Error("a call that does not exist is accepted")
	}
}
