package symbolize

import (
	"errors"
	"regexp"
	"strings"
	"testing"
)

var inBraces = regexp.MustCompile(`\{[^} ]+\}`)

// Of the logs, {function} stands for its name in the program.
var textTests = []struct{ name, log, want string }{
	{"panic", `panic: {main.main} failed

goroutine 1 [running]:
{main.generic[go.shape.int]}()
	?:0 +0x25
{main.main}()
	?:0 +0x30
`, `panic: main.main failed

goroutine 1 [running]:
main.generic[...](...)
	main.generic[go.shape.int].go:20 +0x25
main.small(...)
	main.main.go:20
main.main()
	main.main.go:10 +0x30
`},
	{"offsets are of return addresses", "{main.load}()\n\t?:0 +0x20\n{main.load}()\n\t?:0 +0x21\n", "main.load(...)\n\tmain.load.go:10 +0x20\nmain.load(...)\n\tmain.load.go:20 +0x21\n"},
	{"signal", `[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x5511e0]

goroutine 1 [running]:
{main.load}()
	?:0 +0x20
`, `[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x5511e0]

goroutine 1 [running]:
main.load(...)
	main.load.go:20 +0x20
`},
	{"called by a signal", "panic({main.load})\n\t?:0 +0x8\nruntime.sigpanic()\n\t?:0 +0x8\n{main.load}()\n\t?:0 +0x20\n", "panic(...)\n\truntime.gopanic.go:10 +0x8\nruntime.sigpanic()\n\truntime.sigpanic.go:10 +0x8\nmain.load(...)\n\tmain.load.go:20 +0x20\n"},
	{"preempted", "goroutine 7 [runnable]:\n{main.load}()\n\t?:0 +0x20\n", "goroutine 7 [runnable]:\nmain.load(...)\n\tmain.load.go:20 +0x20\n"},
	{"preempted, with labels since Go 1.27", "goroutine 7 gp=0xc000007180 m=0 mp=0x5b0ae0 [runnable] {path: \"a]b\"}:\n{main.load}()\n\t?:0 +0x20\n", "goroutine 7 gp=0xc000007180 m=0 mp=0x5b0ae0 [runnable] {path: \"a]b\"}:\nmain.load(...)\n\tmain.load.go:20 +0x20\n"},
	{"preempted, with labels before", "goroutine 7 [runnable, locked to thread labels:{\"k\": \"a]: b\"}]:\n{main.load}()\n\t?:0 +0x20\n", "goroutine 7 [runnable, locked to thread labels:{\"k\": \"a]: b\"}]:\nmain.load(...)\n\tmain.load.go:20 +0x20\n"},
	{"not preempted", "goroutine 7 m=nil [running] {k: runnable}:\n{main.load}()\n\t?:0 +0x21\n", "goroutine 7 m=nil [running] {k: runnable}:\nmain.load(...)\n\tmain.load.go:20 +0x21\n"},
	{"created by", "created by {main.main} in goroutine 1\n\t?:0 +0x30\n", "created by main.main in goroutine 1\n\tmain.main.go:20 +0x30\n"},
	{"reflect", "reflect.Value.Len(...)\n\t?:0\n~(...)\n\t?:0\nreflect.Value.Len()\n\t?:0 +0x5\n", "reflect.Value.Len(...)\n\treflect.Value.Len.go:10 +0x5\n"},
	{"all registers", "{main.load}()\n\t?:0 +0x5 fp=0x1 sp=0x2 pc=0x3\n", "main.load(...)\n\tmain.load.go:10 +0x5 fp=0x1 sp=0x2 pc=0x3\n"},
	{"not the program's", "other.f()\n\t?:0 +0x5\nruntime.zzz()\n\t?:0 +0x9\n\t?:0", "other.f()\n\t?:0 +0x5\nruntime.zzz()\n\t?:0 +0x9\n\t?:0"},
	{"carriage returns", "{main.load}()\r\n\t?:0 +0x5\r\nreflect.Value.Len(...)\r\n\t?:0\r\nend\r\n", "main.load(...)\n\tmain.load.go:10 +0x5\nend\r\n"},
	{"no end", "{main.load}()\n\t?:0 +0x5", "main.load(...)\n\tmain.load.go:10 +0x5\n"},
}

