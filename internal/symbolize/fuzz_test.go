package symbolize

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/google/pprof/profile"

	"github.com/go3s/rules_go3s/internal/fuzztest"
	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/pcln"
)

// maxFuzz bounds inputs: functions and calls may each refer to all of them.
const maxFuzz = 1 << 14

// Whatever a side file says, it is refused or explains logs and profiles.
func FuzzReadSymbols(f *testing.F) {
	p := parts()
	f.Add([]byte(sideHeader), uint16(len(p[0])), uint16(len(p[1])), uint16(len(p[2])), uint16(len(p[3])), uint16(len(p[4])),
		bytes.Join(p, nil))
	f.Add([]byte(`{"build_id":"00000000","instruction":4,"functions":1}`), uint16(1), uint16(0), uint16(0), uint16(0), uint16(64), make([]byte, 100))
	good := newSymbolizer(f)
	var log bytes.Buffer
	for _, test := range textTests {
		log.WriteString(good.fill(f, test.log))
	}
	prof := encode(f, good.newProfile(f, "cpu", "", 0x555555554000, place{"main.main", 1}, place{"main.load", 3}))
	f.Fuzz(func(t *testing.T, header []byte, a, b, c, d, e uint16, data []byte) {
		if len(header)+len(data) > maxFuzz {
			return
		}
		var p [][]byte
		for _, n := range []uint16{a, b, c, d, e} {
			n := min(int(n), len(data))
			p, data = append(p, data[:n]), data[n:]
		}
		file := sideFile(string(header), append(p, data))
		fuzztest.Bounded(t, len(file), 1<<16, func() {
			symbols, err := pcln.ReadSymbols("fuzz", file)
			if (symbols == nil) == (err == nil) {
				t.Fatalf("%v and error %v", symbols, err)
			}
			if err != nil {
				return
			}
			s, err := New(symbols, goabi.Refuse)
			if (s == nil) == (err == nil) {
				t.Fatalf("%v and error %v", s, err)
			}
			if err != nil {
				return
			}
			for i, f := range s.funcs[:min(len(s.funcs), 20)] {
				for off := range min(f.End-f.Entry, 100) {
					if list, err := symbols.Frames(i, off); (len(list) == 0) == (err == nil) {
						t.Fatalf("%d frames and error %v", len(list), err)
					}
				}
			}
			if out, _, err := s.Text(log.Bytes()); (out == nil) != (err != nil) {
				t.Fatalf("%d bytes and error %v", len(out), err)
			}
			if out, err := s.Profile(prof); (out == nil) == (err == nil) {
				t.Fatalf("%d bytes and error %v", len(out), err)
			}
		})
	})
}

// Whatever a log says, it is refused or explained; where it says nothing of the
// program, it stays as it is.
func FuzzText(f *testing.F) {
	s := newSymbolizer(f)
	for _, test := range textTests {
		f.Add([]byte(s.fill(f, test.log)))
	}
	f.Fuzz(func(t *testing.T, log []byte) {
		if len(log) > maxFuzz {
			return
		}
		fuzztest.Bounded(t, len(log), 1<<14, func() {
			out, frames, err := s.Text(slices.Clone(log))
			switch {
			case err != nil && out != nil:
				t.Fatalf("%d bytes and error %v", len(out), err)
			case err != nil, bytes.Contains(log, []byte("?:0")), bytes.Contains(log, []byte(buildID[:8])):
			case !bytes.Equal(out, log) || frames != 0:
				t.Fatalf("became %q", out)
			}
		})
	})
}

// Whatever a profile says, it is refused, or gives a profile of the same samples.
func FuzzProfile(f *testing.F) {
	s := newSymbolizer(f)
	for _, kind := range []string{"cpu", "space"} {
		f.Add(encode(f, s.newProfile(f, kind, "", 0x555555554000, place{"runtime.mallocgc", 1}, place{"main.main", 1}, place{"[vdso]", 0x7ffff7fc1000}, place{"main.load", 3})))
	}
	f.Add(encode(f, s.newProfile(f, "cpu", buildID, 0, place{"main.main", 0x21})))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > maxFuzz || bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
			return // compressed, mutants have no valid sum
		}
		fuzztest.Bounded(t, len(data), 1<<14, func() {
			IsProfile(data)
			out, err := s.Profile(data)
			if (out == nil) == (err == nil) {
				t.Fatalf("%d bytes and error %v", len(out), err)
			}
			if err != nil {
				return
			}
			before, err := profile.ParseUncompressed(data)
			if err != nil {
				t.Fatal(err)
			}
			after, err := profile.ParseData(out)
			if err != nil {
				t.Fatal(err)
			}
			if len(before.Sample) != len(after.Sample) {
				t.Fatalf("%d samples, want %d", len(after.Sample), len(before.Sample))
			}
			for i := range before.Sample {
				if !slices.Equal(before.Sample[i].Value, after.Sample[i].Value) {
					t.Fatalf("sample %d: %d, want %d", i, after.Sample[i].Value, before.Sample[i].Value)
				}
			}
		})
	})
}

// A side file that expands takes no more memory than the limit of every reader, whatever it expands to. The parts are patterns,
// repeated.
func FuzzSideFileBomb(f *testing.F) {
	p := parts()
	f.Add(p[0], p[1], p[2], p[3], p[4], p[5], uint32(1), uint32(1), uint32(len(functions)))
	f.Add([]byte{'x'}, []byte{0}, []byte{0}, []byte{2, 1}, make([]byte, 64), []byte{0}, uint32(1<<20), uint32(1), uint32(1)) // one long name
	f.Add([]byte("x\x00"), []byte{}, []byte{}, []byte{2, 1}, make([]byte, 52), []byte{}, uint32(1), uint32(1<<14), uint32(1<<14))
	f.Fuzz(func(t *testing.T, a, b, c, d, e, g []byte, many, funcs, count uint32) {
		const most = 1 << 20
		grow := func(pattern []byte, n uint32) []byte {
			if len(pattern) == 0 {
				return nil
			}
			return bytes.Repeat(pattern, int(min(max(n, 1), uint32(most/len(pattern)+1))))
		}
		if len(a)+len(b)+len(c)+len(d)+len(e)+len(g) > maxFuzz {
			return
		}
		header := fmt.Sprintf(`{"build_id":%q,"instruction":1,"functions":%d}`, buildID, count)
		file := sideFile(header, [][]byte{grow(a, many), b, c, grow(d, many), grow(e, funcs), grow(g, many)})
		fuzztest.Bounded(t, len(file), 256, func() {
			symbols, err := pcln.ReadSymbols("fuzz", file)
			if err != nil {
				return
			}
			s, err := New(symbols, goabi.Refuse)
			if err != nil {
				return
			}
			for i, f := range s.funcs[:min(len(s.funcs), 4)] {
				for _, off := range []uint64{0, 1, (f.End - f.Entry) / 2} {
					symbols.Frames(i, off)
				}
			}
		})
	})
}
