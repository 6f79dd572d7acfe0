package sdkcheck

import (
	"bytes"
	"debug/dwarf"
	"debug/elf"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/go3s/rules_go3s/internal/inputfile"
)

// # Layouts
//
// The sources of an SDK say what its tools should write. A canary, a small program that the SDK itself has linked with debug
// information, shows what they do write: its DWARF has the size and member offsets of every structure of the runtime and the
// values of the constants of internal/abi. They are the same on all supported machines.

// A Layout holds facts of a program:
//
//	TYPE                 size in bytes
//	TYPE.MEMBER          offset in bytes
//	internal/abi.NAME    value of a constant
//	sections             names of the sections that are loaded, in their order
type Layout map[string]string

// layoutTypes are the structures of which tools of this module read or write members.
var layoutTypes = set(`
	runtime.moduledata runtime.pcHeader runtime._func runtime.functab runtime.textsect runtime.findfuncbucket runtime.modulehash
	runtime.inlinedCall runtime.stackmap runtime.bitvector runtime.initTask
	internal/abi.ITab internal/abi.Type internal/abi.UncommonType internal/abi.Method internal/abi.Imethod internal/abi.FuncType
	internal/abi.InterfaceType internal/abi.StructType internal/abi.StructField internal/abi.MapType internal/abi.ArrayType
`)

// layoutPackage is the package with the constants. Those of its files for one machine differ between machines.
const layoutPackage = "internal/abi."

var machineConstants = set(`IntArgRegs FloatArgRegs EffectiveFloatRegSize`)

// ReadLayout reads the facts of the Go program file. The error says what is missing in it.
func ReadLayout(file string) (Layout, error) {
	data, err := inputfile.Read(file, inputfile.Data)
	if err != nil {
		return nil, err
	}
	f, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	info, err := f.DWARF()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	out := Layout{}
	var sections []string
	for _, s := range f.Sections {
		if s.Flags&elf.SHF_ALLOC != 0 {
			sections = append(sections, s.Name)
		}
	}
	out["sections"] = strings.Join(sections, " ")
	for r := info.Reader(); ; {
		entry, err := r.Next()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		if entry == nil {
			break
		}
		name, _ := entry.Val(dwarf.AttrName).(string)
		constant, isAbi := strings.CutPrefix(name, layoutPackage)
		switch entry.Tag {
		case dwarf.TagCompileUnit:
			continue
		case dwarf.TagConstant:
			if value, ok := entry.Val(dwarf.AttrConstValue).(int64); ok && isAbi && !machineConstants[constant] {
				out[name] = strconv.FormatInt(value, 10)
			}
		case dwarf.TagStructType:
			if layoutTypes[name] {
				if err := out.addStruct(info, entry.Offset, name); err != nil {
					return nil, fmt.Errorf("%s: %w", file, err)
				}
			}
		}
		r.SkipChildren()
	}
	if out["runtime.moduledata"] == "" {
		return nil, fmt.Errorf("%s: the debug information has no type runtime.moduledata: want a Go program linked without -s and -w", file)
	}
	return out, nil
}

func (l Layout) addStruct(info *dwarf.Data, at dwarf.Offset, name string) error {
	typ, err := info.Type(at)
	if err != nil {
		return err
	}
	s, ok := typ.(*dwarf.StructType)
	if !ok {
		return fmt.Errorf("%s is no structure", name)
	}
	l[name] = strconv.FormatInt(s.ByteSize, 10)
	for _, field := range s.Field {
		l[name+"."+field.Name] = strconv.FormatInt(field.ByteOffset, 10)
	}
	return nil
}

// CheckLayout compares the facts of a program with those of a series. A series without a table gives the status Unknown.
func CheckLayout(series string, found Layout) (Group, error) {
	t, err := tableOf(series)
	if err != nil {
		return Group{}, err
	}
	if t == nil || len(t.layout) == 0 {
		return Group{Status: Unknown, Compared: len(found)}, nil
	}
	out := Group{Status: Agree, Compared: len(found)}
	all := maps.Clone(t.layout)
	maps.Copy(all, found)
	for _, fact := range slices.Sorted(maps.Keys(all)) {
		was, is := t.layout[fact], found[fact]
		if was == is {
			continue
		}
		change := fmt.Sprintf("changed from %s to %s", was, is)
		if is == "" {
			change = "gone"
		} else if was == "" {
			change = "new"
		}
		out.Status = Differ
		out.Differences = append(out.Differences, Difference{"layout", fact, change})
	}
	return out, nil
}

// Canaries builds the canary for each machine by the go command of an SDK, in the directory dir, and compares all of them with
// the table of the SDK's series.
func Canaries(goroot, series, dir string) (*Group, error) {
	out := &Group{Status: Agree}
	for _, goarch := range goarches {
		file, err := BuildCanary(goroot, goarch, dir)
		if err != nil {
			return nil, err
		}
		layout, err := ReadLayout(file)
		if err != nil {
			return nil, err
		}
		g, err := CheckLayout(series, layout)
		if err != nil {
			return nil, err
		}
		for _, d := range g.Differences {
			d.Declaration += " for " + goarch
			out.Differences = append(out.Differences, d)
		}
		out.Compared += g.Compared
		if g.Status != Agree {
			out.Status = g.Status
		}
	}
	return out, nil
}

// canary is a program that has all of layoutTypes: it prints a map by reflection.
const canary = `package main

import "fmt"

func main() { fmt.Println(map[string]any{"a": struct{ F func() }{}}) }
`

// BuildCanary builds the canary for Linux on a machine by the go command of an SDK, in the directory dir, and returns its path.
func BuildCanary(goroot, goarch, dir string) (string, error) {
	tool, err := filepath.Abs(filepath.Join(goroot, "bin", "go"))
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "main.go")
	if err := os.WriteFile(file, []byte(canary), 0o644); err != nil {
		return "", err
	}
	out := filepath.Join(dir, "canary_"+goarch)
	cmd := exec.Command(tool, "build", "-trimpath", "-o", out, file)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH="+goarch, "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off", "GO111MODULE=off",
		"GOTOOLCHAIN=local", "GOEXPERIMENT=", "GOROOT="+goroot)
	if text, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s build for %s: %w\n%s", tool, goarch, err, text)
	}
	return out, nil
}