func (s *Symbolizer) fill(t testing.TB, log string) string {
	return inBraces.ReplaceAllStringFunc(log, func(name string) string { return s.alias(t, name[1:len(name)-1]) })
}

func TestText(t *testing.T) {
	s := newSymbolizer(t)
	for _, test := range textTests {
		log := s.fill(t, test.log)
		out, _, err := s.Text([]byte(log))
		if err != nil || string(out) != test.want {
			t.Errorf("%s: %v, printed:\n%s\nwant:\n%s\nmade of:\n%s", test.name, err, out, test.want, log)
		}
	}
}

func TestTextWrapper(t *testing.T) {
	s := newSymbolizer(t)
	alias := s.alias(t, "main.(*T).M") // <number>.(*<tag>).m
	number, rest, _ := strings.Cut(alias, ".(*")
	tag, _, _ := strings.Cut(rest, ")")
	out, _, err := s.Text([]byte("panic: value method " + number + "." + tag + ".m called using nil *" + tag + " pointer"))
	if want := "panic: value method main.T.M called using nil *T pointer"; err != nil || string(out) != want {
		t.Errorf("%v, %q, want %q; the alias is %s", err, out, want, alias)
	}
}

// A log of another build, and one that cannot be of this one, give an error.
func TestTextRefused(t *testing.T) {
	s := newSymbolizer(t)
	other := strings.ReplaceAll(s.alias(t, "main.load"), buildID[:8], "76543210")
	for _, log := range []string{other + "()\n\t?:0 +0x5\n", "created by " + other + "\n\t?:0 +0x5\n", "panic: " + other} {
		var wrong *OtherBuildError
		if out, _, err := s.Text([]byte(log)); !errors.As(err, &wrong) || out != nil {
			t.Errorf("%q: printed %q, error %v", log, out, err)
		}
	}
	if out, _, err := s.Text([]byte(s.fill(t, "{main.load}()\n\t?:0 +0x41\n"))); err == nil || !strings.Contains(err.Error(), "has 64 bytes") || out != nil {
		t.Errorf("printed %q, error %v", out, err)
	}
}

// Type arguments are left out as the runtime of the program does (runtime/traceback.go, funcNamePiecesForPrint).
func TestPrinted(t *testing.T) {
	for _, tt := range []struct{ name, before, since127 string }{
		{"main.f", "main.f", "main.f"},
		{"runtime.gopanic", "panic", "panic"},
		{"main.F[go.shape.int].func1", "main.F[...].func1", "main.F[...].func1"},
		{"main.F[go.shape.[]map[string]int]", "main.F[...]", "main.F[...]"},
		{"main.T[go.shape.int].M[go.shape.string]", "main.T[...]", "main.T[...].M[...]"},
		{"main.(*T[go.shape.[4]int]).M[go.shape.[]string].func2", "main.(*T[...].func2", "main.(*T[...]).M[...].func2"},
		{"main.F[go.shape.int", "main.F[go.shape.int", "main.F[go.shape.int"},
		{"main.F]go[.x", "main.F]go[.x", "main.F]go[.x"},
		{"main.F[a]]b[[c]", "main.F[...]", "main.F[a]]b[[c]"},
		{"main.F[a]b].func1", "main.F[...].func1", "main.F[...].func1"},
		{"main.F[a][b][c]", "main.F[...]", "main.F[...][...]"},
	} {
		if got := (&Symbolizer{}).printed(tt.name); got != tt.before {
			t.Errorf("%s: %s, want %s before Go 1.27", tt.name, got, tt.before)
		}
		if got := (&Symbolizer{genericMethods: true}).printed(tt.name); got != tt.since127 {
			t.Errorf("%s: %s, want %s since Go 1.27", tt.name, got, tt.since127)
		}
	}
}
