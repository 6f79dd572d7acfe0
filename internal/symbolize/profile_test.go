package symbolize

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/pprof/profile"

	"github.com/go3s/rules_go3s/internal/fuzztest"
)

// A place is byte off of the function of that name; of none, it is the address off.
type place struct {
	name string
	off  uint64
}

// newProfile returns a profile as the program writes it when it is loaded at base:
// one sample of the places, the innermost first.
func (s *Symbolizer) newProfile(t testing.TB, kind, buildID string, base uint64, places ...place) *profile.Profile {
	p := &profile.Profile{
		SampleType: []*profile.ValueType{{Type: kind, Unit: "count"}},
		PeriodType: &profile.ValueType{Type: kind, Unit: "count"},
		Mapping:    []*profile.Mapping{{ID: 1, Start: base, Limit: base + 0x10000, File: "/program", BuildID: buildID}},
	}
	sample := &profile.Sample{Value: []int64{7}}
	for i, at := range places {
		name, address := at.name, at.off
		for n, f := range functions {
			if f.name == at.name {
				name, address = s.alias(t, at.name), base+textAddr+uint64(n*funcSize)+at.off
			}
		}
		f := &profile.Function{ID: uint64(i + 1), Name: name, SystemName: name, Filename: "?"}
		l := &profile.Location{ID: uint64(i + 1), Mapping: p.Mapping[0], Address: address, Line: []profile.Line{{Function: f}}}
		p.Function, p.Location, sample.Location = append(p.Function, f), append(p.Location, l), append(sample.Location, l)
	}
	p.Sample = []*profile.Sample{sample}
	return p
}

func encode(t testing.TB, p *profile.Profile) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := p.WriteUncompressed(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestProfile(t *testing.T) {
	s := newSymbolizer(t)
	const small, rest = "main.small main.main.go:20, main.main main.main.go:10", "main.main main.main.go:10"
	for _, test := range []struct {
		kind   string
		base   uint64
		places []place
		want   []string
	}{
		{"cpu", 0, []place{{"main.load", 0x3f}, {"main.main", 0x20}}, []string{"main.load main.load.go:20", small}},
		{"cpu", 0x7f0000000000, []place{{"main.load", 0}, {"main.main", 0x1f}}, []string{"main.load main.load.go:10", rest}},
		{"cpu", 0x7f0000000000, []place{{"runtime.mallocgc", 1}, {"main.main", 0x21}}, []string{"runtime.mallocgc runtime.mallocgc.go:10", small}},
		{"cpu", 0x555555554000, []place{{"main.generic[go.shape.int]", 1}, {"[vdso]", 0x7ffff7fc1000}, {"main.main", 1}}, []string{"main.generic[...] main.generic[go.shape.int].go:10", "[vdso] ?:0", rest}},
		// The runtime leaves its own functions out of heap profiles, where they come first.
		{"space", 0x555555554000, []place{{"runtime.mallocgc", 1}, {"internal/runtime/maps.grow", 1}, {"main.main", 1}, {"runtime.gopanic", 3}}, []string{rest, "panic runtime.gopanic.go:10"}},
		{"space", 0x555555554000, []place{{"internal/runtime/maps.grow", 1}, {"runtime.mallocgc", 1}}, []string{"internal/runtime/maps.grow internal/runtime/maps.grow.go:10", "runtime.mallocgc runtime.mallocgc.go:10"}},
	} {
		out, err := s.Profile(encode(t, s.newProfile(t, test.kind, "", test.base, test.places...)))
		if err != nil {
			t.Errorf("%v: %v", test, err)
			continue
		}
		p, err := profile.ParseData(out)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, l := range p.Sample[0].Location {
			var lines []string
			for _, line := range l.Line {
				lines = append(lines, fmt.Sprintf("%s %s:%d", line.Function.Name, line.Function.Filename, line.Line))
			}
			got = append(got, strings.Join(lines, ", "))
		}
		if strings.Join(got, "\n") != strings.Join(test.want, "\n") || len(p.Location) != len(test.want) || p.Sample[0].Value[0] != 7 {
			t.Errorf("%v: %q", test, got)
		}
	}
}

func TestProfileRefused(t *testing.T) {
	s := newSymbolizer(t)
	main := place{"main.main", 1}
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	for range maxProfile/(1<<20) + 1 {
		z.Write(make([]byte, 1<<20))
	}
	z.Close()
	for _, test := range []struct {
		data []byte
		want string
	}{
		{encode(t, s.newProfile(t, "cpu", "76543210", 0, main)), "is of the build with ID 76543210"},
		{encode(t, s.newProfile(t, "cpu", "", 0, place{strings.Replace(s.alias(t, "main.main"), buildID[:8], "76543210", 1), 1})), "is of the build with ID 76543210"},
		{encode(t, s.newProfile(t, "cpu", "", 0, place{"main.main", 0x10_0000_0000}, place{"main.load", 5})), "0 load addresses fit"},
		{encode(t, s.newProfile(t, "cpu", "", 0, place{"other", 5})), "names no function"},
		{[]byte{0x1f, 0x8b, 1}, "EOF"},
		{bomb.Bytes(), "uncompressed"},
	} {
		out, err := s.Profile(test.data)
		var other *OtherBuildError
		if err == nil || !strings.Contains(err.Error(), test.want) || out != nil || errors.As(err, &other) != strings.Contains(test.want, "76543210") {
			t.Errorf("error %v, want %q", err, test.want)
		}
	}
}

// A profile of empty messages would take a thousand times its size.
func TestProfileBomb(t *testing.T) {
	s := newSymbolizer(t)
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(bytes.Repeat([]byte{0x12, 0}, 30<<20))
	z.Close()
	fuzztest.Bounded(t, b.Len(), 1<<20, func() {
		if _, err := s.Profile(b.Bytes()); err == nil || !strings.Contains(err.Error(), "of memory, the most for a profile of") {
			t.Errorf("error %v", err)
		}
	})
}
