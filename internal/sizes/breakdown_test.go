package sizes

import (
	"debug/elf"
	"math/rand/v2"
	"slices"
	"testing"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/fuzztest"
	"github.com/go3s/rules_go3s/internal/gobin/gobintest"
)

// checkSums checks that every way to add the parts up gives the size of the file.
func checkSums(t *testing.T, b *Breakdown) {
	t.Helper()
	sum := func(what string, m map[string]uint64) {
		n := uint64(0)
		for _, x := range m {
			n += x
		}
		if n != b.Size {
			t.Errorf("%s: %s add up to %d bytes, want %d", b.Name, what, n, b.Size)
		}
	}
	sum("sections", b.Sections)
	sum("types", b.Types)
	items, packages, modules := map[string]uint64{}, map[string]uint64{}, map[string]uint64{}
	for _, m := range b.Modules {
		modules[m.Name] += m.Bytes
		for _, p := range m.Packages {
			packages[p.Name] += p.Bytes
			for _, i := range p.Items {
				items[p.Name] += i.Bytes
				if i.Bytes == 0 {
					t.Errorf("%s: item %v of package %q has no bytes", b.Name, i, p.Name)
				}
			}
		}
	}
	sum("items", items)
	sum("packages", packages)
	sum("modules", modules)
	if n := b.Tables; len(n) > 0 {
		all := uint64(0)
		for _, x := range n {
			all += x
		}
		if all != b.Types[TypeTables] {
			t.Errorf("%s: the tables have %d bytes by use, %d by type", b.Name, all, b.Types[TypeTables])
		}
	}
}

func TestBreak(t *testing.T) {
	for _, machine := range []elf.Machine{elf.EM_X86_64, elf.EM_AARCH64, elf.EM_RISCV} {
		f := parse(t, gobintest.New(machine).Build().Data)
		b, err := Break("a", f, f)
		if err != nil {
			t.Fatal(err)
		}
		checkSums(t, b)
		i := slices.IndexFunc(b.Modules, func(m Module) bool { return m.Name == "example.com/hello" })
		if i < 0 || b.Modules[i].Packages[0].Name != "main" || b.Modules[i].Packages[0].Items[0].Name != "main" || b.GOARCH != f.GOARCH() {
			t.Errorf("breakdown %+v, want function main of the main module", b)
		}
	}
}

// FuzzBreak: every byte counts once, or there is an error, whatever the headers say.
// breakFactor is the memory in bytes that Break may take for a byte of the file: names, and a claim for each function and section.
const breakFactor = 256

func FuzzBreak(f *testing.F) {
	for _, machine := range []elf.Machine{elf.EM_X86_64, elf.EM_RISCV} {
		f.Add(gobintest.New(machine).Build().Data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := goelf.Parse("fuzz", data)
		if err != nil {
			return
		}
		var b *Breakdown
		fuzztest.Bounded(t, len(data), breakFactor, func() { b, err = Break("fuzz", file, file) })
		if (b == nil) == (err == nil) {
			t.Fatalf("breakdown %v and error %v, want one of them", b, err)
		}
		if b != nil {
			checkSums(t, b)
		}
	})
}

// The claim that begins last has a byte, and every byte has one.
func TestSweep(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		const size = 40
		claims := []claim{{end: size, level: -1}}
		for i := range r.IntN(12) {
			start := r.Uint64N(size + 5)
			claims = append(claims, claim{start, start + 1 + r.Uint64N(15), i % 3, "", Item{}})
		}
		var got []*claim
		sweep(claims, size, func(c *claim, at, n uint64) {
			if at != uint64(len(got)) {
				t.Fatalf("a run at %d, want one at %d", at, len(got))
			}
			for range n {
				got = append(got, c)
			}
		})
		if len(got) != size {
			t.Fatalf("%d bytes of %d have a claim", len(got), size)
		}
		for at, c := range got {
			var want *claim
			for i := range claims { // sorted by now
				if x := &claims[i]; x.start <= uint64(at) && uint64(at) < x.end {
					want = x
				}
			}
			if c != want {
				t.Fatalf("%+v: byte %d has %+v, want %+v", claims, at, c, want)
			}
		}
	}
}

func TestOwner(t *testing.T) {
	for symbol, want := range map[string][3]string{
		"net/http.(*Client).Do":                           {"net/http", "(*Client).Do", ""},
		"type:.eq.net/http.Request":                       {"net/http", "type:.eq.net/http.Request", ""},
		"go:itab.*os.File,io.Reader":                      {"os", "go:itab.*os.File,io.Reader", TypeTypes},
		"type:.eq.[2]interface {}":                        {"", "type:.eq.[2]interface {}", ""},
		"_rt0_amd64":                                      {"", "_rt0_amd64", ""},
		"example.com/a%2eb..stmp_1":                       {"example.com/a.b", ".stmp_1", ""},
		"type:*struct { example.com/x.F func(int) bool }": {"", "type:*struct { example.com/x.F func(int) bool }", TypeTypes},
	} {
		pkg, name, typ := owner(symbol)
		if got := [3]string{pkg, name, typ}; got != want {
			t.Errorf("%s: %q, want %q", symbol, got, want)
		}
	}
}

func TestModules(t *testing.T) {
	m := &modules{main: "example.com/m", versions: map[string]string{"example.com/m": "v1", "example.com/m/sub": "v2", "example.com/m2": "v3"}}
	for pkg, want := range map[string][2]string{
		"main":                   {"example.com/m", "v1"},
		"example.com/m/x":        {"example.com/m", "v1"},
		"example.com/m/sub/x":    {"example.com/m/sub", "v2"},
		"example.com/m2":         {"example.com/m2", "v3"},
		"example.com/m3":         {"", ""},
		"net/http":               {Standard, ""},
		"vendor/golang.org/x/tt": {Standard, ""},
		"":                       {"", ""},
	} {
		path, version := m.of(pkg)
		if got := [2]string{path, version}; got != want {
			t.Errorf("%s: module %q, want %q", pkg, got, want)
		}
	}
}
