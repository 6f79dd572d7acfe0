package compare

// # Data
//
// Data besides strings have symbols. Their contents are compared with addresses replaced by what
// is there: the name of a function or variable, the text of a string. Data of the
// standard library are left out: they are full of what differs, and belong
// to the release. Names that the compiler numbers (main..stmp_7) lose the number.
//
// Without a symbol table neither these nor strings can be told apart, and both are left out.

import (
	"bytes"
	"crypto/sha256"
	"debug/elf"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/gobin"
)

// A symbol is a named piece of data.
type symbol struct {
	name       string
	addr, size uint64
}

// readData reads strings and data by the symbol table; there are none without it.
func (r *reader) readData() error {
	symbols, err := r.dataSymbols()
	if err != nil || symbols == nil {
		return err
	}
	i := slices.IndexFunc(symbols, func(s symbol) bool { return s.name == "go:string.*" })
	if i < 0 {
		return nil
	}
	r.Symbols = true
	start, end := symbols[i].addr, uint64(0)
	for _, s := range symbols[i+1:] {
		if s.addr > start {
			end = s.addr
			break
		}
	}
	b, err := r.f.Bytes(start, end-start)
	if end <= start || err != nil {
		return fmt.Errorf("%s: symbol go:string.* is at %#x, where the file has no strings", r.f.Name, start)
	}
	d := &dataReader{reader: r, symbols: symbols, strings: gobin.Range{Start: start, End: end}}
	if err := d.readText(b); err != nil {
		return err
	}
	// Constants of instructions follow the strings.
	if s := d.sectionOf(end); s != nil {
		if b, err := r.f.Bytes(end, s.Addr+s.Size-end); err == nil {
			r.constants = append(r.constants, b...)
		}
	}
	d.readVars()
	return d.readSymbols()
}

// dataSymbols returns the symbols outside of code by address, nil for a file
// without symbol table.
func (r *reader) dataSymbols() ([]symbol, error) {
	var out []symbol
	for i := range r.f.Sections {
		if elf.SectionType(r.f.Sections[i].Type) != elf.SHT_SYMTAB {
			continue
		}
		t, err := r.f.SymbolTable(&r.f.Sections[i])
		if err != nil {
			return nil, err
		}
		for j := range t.Len() {
			s, err := t.At(j)
			if err != nil {
				return nil, err
			}
			if x := elf.SectionIndex(s.Shndx); x == elf.SHN_UNDEF || x >= elf.SHN_LORESERVE || s.Str == "" {
				continue
			}
			flags := elf.SectionFlag(r.f.Sections[s.Shndx].Flags)
			if flags&elf.SHF_ALLOC != 0 && flags&(elf.SHF_EXECINSTR|elf.SHF_TLS) == 0 {
				out = append(out, symbol{strings.Clone(s.Str), s.Value, s.Size})
			}
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].addr < out[j].addr })
	return out, nil
}

type dataReader struct {
	*reader
	symbols []symbol
	strings gobin.Range
}

// at returns the symbol that addr is in.
func (d *dataReader) at(addr uint64) (symbol, bool) {
	i := sort.Search(len(d.symbols), func(i int) bool { return d.symbols[i].addr > addr }) - 1
	// Of several at one address the largest counts; marks have no size.
	for ; i >= 0 && addr-d.symbols[i].addr < 1<<32; i-- {
		if s := d.symbols[i]; addr < s.addr+s.size {
			return s, true
		} else if s.size != 0 {
			break
		}
	}
	return symbol{}, false
}

// words yields the aligned words of all data in the file.
func (d *dataReader) words(yield func(addr, word, next uint64)) error {
	for i := range d.f.Sections {
		s := &d.f.Sections[i]
		flags := elf.SectionFlag(s.Flags)
		if flags&elf.SHF_ALLOC == 0 || flags&elf.SHF_EXECINSTR != 0 || s.Str == goabi.PCLnTab {
			continue
		}
		b, err := d.f.SectionData(s)
		if err != nil {
			return err
		}
		for at := -s.Addr & 7; at+8 <= uint64(len(b)); at += 8 {
			next := uint64(0)
			if at+16 <= uint64(len(b)) {
				next = binary.LittleEndian.Uint64(b[at+8:])
			}
			yield(s.Addr+at, binary.LittleEndian.Uint64(b[at:]), next)
		}
	}
	return nil
}

var jumpTable = regexp.MustCompile(`\.jump[0-9]+$`)

// temp ends the unnumbered name of what the compiler copies into variables. Small ones need not be there:
// see immediate.go.
const (
	temp    = "..stmp_"
	maxTemp = 256 // bytes; of longer ones the contents are not looked for in code
)

var compilerNumber = regexp.MustCompile(`(\.\.?(stmp_|gobytes\.|typeAssert\.|interfaceSwitch\.))[0-9]+`)

// unnumbered takes the compiler's number out of the name of data.
func unnumbered(name string) string { return compilerNumber.ReplaceAllString(name, "$1") }

