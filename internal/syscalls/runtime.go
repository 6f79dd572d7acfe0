package syscalls

// # What Go's runtime and the kernel add
//
// syscall.AllThreadsSyscall hands a number to all threads through a variable of the runtime
// (runtime/os_linux.go, perThreadSyscall): runtime.runPerThreadSyscall, a part of every
// program, reads it, and syscall.runtime_doAllThreadsSyscall alone writes it, with its
// first argument. So the number is that argument; and where no function but the
// reader names the variable, it is never written and no call is made.
//
// Some calls have no instruction in the program. The kernel returns from a signal handler
// through its vDSO on arm64 and riscv64, continues an interrupted wait by
// restart_syscall, and its vDSO falls back to calls of its own.

import (
	"slices"

	"github.com/go3s/rules_go3s/internal/disasm"
	"github.com/go3s/rules_go3s/internal/goabi"
)

const (
	// perThreadSize is the size of the variable in bytes: seven arguments and two results.
	perThreadSize = 9 * 8
)

// firstArgument is the register of the first argument of a Go function (Go's
// src/cmd/compile/abi-internal.md).
var firstArgument = map[string]disasm.Reg{"amd64": 0, "arm64": 0, "riscv64": 10}

// perThread asks for the number that runtime.runPerThreadSyscall uses at pc. It reports whether
// it could; it refuses Go versions whose runtime is not known to work as described.
func (a *Analysis) perThread(fn int, pc uint64, next *step) bool {
	if a.program.Funcs[fn].Name != goabi.PerThreadSyscall {
		return false
	}
	if a.program.Module == nil || a.program.Module.TypesErr != nil {
		return false // of a release that nobody knows
	}
	// The variable is the last data that the function names before the call. It copies the
	// whole of it, from the start on.
	var variable uint64
	for _, r := range a.graph.writable[fn] {
		if r.pc < pc && (r.addr < variable || r.addr-variable >= perThreadSize) {
			variable = r.addr
		}
	}
	if variable == 0 {
		return false
	}
	writer := -1
	for f, names := range a.graph.writable {
		if f == fn || !slices.ContainsFunc(names, func(r ref) bool { return r.addr-variable < perThreadSize }) {
			continue
		}
		if writer >= 0 {
			return false
		}
		writer = f
	}
	if writer >= 0 {
		a.need(need{writer, atom{entryReg, int64(firstArgument[a.program.Arch.GOARCH])}}, &step{fn, next})
	}
	return true
}

// restartable are calls that the kernel continues by restart_syscall after a stop
// signal (restart_block in its source).
var restartable = []string{"clock_nanosleep", "futex", "nanosleep", "poll"}

// addImplied adds the calls that the kernel's own code makes.
func (a *Analysis) addImplied(r *Report) {
	has := func(name string) bool {
		return slices.ContainsFunc(r.Calls, func(c Call) bool { return c.Name == name })
	}
	hasFunc := func(name string) bool {
		return slices.ContainsFunc(a.program.Funcs, func(f disasm.Func) bool { return f.Name == name })
	}
	imply := func(name, why string) {
		if number, ok := a.table.Number(name); ok && !has(name) {
			r.Calls = append(r.Calls, Call{Name: name, Number: number, Implied: why})
		}
	}
	if has("rt_sigaction") {
		imply("rt_sigreturn", "the kernel's vDSO returns from signal handlers")
	}
	if slices.ContainsFunc(restartable, has) {
		imply("restart_syscall", "the kernel continues a wait that a stop signal interrupted")
	}
	if a.mentions("vdso_clock_gettime") || a.mentions("__kernel_clock_gettime") {
		imply("clock_gettime", "the kernel's vDSO asks it where the clock source demands it")
	}
	// Where the names of functions were taken out, the vDSO's own name is what is left.
	named := hasFunc(goabi.MStart)
	if hasFunc(goabi.VGetRandom) || !named && (a.mentions("__vdso_getrandom") || a.mentions("__kernel_getrandom")) {
		imply("getrandom", "the kernel's vDSO takes random bytes from it")
	}
}
