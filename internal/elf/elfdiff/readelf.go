package elfdiff

import (
	"bufio"
	"bytes"
	"debug/elf"
	"regexp"
	"strconv"
	"strings"
)

// Readelf returns what GNU readelf reads from the file at path. Types that it shows as words which are not in the
// tables below, and flags of sections, are left out: they are 0.
func Readelf(tool, path string) (*Facts, error) {
	out, err := run(tool, "-hlSsnW", path)
	if err != nil {
		return nil, err
	}
	return parseReadelf(out), nil
}

var (
	readelfSection = regexp.MustCompile(`^ *\[ *\d+\] (.*?) +(\S+) +([0-9a-f]{16}) ([0-9a-f]{6,}) ([0-9a-f]{6,}) ([0-9a-f]{2,}) +([A-Za-z]*) +(\d+) +(\d+) +(\d+)$`)
	readelfSegment = regexp.MustCompile(`^  (.{14}) 0x([0-9a-f]{6,}) 0x([0-9a-f]{16}) 0x([0-9a-f]{16}) 0x([0-9a-f]{6,}) 0x([0-9a-f]{6,}) ([R ][W ][E ]) (0x[0-9a-f]+|0)$`)
	readelfSymbol  = regexp.MustCompile(`^ *(\d+): ([0-9a-f]{16}) +(0x[0-9a-f]+|\d+) (\S+) +(\S+) +(\S+) +(?:\[[^\]]*\] +)?(\S+) ?(.*)$`)
	readelfTable   = regexp.MustCompile(`^Symbol table '(.*)' contains \d+ entr`)
	readelfNote    = regexp.MustCompile(`^  (\S.*?) +0x([0-9a-f]{8})\t`)
	readelfUnknown = regexp.MustCompile(`^(.*?) +([0-9a-f]{8}):$`)
	readelfWords   = regexp.MustCompile(`<(OS|processor) specific>: \d+`)
	readelfEntry   = regexp.MustCompile(`^  Entry point address: +0x([0-9a-f]+)$`)
)

func parseReadelf(out []byte) *Facts {
	facts := &Facts{Symbols: map[int][]Symbol{}, Notes: []Note{}}
	hex := func(s string) uint64 { n, _ := strconv.ParseUint(s, 16, 64); return n }
	table := -1
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 1<<26)
	for lines.Scan() {
		line := readelfWords.ReplaceAllString(lines.Text(), "?")
		if m := readelfSymbol.FindStringSubmatch(line); m != nil && table >= 0 {
			if m[1] == "0" {
				continue
			}
			size, _ := strconv.ParseUint(m[3], 0, 64)
			facts.Symbols[table] = append(facts.Symbols[table], Symbol{strings.TrimSuffix(m[8], " "), hex(m[2]), size,
				readelfBinds[m[5]]<<4 | readelfTypes[m[4]], readelfVis[m[6]], readelfIndex(m[7])})
		} else if m := readelfTable.FindStringSubmatch(line); m != nil {
			table = -1
			for i, s := range facts.Sections {
				if t := elf.SectionType(s.Type); s.Name == m[1] && (t == elf.SHT_SYMTAB || t == elf.SHT_DYNSYM) {
					if _, again := facts.Symbols[i]; !again {
						table = i
						facts.Symbols[i] = []Symbol{}
						break
					}
				}
			}
		} else if m := readelfSection.FindStringSubmatch(line); m != nil {
			link, _ := strconv.ParseUint(m[8], 10, 32)
			info, _ := strconv.ParseUint(m[9], 10, 32)
			align, _ := strconv.ParseUint(m[10], 10, 64)
			typ := sectionTypes[m[2]]
			if u := readelfUnknown.FindStringSubmatch(" " + m[1]); u != nil { // "name 00001234: <unknown>"
				m[1], typ = strings.TrimPrefix(u[1], " "), uint32(hex(u[2]))
			}
			facts.Sections = append(facts.Sections, Section{m[1], elf.Section64{Type: typ, Addr: hex(m[3]), Off: hex(m[4]),
				Size: hex(m[5]), Entsize: hex(m[6]), Link: uint32(link), Info: uint32(info), Addralign: align}})
		} else if m := readelfSegment.FindStringSubmatch(line); m != nil {
			var flags elf.ProgFlag
			for i, flag := range []elf.ProgFlag{elf.PF_R, elf.PF_W, elf.PF_X} {
				if m[7][i] != ' ' {
					flags |= flag
				}
			}
			align, _ := strconv.ParseUint(m[8], 0, 64)
			facts.Segments = append(facts.Segments, elf.Prog64{Type: segmentTypes[strings.TrimSpace(m[1])], Flags: uint32(flags), Off: hex(m[2]),
				Vaddr: hex(m[3]), Paddr: hex(m[4]), Filesz: hex(m[5]), Memsz: hex(m[6]), Align: align})
		} else if m := readelfNote.FindStringSubmatch(line); m != nil {
			facts.Notes = append(facts.Notes, Note{m[1], hex(m[2])})
		} else if m := readelfEntry.FindStringSubmatch(line); m != nil {
			facts.Entry = hex(m[1])
		}
	}
	return facts
}

