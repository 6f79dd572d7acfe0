package compare

// # Strings and data
//
// The linker puts all string constants next to each other, without separators, under
// the symbol go:string.* (cmd/link/internal/ld/symtab.go). A string begins where
// something refers to. Code may also refer to the inside of a string, and does so at other
// places on other architectures. So a piece between two such places is the same in
// two programs when it, or a row of pieces that it is part of, is a row of pieces
// in the other one.
//
// Other data have symbols. Their contents are compared with addresses replaced by what
// is there: the name of a function or variable, the text of a string. Data of the
// standard library are left out: they are full of what differs, and belong
// to the release. Names that the compiler numbers (main..stmp_7) lose the number.
//
// Without a symbol table neither can be told apart, and both are left out.

import (
	"bytes"
	"crypto/sha256"
	"debug/elf"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"iter"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/go3s/rules_go3s/internal/gobin"
)

// A text is the string constants of a program, in one piece.
type text struct {
	bytes  []byte
	starts []int // of the pieces, ascending; the end of bytes last
	users  []map[string]bool
	index  map[string]bool // the pieces

	lengths map[int]bool            // of the pieces
	begin   map[[context]byte][]int // starts, by the bytes there
}

// newText returns the text of the pieces of b that begin at starts, which ascend.
func newText(b []byte, starts []int, users []map[string]bool) *text {
	t := &text{bytes: b, starts: append(starts, len(b)), users: users,
		index: map[string]bool{}, lengths: map[int]bool{}, begin: map[[context]byte][]int{}}
	for i, at := range starts {
		piece := t.piece(i)
		t.index[piece], t.lengths[len(piece)] = true, true
		if len(b)-at >= context {
			key := [context]byte(b[at:])
			t.begin[key] = append(t.begin[key], at)
		}
	}
	return t
}

// piece returns piece i.
func (t *text) piece(i int) string { return string(t.bytes[t.starts[i]:t.starts[i+1]]) }

const (
	maxRow  = 6 // pieces that a string may be cut into
	context = 8 // bytes behind a piece
)

// has reports whether piece i of u is in t as well.
func (t *text) has(u *text, i int) bool {
	piece := u.bytes[u.starts[i]:u.starts[i+1]]
	if t.index[string(piece)] {
		return true
	}
	for cut := range piece {
		if t.lengths[cut] && t.index[string(piece[:cut])] && t.hasStart(u.bytes[u.starts[i]+cut:min(u.starts[i+1]+context, len(u.bytes))]) {
			return true
		}
	}
	// Where nothing refers to the start of a string, but to its inside, the piece
	// before it goes on into it. Then what follows is the same.
	behind := u.bytes[u.starts[i+1]:min(u.starts[i+1]+context, len(u.bytes))]
	for at := range t.startsOf(piece) {
		if bytes.HasPrefix(t.bytes[at+len(piece):], behind) {
			return true
		}
		// Another string may follow, that u has elsewhere.
		k, _ := slices.BinarySearch(t.starts, at)
		if end := t.starts[k+1]; end > at+len(piece) && u.hasStart(t.bytes[at+len(piece):min(end+context, len(t.bytes))]) {
			return true
		}
	}
	for first := i; first >= 0 && first > i-maxRow; first-- {
		for last := i; last < len(u.starts)-1 && last < first+maxRow; last++ {
			if t.hasRow(u.bytes[u.starts[first]:u.starts[last+1]]) {
				return true
			}
		}
	}
	return false
}

// startsOf yields the places where a piece, and what follows it, begins with prefix. There are many pieces, so
// that all but short prefixes are looked up by their first bytes.
func (t *text) startsOf(prefix []byte) iter.Seq[int] {
	starts := t.starts[:len(t.starts)-1]
	if len(prefix) >= context {
		starts = t.begin[[context]byte(prefix)]
	}
	return func(yield func(int) bool) {
		for _, at := range starts {
			if bytes.HasPrefix(t.bytes[at:], prefix) && !yield(at) {
				return
			}
		}
	}
}

// hasStart reports whether a piece, and what follows it, begins with start.
func (t *text) hasStart(start []byte) bool {
	for range t.startsOf(start) {
		return true
	}
	return false
}

