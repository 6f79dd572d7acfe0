package symbolize

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/pcln"
)

// # Tracebacks
//
// The runtime prints a frame as two lines (runtime/traceback.go, traceback2):
//
//	function(arguments)
//		file:line +0xoffset fp=0x… sp=0x… pc=0x…
//
// A program of the tier external knows neither arguments nor file and line, and
// prints "?:0" instead. The offset is that of the return address from the
// function's entry, so what was called is found one byte before. Of a frame that
// a signal stopped it is the instruction itself. Which frames those are:
//
//   - the one at the pc of the line "[signal SIGSEGV: … pc=0x…]" or "PC=0x… …",
//   - the first one of a goroutine that is said to be runnable: it was preempted,
//   - the one after runtime.sigpanic and runtime.asyncPreempt.

var (
	placeLine  = regexp.MustCompile(`^\t\?:0(?: \+0x([0-9a-f]+))?( fp=0x[0-9a-f]+ sp=0x[0-9a-f]+ pc=0x([0-9a-f]+))?\r?$`)
	createdBy  = regexp.MustCompile(`^created by (\S+)( in goroutine [0-9]+)?\r?$`)
	signalLine = regexp.MustCompile(`^(?:\[signal .* pc=0x([0-9a-f]+)\]|PC=0x([0-9a-f]+) m=.*)\r?$`)
	goLine     = regexp.MustCompile(`^goroutine [0-9]+ (?:gp=\S+ m=\S+ (?:mp=\S+ )?)?\[([^\]]*).*:\r?$`) // labels may follow in either kind of bracket
	anyName    = regexp.MustCompile(`~*[0-9a-f]+\.(?:\(\*[0-9a-f]{8}\)\.m|[0-9a-f]{8}\b)`)
	panicWrap  = regexp.MustCompile(`value method (~*[0-9a-f]+)\.([0-9a-f]{8})\.m called using nil \*[0-9a-f]{8} pointer`)
)