func readelfIndex(s string) uint16 {
	switch s {
	case "UND":
		return 0
	case "ABS":
		return uint16(elf.SHN_ABS)
	case "COM":
		return uint16(elf.SHN_COMMON)
	}
	n, _ := strconv.ParseUint(s, 10, 16)
	return uint16(n)
}

// The words of readelf are those of the specification without prefix.
var (
	sectionTypes = map[string]uint32{"VERSYM": uint32(elf.SHT_GNU_VERSYM), "VERNEED": uint32(elf.SHT_GNU_VERNEED), "VERDEF": uint32(elf.SHT_GNU_VERDEF)}
	segmentTypes = map[string]uint32{}
	readelfTypes = map[string]byte{"IFUNC": 10}
	readelfBinds = map[string]byte{"UNIQUE": 10}
	readelfVis   = map[string]byte{"DEFAULT": 0, "INTERNAL": 1, "HIDDEN": 2, "PROTECTED": 3}
)

func init() {
	for t := elf.SHT_NULL; t <= elf.SHT_SYMTAB_SHNDX; t++ {
		sectionTypes[strings.TrimPrefix(t.String(), "SHT_")] = uint32(t)
	}
	for _, t := range []elf.ProgType{elf.PT_NULL, elf.PT_LOAD, elf.PT_DYNAMIC, elf.PT_INTERP, elf.PT_NOTE, elf.PT_SHLIB, elf.PT_PHDR,
		elf.PT_TLS, elf.PT_GNU_EH_FRAME, elf.PT_GNU_STACK, elf.PT_GNU_RELRO, elf.PT_GNU_PROPERTY} {
		segmentTypes[strings.TrimPrefix(t.String(), "PT_")] = uint32(t)
	}
	for t := elf.STT_NOTYPE; t <= elf.STT_TLS; t++ {
		readelfTypes[strings.TrimPrefix(t.String(), "STT_")] = byte(t)
	}
	for b := elf.STB_LOCAL; b <= elf.STB_WEAK; b++ {
		readelfBinds[strings.TrimPrefix(b.String(), "STB_")] = byte(b)
	}
}

// SameAsReadelf compares what readelf shows as a number or as a known word, and names as far as they
// are printable; "<none>" and the like stand for names that it did not look up.
var SameAsReadelf = Same{
	Segment: func(own, other elf.Prog64) bool {
		if other.Type == 0 {
			own.Type = 0
		}
		own.Flags &= uint32(elf.PF_R | elf.PF_W | elf.PF_X)
		return own == other
	},
	Section: func(own, other Section) bool {
		own.Section64.Name, own.Flags = 0, 0
		if other.Type == 0 {
			own.Type = 0
		}
		if !printable(own.Name) || elf.SectionType(own.Type) == elf.SHT_NULL || strings.HasPrefix(other.Name, "<") {
			own.Name = other.Name
		}
		return own == other
	},
	Symbol: func(own, other Symbol) bool {
		if own.Name == "" && elf.ST_TYPE(own.Info) == elf.STT_SECTION || strings.HasPrefix(other.Name, own.Name+"@") || !printable(own.Name) {
			own.Name = other.Name
		}
		if elf.ST_TYPE(own.Info) >= elf.STT_LOOS || elf.ST_BIND(own.Info) >= elf.STB_LOOS || other.Info == 0 {
			own.Info = other.Info
		}
		if x := elf.SectionIndex(own.Shndx); x >= elf.SHN_LORESERVE && x != elf.SHN_ABS && x != elf.SHN_COMMON {
			own.Shndx = other.Shndx
		}
		return own == other
	},
	Note: func(own, other Note) bool {
		return own.Size == other.Size && (!printable(own.Owner) || own.Owner == "" && other.Owner == "(NONE)")
	},
}

// printable reports whether s looks the same in readelf's output.
func printable(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) < 0 && s == strings.TrimSpace(s)
}
