package pcln

import (
	"bufio"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/gobin"
)

// # Side file
//
// The file that explains a program of the tier External begins with the line
// "go3s symbols 1" and a line of JSON, symbolsHeader. The rest is compressed
// (RFC 1951): six parts of the tables of the input, each after its length as
// uvarint: funcnametab, cutab, filetab, pctab, functab and go:func.*. They are
// those of the tier Full, without what the program itself still has: tables of
// stack depths, stack maps, unsafe points and so on.

const symbolsMagic = "go3s symbols 1\n"

// symbolsHeader is the second line of a side file.
type symbolsHeader struct {
	BuildID     string `json:"build_id"` // GNU build ID of the program, in hexadecimal
	GoVersion   string `json:"go_version"`
	GOARCH      string `json:"goarch"`
	PIE         bool   `json:"pie"`
	Text        uint64 `json:"text"`        // address of the text; relative to the load address in a PIE
	Instruction uint64 `json:"instruction"` // size of the smallest instruction in bytes
	Functions   int    `json:"functions"`
}

// sideFile is the tier of the tables in a side file.
const sideFile = External + 1

// TagLength is the length of a tag in characters.
const TagLength = 8

// Symbols is what the tier External takes out of a program.
type Symbols struct {
	header symbolsHeader
	table  *Table
}

// BuildID returns the GNU build ID of the program, in hexadecimal.
func (s *Symbols) BuildID() string { return s.header.BuildID }

// Tag returns the start of the build ID, which is in the names of the program's
// functions.
func (s *Symbols) Tag() string { return s.header.BuildID[:TagLength] }

// newSymbols returns what there is to know of the program that t is of.
func newSymbols(t *Table) (*Symbols, error) {
	id, err := t.buildID()
	if err != nil {
		return nil, err
	}
	info, err := gobin.ReadBuildInfo(t.f)
	if err != nil {
		return nil, err
	}
	const typeDyn = 3 // ET_DYN
	return &Symbols{symbolsHeader{
		BuildID: hex.EncodeToString(id), GoVersion: info.GoVersion, GOARCH: t.f.GOARCH(), PIE: t.f.Header.Type == typeDyn,
		Text: t.textAddr, Instruction: t.quantum, Functions: t.count,
	}, t}, nil
}

// GoVersion returns the Go release that made the program.
func (s *Symbols) GoVersion() string { return s.header.GoVersion }

// parts returns the parts of the tables in the order of the side file.
func (t *Table) parts() []*[]byte {
	return []*[]byte{&t.names, &t.cutab, &t.files, &t.pctab, &t.funcs, &t.gofunc}
}

// Encode returns the side file.
func (s *Symbols) Encode() ([]byte, error) {
	c, err := compact(s.table, sideFile, "")
	if err != nil {
		return nil, err
	}
	c.finish()
	header, err := json.Marshal(s.header)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.WriteString(symbolsMagic)
	b.Write(append(header, '\n'))
	z, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		return nil, err
	}
	for _, part := range c.out.parts() {
		z.Write(binary.AppendUvarint(nil, uint64(len(*part))))
		z.Write(*part)
	}
	err = z.Close()
	return b.Bytes(), err
}

// Bounds of a side file: how many bytes its parts have for each compressed one (those that Encode writes have 2.5), and what is
// always allowed.
const (
	maxExpansion = 6
	minExpansion = 64 << 10
)

// ReadSymbols reads a side file; name is for messages. It takes memory in proportion to data.
func ReadSymbols(name string, data []byte) (*Symbols, error) {
	fail := func(format string, args ...any) (*Symbols, error) {
		return nil, fmt.Errorf("%s: %s", name, fmt.Sprintf(format, args...))
	}
	rest, ok := bytes.CutPrefix(data, []byte(symbolsMagic))
	if !ok {
		return fail("begins with %q, want %q: it is no side file that elfstrip --symbols-file wrote", data[:min(len(data), len(symbolsMagic))], symbolsMagic)
	}
	line, rest, ok := bytes.Cut(rest, []byte{'\n'})
	if !ok {
		return fail("is cut off in its header")
	}
	s := &Symbols{table: &Table{f: &goelf.File{Name: name}}}
	if err := json.Unmarshal(line, &s.header); err != nil {
		return fail("header: %v", err)
	}
	if _, err := hex.DecodeString(s.header.BuildID); err != nil || len(s.header.BuildID) < TagLength {
		return fail("build_id is %q, want at least %d hexadecimal digits", s.header.BuildID, TagLength)
	}
	t := s.table
	t.quantum, t.textAddr, t.count = s.header.Instruction, s.header.Text, s.header.Functions
	// Twice: what is damaged, or expands to too much, is found out without memory for it.
	for _, take := range []func(z io.Reader, part *[]byte, n uint64) error{skipPart, readPart} {
		left := uint64(len(rest))*maxExpansion + minExpansion
		z := bufio.NewReader(flate.NewReader(bytes.NewReader(rest)))
		for i, part := range t.parts() {
			n, err := binary.ReadUvarint(z)
			if err == nil && n > left {
				return fail("part %d has %d bytes, more than %d bytes compress to: the file is damaged, or not from elfstrip", i, n, len(rest))
			}
			if err == nil {
				left -= n
				err = take(z, part, n)
			}
			if err != nil {
				return fail("part %d: %v", i, err)
			}
			// Each function has a record of its own.
			known := t.quantum == 1 || t.quantum == 2 || t.quantum == 4
			if part == &t.funcs && (!known || t.count < 1 || t.count > (int(n)-4)/(goabi.FuncTabEntry+goabi.FuncSize)) {
				return fail("instruction size %d, %d functions in %d bytes", t.quantum, t.count, n)
			}
		}
	}
	t.hold()
	return s, nil
}

func skipPart(z io.Reader, _ *[]byte, n uint64) error {
	_, err := io.CopyN(io.Discard, z, int64(n))
	return err
}

func readPart(z io.Reader, part *[]byte, n uint64) error {
	*part = make([]byte, n)
	_, err := io.ReadFull(z, *part)
	return err
}

const gnuBuildID = 3 // NT_GNU_BUILD_ID

// buildID returns the GNU build ID of the program that t is of.
func (t *Table) buildID() ([]byte, error) {
	notes, err := t.f.Notes()
	if err != nil {
		return nil, err
	}
	for _, n := range notes {
		if n.Name == "GNU" && n.Type == gnuBuildID && len(n.Desc) >= TagLength/2 {
			return n.Desc, nil
		}
	}
	// The segment of notes that cmd/link makes leaves this one out.
	if s := t.f.Section(".note.gnu.build-id"); s != nil {
		const header = 16
		b, err := t.f.SectionData(s)
		if err != nil {
			return nil, err
		}
		if len(b) >= header+TagLength/2 && string(b[:header]) == noteHeader(len(b)-header) {
			return b[header:], nil
		}
	}
	return nil, fmt.Errorf("%s: has no GNU build ID of at least %d bytes, by which a traceback finds its symbols. Link with one (golink: --build-id-note; go build: -ldflags=-B=gobuildid)", t.f.Name, TagLength/2)
}

// noteHeader returns the start of a GNU build ID note with n bytes of it.
func noteHeader(n int) string {
	return string(append(le.AppendUint32(le.AppendUint32(le.AppendUint32(nil, 4), uint32(n)), gnuBuildID), "GNU\x00"...))
}
