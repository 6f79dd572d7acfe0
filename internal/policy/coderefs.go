package policy

// # What Go's code refers to
//
// Section names, build information and notes are words about a program; somebody can change them and leave the
// program as it is. What the runtime itself reads is where its code says: an instruction of a function known by
// name refers to it. These rules look there and compare. Where names of functions were taken out
// (elfstrip --traceback=external), --symbols gives them back.

import (
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/go3s/rules_go3s/internal/disasm"
	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/gobin"
)

// codeRefs returns the addresses that the functions refer to that have a name with this prefix which match accepts, ascending, and whether
// there are such functions. The error says why functions cannot be told.
func codeRefs(in *Input, prefix string, match func(name string) bool) (refs []uint64, found bool, err error) {
	t, err := in.funcs()
	if err != nil {
		return nil, false, err
	}
	m, err := in.module()
	if err != nil {
		return nil, false, err
	}
	p := disasm.Program{File: in.File, Arch: disasm.Arches[in.File.GOARCH()]}
	for i := range t.Len() {
		if !t.HasNamePrefix(i, prefix) {
			continue // all but a few
		}
		fn := t.At(i)
		if !match(fn.Name) || fn.Entry >= fn.End {
			continue
		}
		code, err := in.File.Bytes(m.Text.Start+fn.Entry, fn.End-fn.Entry)
		if err != nil {
			return nil, false, err
		}
		found = true
		for inst := range p.Insts(&disasm.Func{Addr: m.Text.Start + fn.Entry, Code: code}) {
			if inst.Ref != 0 {
				refs = append(refs, inst.Ref)
			}
		}
	}
	slices.Sort(refs)
	return slices.Compact(refs), found, nil
}

// refersIn reports whether one of refs, which ascend, is in r.
func refersIn(refs []uint64, r gobin.Range) bool {
	i, _ := slices.BinarySearch(refs, r.Start)
	return i < len(refs) && refs[i] < r.End
}

// A runtimeData is what the runtime's start refers to.
type runtimeData struct {
	refs    []uint64 // ascending
	found   bool     // the program has the function, by its name
	version string   // runtime.buildVersion, "" if it was not found
	modinfo string   // runtime.modinfo without frame, "" if it is empty or was not found
}

// readRuntimeData reads them.
func readRuntimeData(in *Input) (*runtimeData, error) {
	refs, found, err := codeRefs(in, goabi.SchedInit, func(name string) bool { return name == goabi.SchedInit })
	if err != nil {
		return nil, err
	}
	out := &runtimeData{refs: refs, found: found}
	addends := map[uint64]uint64{}                       // of the words that are read
	in.File.Relocations(func(r goelf.Relocation) error { // pie-relocations says what is wrong with the tables
		for _, at := range []uint64{r.Site, r.Site + 8} {
			if _, found := slices.BinarySearch(refs, at); found && r.Relative {
				addends[r.Site] = r.Addend
			}
		}
		return nil
	})
	for _, at := range refs {
		if s, ok := loads(in.File).find(at, 16); !ok || !s.has(elf.PF_W) {
			continue
		}
		for _, start := range []uint64{at, at - 8} { // code may read the length alone
			text := stringAt(in, addends, start)
			switch body, framed := cutFrame(text); {
			case strings.HasPrefix(text, "go1.") || strings.HasPrefix(text, "devel "):
				out.version = text
			case framed && strings.HasPrefix(body, "path\t"):
				out.modinfo = body
			}
		}
	}
	return out, nil
}

// maxRuntimeText bounds the strings that are read.
const maxRuntimeText = 4 << 20

// stringAt returns the contents of the string variable at addr, "" if there is none.
func stringAt(in *Input, addends map[uint64]uint64, addr uint64) string {
	header, err := in.File.Bytes(addr, 16)
	if err != nil {
		return ""
	}
	data, size := binary.LittleEndian.Uint64(header), binary.LittleEndian.Uint64(header[8:])
	if addend, ok := addends[addr]; ok {
		data = addend
	}
	if size == 0 || size > maxRuntimeText {
		return ""
	}
	text, err := in.File.Bytes(data, size)
	if err != nil {
		return ""
	}
	return string(text)
}

// cutFrame returns the module information without the 16 bytes before and after it.
func cutFrame(s string) (string, bool) {
	const frame = 16
	if len(s) <= 2*frame || s[len(s)-frame-1] != '\n' {
		return "", false
	}
	return s[frame : len(s)-frame], true
}

// checkRuntimeData compares the build information with what the runtime has.
func checkRuntimeData(in *Input, out *collector) {
	info, err := in.buildInfo()
	if err != nil || in.packed {
		return // reported, or compared in the original
	}
	r, err := in.runtimeData()
	switch {
	case errors.Is(err, gobin.ErrNotGo):
		return // a program without Go's tables, which go-tables asks for
	case err != nil:
		out.add("runtime", "it cannot be compared with the build information: %v", in.reason(err))
	case !r.found:
		// Names were taken out, or it is no program of Go's runtime.
	case r.version == "":
		out.add("Go version", "%s refers to no version string, so what the build information says cannot be compared with the program", goabi.SchedInit)
	case r.version != info.GoVersion:
		out.add("Go version", "the build information says %q, but the runtime in the program is of %q", clip(info.GoVersion), clip(r.version))
	}
	if err != nil || r.modinfo == "" {
		return
	}
	own, err := debug.ParseBuildInfo(r.modinfo)
	if err != nil {
		out.add("module information", "that of the runtime cannot be read: %v", err)
		return
	}
	if own.GoVersion = info.GoVersion; own.String() != info.String() {
		out.add("module information", "the build information says something else of modules and settings than the program says of itself (runtime.modinfo)")
	}
}

// goVersion returns the Go version in the build information. It fails when there is none, and when the runtime in the
// program is of another.
func (in *Input) goVersion() (string, error) {
	info, err := in.buildInfo()
	if err != nil {
		return "", fmt.Errorf("the Go version cannot be read: %w", err)
	}
	if r, err := in.runtimeData(); err == nil && r.version != "" && r.version != info.GoVersion {
		return "", fmt.Errorf("the build information says %q, but the runtime in the program is of %q", clip(info.GoVersion), clip(r.version))
	}
	return info.GoVersion, nil
}
