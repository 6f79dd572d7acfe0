package symbolize

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/google/pprof/profile"

	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/pcln"
)

// IsProfile reports whether data is a profile rather than text: profile.proto,
// compressed or not.
func IsProfile(data []byte) bool {
	if isCompressed(data) {
		return true
	}
	if _, err := check(data); err != nil || len(data) == 0 {
		return false
	}
	_, err := profile.ParseUncompressed(data)
	return err == nil
}

// maxProfile bounds the size of a profile in bytes, uncompressed. Those that the runtime
// writes have a few megabytes.
const maxProfile = 1 << 26

// Bounds of what a profile may take in memory, as check estimates it: what is always allowed, and how many bytes for each byte of
// the file. Those of the runtime take about 15 for each byte uncompressed, and 60 for each compressed one.
const (
	minMemory    = 32 << 20
	maxExpansion = 128
)

// check refuses profiles that would take much memory for their size: that are large, uncompressed, or of which most messages are
// empty, which profile.ParseUncompressed makes structures of. It leaves what is no profile to that function. The size is that
// of the profile, uncompressed.
func check(data []byte) (size int64, err error) {
	r, err := contents(data)
	if err != nil {
		return 0, err
	}
	const message, field = 120, 8 // bytes for a message, and for each byte in it
	const lengthDelimited = 2     // wire type (Protocol Buffers, "Encoding")
	counted := &counter{r: r}
	in := bufio.NewReader(counted)
	limit := int64(minMemory + len(data)*maxExpansion)
	for memory := int64(0); ; {
		key, err := binary.ReadUvarint(in)
		if err == io.EOF {
			return counted.n, nil
		}
		var n uint64
		if err == nil {
			n, err = binary.ReadUvarint(in) // length or value
		}
		memory += message
		if err == nil && key&7 == lengthDelimited && n <= maxProfile {
			memory += int64(n) * field
			_, err = io.CopyN(io.Discard, in, int64(n))
		}
		if memory > limit || counted.n > maxProfile {
			return 0, fmt.Errorf("takes more than %d bytes, uncompressed, or %d of memory, the most for a profile of %d bytes", maxProfile, limit, len(data))
		}
		if err != nil {
			_, err := io.Copy(io.Discard, io.LimitReader(in, maxProfile+1)) // no profile, or it is cut off
			return counted.n, err
		}
	}
}

// A counter counts what is read.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// contents returns a profile without the compression that it may have.
func contents(data []byte) (io.Reader, error) {
	if !isCompressed(data) {
		return bytes.NewReader(data), nil
	}
	return gzip.NewReader(bytes.NewReader(data))
}

// uncompressed returns a profile without the compression that it may have.
func uncompressed(data []byte) ([]byte, error) {
	size, err := check(data)
	if err == nil && size > maxProfile {
		err = fmt.Errorf("is larger than %d bytes, uncompressed", maxProfile)
	}
	if err != nil || !isCompressed(data) {
		return data, err
	}
	r, err := contents(data)
	if err != nil {
		return nil, err
	}
	out := make([]byte, size)
	_, err = io.ReadFull(r, out)
	return out, err
}

func isCompressed(data []byte) bool { return bytes.HasPrefix(data, []byte{0x1f, 0x8b}) }

