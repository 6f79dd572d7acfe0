package goabi

import "strings"

// # Functions that are known by name
//
// Tools take some functions, and the runtime takes some functions of a program, by their names. The names have been the same in
// all series, or earlier ones are listed as well. What each function does is watched by package sdkcheck, where something here
// relies on it.

// RuntimePrefix begins the names of functions of package runtime.
const RuntimePrefix = "runtime."

// Names of functions and variables.
const (
	SchedInit        = "runtime.schedinit"           // looks at the module data, at the version and at the module information
	GoPanic          = "runtime.gopanic"             // tracebacks print it as panic
	SigPanic         = "runtime.sigpanic"            // what it returns to was stopped at its instruction
	AsyncPreempt     = "runtime.asyncPreempt"        // likewise
	MStart           = "runtime.mstart"              // is in every program with names
	PerThreadSyscall = "runtime.runPerThreadSyscall" // makes a system call with the number in a variable (runtime/os_linux.go)
	VGetRandom       = "runtime.vgetrandom1"         // calls the vDSO (runtime/vgetrandom_linux.go)
	GodebugDefault   = "runtime.godebugDefault"      // the variable with what GODEBUG starts with
	FIPSPackage      = "crypto/internal/fips140"     // the FIPS 140 module is this package and those below it
)

// FIPSLatest is what GOFIPS140 calls the FIPS 140 module of the Go release itself, which has no version of its own.
const FIPSLatest = "latest"

// KeptNames are functions that the runtime or runtime/pprof know by their name.
var KeptNames = []string{GoPanic, "runtime.goexit", "runtime.main", SigPanic, "reflect.makeFuncStub", "reflect.methodValueCall"}

// ReflectValuePrefix begins the names of the methods of reflect.Value, whose exported ones reflect.valueMethodName finds on the
// stack.
const ReflectValuePrefix = "reflect.Value."

// AskingPrefixes begin the names of functions that ask, or call what asks, for the calls that are inlined where they are called:
// runtime.gorecover, runtime.callers, which skips frames, and those of reflect that may lead to valueMethodName.
var AskingPrefixes = []string{"runtime.gorecover", "runtime.callers", "reflect.valueMethodName", "reflect.flag."}

// MorestackPrefix begins the names of runtime.morestack and its variants.
const MorestackPrefix = "runtime.morestack"

// NeverPreempted reports whether code of the function of that name is never preempted asynchronously (runtime/preempt.go,
// isAsyncSafePoint).
func NeverPreempted(name string) bool { return IsRuntime(name) || strings.HasPrefix(name, "reflect.") }

// IsRuntime reports whether the function of that name is of package runtime or of those that it is made of.
func IsRuntime(name string) bool {
	return strings.HasPrefix(name, RuntimePrefix) || strings.HasPrefix(name, "internal/runtime/")
}

// syscallStubs are functions outside of the runtime that enter the kernel, in the standard library and in golang.org/x/sys/unix.
var syscallStubs = map[string]bool{
	"syscall.rawSyscallNoError": true, "syscall.rawVforkSyscall": true, "syscall.gettimeofday": true, "time.now": true,
	"golang.org/x/sys/unix.SyscallNoError": true, "golang.org/x/sys/unix.RawSyscallNoError": true,
}

// syscallPackages begin the names of functions of packages all of which may enter the kernel.
var syscallPackages = []string{
	RuntimePrefix,
	"internal/runtime/syscall/linux.", // since Go 1.26
	"internal/runtime/syscall.",       // since Go 1.24
	"runtime/internal/syscall.",
}

// IsSyscallStub reports whether a function of that name enters the kernel for others. What defines a function under one of these
// names by go:linkname or in assembly is not told apart from the real one.
func IsSyscallStub(name string) bool {
	for _, p := range syscallPackages {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return syscallStubs[name]
}