// Text returns the log with all tracebacks in it as the program would have
// printed them with all of its tables, but for arguments, of which "..." tells
// that there are some. The count is that of the frames that were found.
func (s *Symbolizer) Text(log []byte) (out []byte, frames int, err error) {
	t := &textState{Symbolizer: s}
	lines := bytes.SplitAfter(log, []byte{'\n'})
	for i := 0; i < len(lines); i++ {
		line := strings.TrimSuffix(string(lines[i]), "\n")
		next := ""
		if i+1 < len(lines) {
			next = strings.TrimSuffix(string(lines[i+1]), "\n")
		}
		done, err := t.frame(line, next)
		if err != nil {
			return nil, 0, fmt.Errorf("line %d: %w", i+1, err)
		}
		if done {
			i++
			continue
		}
		if err := t.other(line, len(lines[i]) > len(line)); err != nil {
			return nil, 0, fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	return t.out.Bytes(), t.frames, nil
}

type textState struct {
	*Symbolizer
	out    bytes.Buffer
	frames int
	signal uint64 // pc of the signal, 0 for none
	trap   bool   // the next frame stopped at its instruction
}

// frame handles two lines if they are a frame.
func (t *textState) frame(line, next string) (done bool, err error) {
	place := placeLine.FindStringSubmatch(next)
	if place == nil {
		return false, nil
	}
	creator := ""
	name, _, ok := cutLast(line, "(")
	if m := createdBy.FindStringSubmatch(line); m != nil {
		name, creator, ok = m[1], m[2], true
	}
	if !ok || name == "" {
		return false, nil
	}
	if strings.HasSuffix(strings.TrimSuffix(line, "\r"), "(...)") && pcln.IsInlined(name) {
		return true, nil // what it is inlined into tells of it
	}
	created := strings.HasPrefix(line, "created by ")
	f, err := t.find(alias(name))
	if err != nil || f == nil {
		return false, err
	}
	off, _ := strconv.ParseUint(place[1], 16, 64)
	if off > f.End-f.Entry {
		return false, fmt.Errorf("function %s has %d bytes, but the traceback has offset %d in it: it is of another build than the side file", f.Name, f.End-f.Entry, off)
	}
	t.frames++
	suffix := ""
	if place[1] != "" {
		suffix = " +0x" + place[1]
	}
	if created {
		at := off
		if at > 0 {
			at -= t.symbols.Instruction()
		}
		list, err := t.symbols.Frames(f.Index, at)
		if err != nil {
			return false, err
		}
		// The place is the innermost one, the name the function's (printcreatedby1).
		fmt.Fprintf(&t.out, "created by %s%s\n\t%s:%d%s\n", t.printed(f.Name), creator, list[0].File, list[0].Line, suffix)
		return true, nil
	}
	at := off
	if off > 0 && !t.trap && !t.stopped(f, off) {
		at--
	}
	t.trap = f.Name == goabi.SigPanic || f.Name == goabi.AsyncPreempt
	list, err := t.symbols.Frames(f.Index, at)
	if err != nil {
		return false, err
	}
	for _, call := range list {
		switch {
		case !call.Inlined:
			args := ""
			if f.Args {
				args = "..."
			}
			fmt.Fprintf(&t.out, "%s(%s)\n\t%s:%d%s%s\n", t.printed(call.Func), args, call.File, call.Line, suffix, place[2])
		case place[2] != "" || shown(&call):
			fmt.Fprintf(&t.out, "%s(...)\n\t%s:%d\n", t.printed(call.Func), call.File, call.Line)
		}
	}
	return true, nil
}

// stopped reports whether the function is at the pc of the signal.
func (t *textState) stopped(f *pcln.Func, off uint64) bool {
	const page = 4096 // position-independent programs move by pages
	return t.signal != 0 && (t.signal-(t.symbols.Text()+f.Entry+off))%page == 0
}

// shown reports whether tracebacks show an inlined call (runtime/traceback.go,
// showfuncinfo).
func shown(f *pcln.Frame) bool {
	if f.IsWrapper() {
		return false
	}
	rest, ok := strings.CutPrefix(f.Func, goabi.RuntimePrefix)
	return strings.Contains(f.Func, ".") && (!ok || pcln.Exported(rest))
}

// alias returns the name in the function table for one in a traceback.
func alias(name string) string {
	if name == "panic" {
		return goabi.GoPanic
	}
	return name
}

// printed returns a name as tracebacks show it (runtime/traceback.go,
// printFuncName): type arguments are left out.
func (s *Symbolizer) printed(name string) string {
	if name == goabi.GoPanic {
		return "panic"
	}
	i, j := strings.IndexByte(name, '['), strings.LastIndexByte(name, ']')
	if i < 0 || j <= i {
		return name
	}
	inner := name[i+1 : j]
	if !s.genericMethods || !strings.Contains(inner, "[") {
		return name[:i] + "[...]" + name[j+1:]
	}
	// Where the first bracket is closed another list of type arguments may follow: that of a generic method.
	depth, closed, opened := 1, -1, -1
	for k := 0; k < len(inner) && opened < 0 && depth >= 0; k++ {
		switch inner[k] {
		case '[':
			if depth++; depth == 1 {
				opened = k
			}
		case ']':
			if depth--; depth == 0 {
				closed = k
			}
		}
	}
	switch {
	case depth == 1 && closed >= 0 && opened > closed:
		return name[:i] + "[...]" + inner[closed+1:opened] + "[...]" + name[j+1:]
	case depth == 1 && closed < 0:
		return name[:i] + "[...]" + name[j+1:]
	}
	return name // the brackets do not match; the runtime shows it as it is
}

// other handles a line that is not part of a frame.
func (t *textState) other(line string, newline bool) error {
	if m := signalLine.FindStringSubmatch(line); m != nil {
		t.signal, _ = strconv.ParseUint(m[1]+m[2], 16, 64)
	}
	if m := goLine.FindStringSubmatch(line); m != nil {
		t.trap = strings.HasPrefix(m[1], "runnable")
	}
	var failed error
	name := func(old string) string {
		f, err := t.find(old)
		if err != nil {
			failed = err
		}
		if f == nil {
			return old
		}
		return t.printed(f.Name)
	}
	line = panicWrap.ReplaceAllStringFunc(line, func(old string) string {
		m := panicWrap.FindStringSubmatch(old)
		pkg, rest, ok := strings.Cut(name(m[1]+".(*"+m[2]+").m"), ".(*")
		typ, meth, ok2 := strings.Cut(rest, ").")
		if !ok || !ok2 {
			return old
		}
		return fmt.Sprintf("value method %s.%s.%s called using nil *%s pointer", pkg, typ, meth, typ)
	})
	line = anyName.ReplaceAllStringFunc(line, name)
	t.out.WriteString(line)
	if newline {
		t.out.WriteByte('\n')
	}
	return failed
}

// cutLast slices s around the last sep.
func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}