// Profile returns the profile with functions, files and lines as the program would
// have written it, compressed as pprof wants it.
func (s *Symbolizer) Profile(data []byte) ([]byte, error) {
	data, err := uncompressed(data)
	if err != nil {
		return nil, err
	}
	p, err := profile.ParseUncompressed(data)
	if err != nil {
		return nil, err
	}
	if err := p.CheckValid(); err != nil {
		return nil, err
	}
	for _, m := range p.Mapping {
		if m.BuildID != "" && strings.Trim(m.BuildID, "0123456789abcdef") == "" && m == p.Mapping[0] && m.BuildID != s.symbols.BuildID() {
			return nil, &OtherBuildError{m.BuildID, s.symbols.BuildID()}
		}
	}
	base, err := s.loadBase(p)
	if err != nil {
		return nil, err
	}
	functions := map[profile.Function]*profile.Function{}
	p.Function = nil
	for _, l := range p.Location {
		f, ok := pcln.FindOffset(s.funcs, l.Address-base-s.symbols.Text())
		if !ok {
			for i := range l.Line { // not of the program
				if l.Line[i].Function != nil {
					p.Function = append(p.Function, l.Line[i].Function)
					l.Line[i].Function.ID = uint64(len(p.Function))
				}
			}
			continue
		}
		frames, err := s.symbols.Frames(f.Index, l.Address-base-s.symbols.Text()-f.Entry)
		if err != nil {
			return nil, err
		}
		l.Line = nil
		for _, c := range frames {
			key := profile.Function{Name: s.printed(c.Func), SystemName: c.Func, Filename: c.File, StartLine: int64(c.StartLine)}
			fn := functions[key]
			if fn == nil {
				fn = &key
				functions[key] = fn
				p.Function = append(p.Function, fn)
				fn.ID = uint64(len(p.Function))
			}
			l.Line = append(l.Line, profile.Line{Function: fn, Line: int64(c.Line)})
		}
	}
	for _, m := range p.Mapping {
		m.HasFunctions, m.HasFilenames, m.HasLineNumbers, m.HasInlineFrames = true, true, true, true
	}
	if t := p.PeriodType; t != nil && t.Type == "space" {
		hideRuntime(p)
	}
	if err := p.CheckValid(); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := p.Write(&b); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// hideRuntime leaves out of the samples of a heap profile the functions of the
// runtime that were called last, as writing it would have (runtime/pprof/protomem.go,
// writeHeapProto), had it known the names.
func hideRuntime(p *profile.Profile) {
	ofRuntime := func(l *profile.Location) bool {
		if len(l.Line) == 0 || l.Line[0].Function == nil {
			return false
		}
		return goabi.IsRuntime(l.Line[0].Function.Name)
	}
	locations, functions := map[*profile.Location]bool{}, map[*profile.Function]bool{}
	for _, s := range p.Sample {
		if i := slices.IndexFunc(s.Location, func(l *profile.Location) bool { return !ofRuntime(l) }); i > 0 {
			s.Location = s.Location[i:]
		}
		for _, l := range s.Location {
			locations[l] = true
			for _, line := range l.Line {
				functions[line.Function] = true
			}
		}
	}
	p.Location = slices.DeleteFunc(p.Location, func(l *profile.Location) bool { return !locations[l] })
	p.Function = slices.DeleteFunc(p.Function, func(f *profile.Function) bool { return !functions[f] })
}

// maxCandidates bounds the load addresses that are tried.
const maxCandidates = 1 << 12

// loadBase returns where the program was loaded, 0 for one at a fixed address.
// The names that the runtime has put into the profile tell: of the places that
// bring the first location into the function it names, all other locations leave
// one.
func (s *Symbolizer) loadBase(p *profile.Profile) (uint64, error) {
	type named struct {
		address    uint64
		start, end uint64
	}
	var locations []named
	for _, l := range p.Location {
		if len(l.Line) == 0 || l.Line[0].Function == nil {
			continue
		}
		f, err := s.find(l.Line[0].Function.Name)
		if err != nil {
			return 0, err
		}
		if f != nil && f.Alias != f.Name {
			locations = append(locations, named{l.Address, s.symbols.Text() + f.Entry, s.symbols.Text() + f.End})
		}
	}
	if len(locations) == 0 {
		return 0, errors.New("names no function that the side file explains: is it of a program made with --traceback=external?")
	}
	fits := func(base uint64) bool {
		for _, l := range locations {
			if at := l.address - base; at < l.start || at >= l.end {
				return false
			}
		}
		return true
	}
	if fits(0) {
		return 0, nil
	}
	const page = 4096
	first := locations[0]
	base := (first.address - first.start) &^ (page - 1)
	var found []uint64
	for n := 0; n < maxCandidates && first.address-base < first.end; n++ {
		if fits(base) {
			found = append(found, base)
		}
		base -= page
	}
	if len(found) != 1 {
		return 0, fmt.Errorf("%d load addresses fit its %d locations, want one: it is of another build than the side file, or names too few functions", len(found), len(locations))
	}
	return found[0], nil
}
