package elfdiff

import (
	"bufio"
	"bytes"
	"debug/elf"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
)

// LLVM returns what `llvm-readelf` reads from the file at path. Its own output style shows all
// numbers as numbers.
func LLVM(tool, path string) (*Facts, error) {
	out, err := run(tool, "--elf-output-style=LLVM", "-h", "-l", "-S", "--symbols", "--dyn-syms", "--notes", path)
	if err != nil {
		return nil, err
	}
	return parseLLVM(out)
}

// run returns the output of a tool that must find nothing to complain about.
func run(tool string, args ...string) ([]byte, error) {
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(tool, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if message, _, _ := strings.Cut(strings.TrimSpace(stderr.String()), "\n"); message != "" {
		return nil, fmt.Errorf("%s", strings.ReplaceAll(message, args[len(args)-1], "FILE"))
	}
	return stdout.Bytes(), err
}

// parseLLVM reads members "Key: value" of nested blocks "Name {" and "Name [".
func parseLLVM(out []byte) (*Facts, error) {
	facts := &Facts{Symbols: map[int][]Symbol{}, Notes: []Note{}}
	var symbols []Symbol // of the table at hand
	var outer []string   // names of the open blocks
	members := map[string]string{}
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 1<<26)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		switch {
		case strings.HasSuffix(line, "{"), strings.HasSuffix(line, "["):
			name := strings.TrimSpace(line[:len(line)-1])
			outer = append(outer, name)
			switch name {
			case "ElfHeader", "Section", "ProgramHeader", "Symbol", "Note":
				members = map[string]string{}
			}
		case strings.HasPrefix(line, "Flags [ ("), strings.HasPrefix(line, "Other [ ("):
			key, value, _ := strings.Cut(line, " [ (")
			members[key] = strings.TrimSuffix(value, ")")
			outer = append(outer, key)
		case line == "}" || line == "]":
			if len(outer) == 0 {
				return nil, fmt.Errorf("unbalanced output of llvm-readelf")
			}
			block := outer[len(outer)-1]
			outer = outer[:len(outer)-1]
			if err := facts.block(block, members, &symbols); err != nil {
				return nil, err
			}
		default:
			if key, value, ok := strings.Cut(line, ":"); ok {
				members[key] = strings.TrimPrefix(value, " ")
			}
		}
	}
	return facts, lines.Err()
}

// block takes the members of a closed block.
func (f *Facts) block(name string, members map[string]string, symbols *[]Symbol) (err error) {
	number := func(key string) uint64 {
		n, e := llvmNumber(members[key])
		if e != nil && err == nil {
			err = fmt.Errorf("llvm-readelf: %s of %s: %w", key, name, e)
		}
		return n
	}
	text := func(key string) string {
		s := members[key]
		return s[:max(strings.LastIndex(s, " ("), 0)]
	}
	switch name {
	case "ElfHeader":
		f.Type, f.Machine, f.Entry = elf.Type(number("Type")), elf.Machine(number("Machine")), number("Entry")
	case "Section":
		f.Sections = append(f.Sections, Section{text("Name"), elf.Section64{Type: uint32(number("Type")), Flags: number("Flags"),
			Addr: number("Address"), Off: number("Offset"), Size: number("Size"), Link: uint32(number("Link")), Info: uint32(number("Info")),
			Addralign: number("AddressAlignment"), Entsize: number("EntrySize")}})
	case "ProgramHeader":
		f.Segments = append(f.Segments, elf.Prog64{Type: uint32(number("Type")), Flags: uint32(number("Flags")), Off: number("Offset"),
			Vaddr: number("VirtualAddress"), Paddr: number("PhysicalAddress"), Filesz: number("FileSize"), Memsz: number("MemSize"), Align: number("Alignment")})
	case "Symbol":
		*symbols = append(*symbols, Symbol{text("Name"), number("Value"), number("Size"), byte(number("Binding")<<4 | number("Type")), byte(number("Other")) & 3, uint16(number("Section"))})
	case "Symbols", "DynamicSymbols":
		// They are those of the first section of the type.
		typ := map[string]elf.SectionType{"Symbols": elf.SHT_SYMTAB, "DynamicSymbols": elf.SHT_DYNSYM}[name]
		for i, s := range f.Sections {
			if elf.SectionType(s.Type) == typ && len(*symbols) > 0 {
				f.Symbols[i] = (*symbols)[1:]
				break
			}
		}
		*symbols = nil
	case "Note":
		f.Notes = append(f.Notes, Note{strings.TrimRight(members["Owner"], "\x00"), number("Data size")}) // it takes off one NUL only
	}
	return err
}

// llvmNumber reads "0x10", "16" or "words (0x10)".
func llvmNumber(s string) (uint64, error) {
	if i := strings.LastIndex(s, "("); i >= 0 {
		s = strings.TrimSuffix(s[i+1:], ")")
	}
	return strconv.ParseUint(s, 0, 64)
}

// SameAsLLVM knows that llvm-readelf names the symbols of sections by their section, and the
// version after a symbol's name; and that it names null sections.
var SameAsLLVM = Same{
	Section: func(own, other Section) bool {
		own.Section64.Name = 0
		if elf.SectionType(own.Type) == elf.SHT_NULL {
			other.Name = own.Name
		}
		return own == other
	},
	Symbol: func(own, other Symbol) bool {
		if own.Name == "" && elf.ST_TYPE(own.Info) == elf.STT_SECTION || strings.HasPrefix(other.Name, own.Name+"@") {
			other.Name = own.Name
		}
		return own == other
	},
}