// readSymbols reads the data of packages outside the standard library, and of all packages what the compiler copies
// into variables: of those with the same contents the linker keeps one, by the name that it has in one of the packages.
func (d *dataReader) readSymbols() error {
	for _, s := range d.symbols {
		pkg, name := gobin.PackageOf(s.name), unnumbered(s.name)
		isTemp := strings.HasSuffix(name, temp)
		// Tables of switches hold places in code.
		if pkg == "" || s.size == 0 || jumpTable.MatchString(s.name) || d.std.packages[pkg] && !isTemp || strings.HasPrefix(s.name, "$") {
			continue
		}
		content, neutral := strconv.FormatUint(s.size, 10)+" bytes of zeros", ""
		var numbers *unclear
		if b, err := d.f.Bytes(s.addr, s.size); err == nil {
			pointers := !d.noPointers(s.addr) || strings.HasSuffix(s.name, "..inittask")
			content, numbers = d.content(name, s.addr, b, pointers, "")
			neutral, _ = d.content(name, s.addr, b, pointers, d.GOARCH)
			if isTemp && len(b) <= maxTemp {
				d.temps[neutral] = bytes.Clone(b)
			} else if isTemp {
				d.temps[neutral] = nil
			}
		}
		if d.std.packages[pkg] {
			continue
		}
		d.data[name] = append(d.data[name], datum{content, numbers})
		d.neutral[content] = neutral
	}
	return nil
}

// readVars notes which symbols functions outside of the standard library refer to.
func (d *dataReader) readVars() {
	for _, u := range d.uses {
		name, _, _ := strings.Cut(u.user, usedIn)
		fn := d.funcs[name]
		if fn == nil || d.std.has(fn) {
			continue
		}
		if s, ok := d.at(u.addr); ok && gobin.PackageOf(s.name) != "" && !strings.HasPrefix(s.name, "$") {
			if fn.vars == nil {
				fn.vars = map[string]bool{}
			}
			fn.vars[s.name] = true
		}
	}
}

// content shows the bytes b at addr with addresses, if there can be any, replaced by
// what is there, and in that the name of the architecture, unless it is "", by
// $GOARCH. It also returns the bytes, nil where it is clear what is an address.
func (d *dataReader) content(name string, addr uint64, b []byte, pointers bool, goarch string) (string, *unclear) {
	var out strings.Builder
	var plain []byte // what is no address
	addresses := map[int]string{}
	for at := 0; at < len(b); {
		if pointers && (addr+uint64(at))%8 == 0 && at+8 <= len(b) {
			word, n := binary.LittleEndian.Uint64(b[at:]), uint64(0)
			if at+16 <= len(b) {
				n = binary.LittleEndian.Uint64(b[at+8:])
			}
			if shown := d.target(word, n); shown != "" && d.isAddress(addr+uint64(at)) {
				if fn := d.funcAt(word, true); fn != "" {
					d.pointTo(name, fn)
				}
				addresses[at] = shown
				at += 8
				// The name of the architecture has not the same length everywhere.
				if goarch != "" && strings.Contains(shown, goarch) && strings.HasPrefix(shown, `"`) {
					shown = strings.ReplaceAll(shown, goarch, "$GOARCH")
					at += 8
				}
				out.WriteString(shown + " ")
				continue
			}
		}
		plain = append(plain, b[at])
		at++
	}
	shown := out.String() + strconv.Quote(clip(string(plain)))
	if pointers && !d.relocates() {
		return shown, &unclear{bytes.Clone(b), addresses}
	}
	return shown, nil
}

// datum is data of a symbol: how its contents are shown, and its bytes where it is not clear what in them is an address.
type datum struct {
	content string
	unclear *unclear
}

// unclear are data of a program at a fixed address, in which a number may look like an address.
type unclear struct {
	bytes     []byte
	addresses map[int]string // what is there, by the offset of the word that seems to be its address
}

// same reports whether each word is the same number in both data, or the address of the same.
func (u *unclear) same(o *unclear) bool {
	if u == nil || o == nil || len(u.bytes) != len(o.bytes) {
		return false
	}
	for at := 0; at < len(u.bytes); {
		if shown := u.addresses[at]; shown != "" && shown == o.addresses[at] {
			at += 8
			continue
		}
		if u.bytes[at] != o.bytes[at] {
			return false
		}
		at++
	}
	return true
}

// pointTo notes that data point to a function.
func (d *dataReader) pointTo(name, fn string) {
	if d.pointers[name] == nil {
		d.pointers[name] = map[string]bool{}
	}
	d.pointers[name][fn] = true
}

// isAddress reports whether the word at addr can be an address: in a
// position-independent program those are relocated.
func (d *dataReader) isAddress(addr uint64) bool {
	return !d.relocates() || d.relocated[addr]
}

// relocates reports whether the program is position-independent, so that its relocations say what is an address.
func (d *dataReader) relocates() bool { return elf.Type(d.f.Header.Type) == elf.ET_DYN }

// noPointers reports whether addr is where the linker puts data without addresses.
func (d *dataReader) noPointers(addr uint64) bool {
	return d.mod.NoPtrData.Start <= addr && addr < d.mod.NoPtrData.End
}

// target names what is at addr, "" when that is not part of the program. n is how
// long it is if it is a string.
func (d *dataReader) target(addr, n uint64) string {
	if d.strings.Start <= addr && addr < d.strings.End {
		if n <= d.strings.End-addr {
			if b, err := d.f.Bytes(addr, n); err == nil {
				return strconv.Quote(clip(string(b)))
			}
		}
		return "string"
	}
	if fn := d.funcAt(addr, true); fn != "" {
		return fn
	}
	if s, ok := d.at(addr); ok {
		return "&" + unnumbered(s.name)
	}
	if d.mod.Types.Start <= addr && addr < d.mod.Types.End {
		return "type"
	}
	if d.sectionOf(addr) != nil {
		return "address" // of the end of something, or of what has no name
	}
	return ""
}

// clip shortens what is shown; long text is told apart by its sum.
func clip(s string) string {
	const most = 60
	if len(s) <= most {
		return s
	}
	sum := sha256.Sum256([]byte(s))
	return s[:most] + fmt.Sprintf("… (%d bytes, sha256:%s)", len(s), hex.EncodeToString(sum[:8]))
}