// hasRow reports whether row begins and ends at a place where a piece does.
func (t *text) hasRow(row []byte) bool {
	for at := range t.startsOf(row) {
		if _, ok := slices.BinarySearch(t.starts, at+len(row)); ok {
			return true
		}
	}
	return false
}

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
	// Constants of instructions lie behind the strings.
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
		if flags&elf.SHF_ALLOC == 0 || flags&elf.SHF_EXECINSTR != 0 || s.Str == ".gopclntab" {
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

// readText cuts the strings b where something refers to.
func (d *dataReader) readText(b []byte) error {
	users := map[uint64]map[string]bool{d.strings.Start: {}}
	note := func(addr uint64, user string) {
		if d.strings.Start <= addr && addr < d.strings.End {
			if users[addr] == nil {
				users[addr] = map[string]bool{}
			}
			users[addr][user] = true
		}
	}
	for _, u := range d.uses {
		note(u.addr, u.user)
	}
	err := d.words(func(addr, word, next uint64) {
		if d.strings.Start <= word && word < d.strings.End && d.isAddress(addr) {
			// The length follows the address: another string begins there.
			if end := word + next; next <= d.strings.End-word && end < d.strings.End && users[end] == nil {
				users[end] = map[string]bool{}
			}
			if s, ok := d.at(addr); ok {
				note(word, "data "+unnumbered(s.name))
			} else {
				note(word, "data")
			}
		}
	})
	if err != nil {
		return err
	}
	b = bytes.TrimRight(b, "\x00") // padding up to what is aligned behind the strings
	var starts []int
	for addr := range users {
		if start := int(addr - d.strings.Start); start < len(b) || start == 0 {
			starts = append(starts, start)
		}
	}
	slices.Sort(starts)
	var at []map[string]bool
	for _, start := range starts {
		at = append(at, users[d.strings.Start+uint64(start)])
	}
	d.text = newText(bytes.Clone(b), starts, at)
	return nil
}

var jumpTable = regexp.MustCompile(`\.jump[0-9]+$`)

// temp ends the unnumbered name of what the compiler copies into variables. Small ones need not be there:
// see immediate.go.
const (
	temp    = "..stmp_"
	maxTemp = 256 // bytes
)

var compilerNumber = regexp.MustCompile(`(\.\.?(stmp_|gobytes\.|typeAssert\.|interfaceSwitch\.))[0-9]+`)

// unnumbered takes the compiler's number out of the name of data.
func unnumbered(name string) string { return compilerNumber.ReplaceAllString(name, "$1") }

// readSymbols reads the data of packages outside the standard library.
func (d *dataReader) readSymbols() error {
	for _, s := range d.symbols {
		pkg := packageOf(s.name)
		// Tables of switches hold places in code.
		if pkg == "" || s.size == 0 || jumpTable.MatchString(s.name) || std().packages[pkg] || strings.HasPrefix(s.name, "$") {
			continue
		}
		content, neutral := strconv.FormatUint(s.size, 10)+" bytes of zeros", ""
		if b, err := d.f.Bytes(s.addr, s.size); err == nil {
			pointers := !d.noPointers(s.addr) || strings.HasSuffix(s.name, "..inittask")
			content, neutral = d.content(unnumbered(s.name), s.addr, b, pointers, ""), d.content(unnumbered(s.name), s.addr, b, pointers, d.GOARCH)
		}
		name := unnumbered(s.name)
		d.data[name] = append(d.data[name], content)
		if b, err := d.f.Bytes(s.addr, min(s.size, maxTemp)); err == nil && strings.HasSuffix(name, temp) && s.size <= maxTemp {
			d.temps[content] = bytes.Clone(b)
		}
		d.neutral[content] = neutral
	}
	return nil
}

// readVars notes which symbols functions outside of the standard library refer to.
func (d *dataReader) readVars() {
	for _, u := range d.uses {
		name, _, _ := strings.Cut(u.user, usedIn)
		fn := d.funcs[name]
		if fn == nil || std().has(fn) {
			continue
		}
		if s, ok := d.at(u.addr); ok && packageOf(s.name) != "" && !strings.HasPrefix(s.name, "$") {
			if fn.vars == nil {
				fn.vars = map[string]bool{}
			}
			fn.vars[s.name] = true
		}
	}
}

// content shows the bytes b at addr with addresses, if there can be any, replaced by
// what is there, and in that the name of the architecture, unless it is "", by
// $GOARCH.
func (d *dataReader) content(name string, addr uint64, b []byte, pointers bool, goarch string) string {
	var out strings.Builder
	var plain []byte // what is no address
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
	return out.String() + strconv.Quote(clip(string(plain)))
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
	return elf.Type(d.f.Header.Type) != elf.ET_DYN || d.relocated[addr]
}

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
