package sizes

import (
	"debug/elf"
	"reflect"
	"slices"
	"strings"
	"testing"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/elf/elftest"
	"github.com/go3s/rules_go3s/internal/gobin/gobintest"
)

func parse(t *testing.T, data []byte) *goelf.File {
	t.Helper()
	f, err := goelf.Parse("test", data)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestOf(t *testing.T) {
	data := gobintest.New(elf.EM_X86_64).Build().Data
	f := parse(t, data)
	s := of(t, f, f)
	// The last function of each 16 bytes reaches to the next one.
	if want := map[string]uint64{"(assembly)": 16, "internal/runtime/syscall/linux": 16, "main": 1}; !reflect.DeepEqual(s.Packages, want) {
		t.Errorf("packages %v, want %v", s.Packages, want)
	}
	if s.File != uint64(len(data)) || s.Sections[".text"] != 33 || s.Sections[".bss"] != 0 || s.Sections[""] != 0 {
		t.Errorf("sizes %+v of a file of %d bytes", s, len(data))
	}
	sum := uint64(0)
	for _, n := range s.Sections {
		sum += n
	}
	if sum != s.File {
		t.Errorf("the parts add up to %d bytes, want %d", sum, s.File)
	}
	spec := elftest.Executable(elf.EM_AARCH64)
	spec.Sections = slices.DeleteFunc(spec.Sections, func(s elftest.Section) bool { return s.Name == ".gopclntab" })
	spec.Symbols = slices.DeleteFunc(spec.Symbols, func(s elftest.Symbol) bool { return s.Section == ".gopclntab" })
	asm := parse(t, spec.Build().Data)
	if s := of(t, asm, asm); len(s.Packages) != 0 || s.Sections[".text"] != 12 {
		t.Errorf("sizes %+v of a file that is not Go's", s)
	}
	if s := of(t, asm, f); len(s.Packages) != 3 || s.Sections[".text"] != 12 {
		t.Errorf("sizes %+v, want packages of the file with names", s)
	}
}

func of(t *testing.T, f, named *goelf.File) Sizes {
	t.Helper()
	s, err := Of(f, named, FunctionsOfModule)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestUnmeasured: what cannot be measured is an error, and no size of 0.
func TestUnmeasured(t *testing.T) {
	m := gobintest.New(elf.EM_X86_64).Build()
	clear(m.Data[m.Off(".gopclntab"):][:m.Size(".gopclntab")])
	f := parse(t, m.Data)
	if s, err := Of(f, f, FunctionsOfModule); err == nil {
		t.Errorf("sizes %+v of a file with a damaged function table", s)
	}
	m = gobintest.New(elf.EM_X86_64).Build()
	m.Put64(m.Shdr(".data")+24, 0) // sh_offset and sh_size
	m.Put64(m.Shdr(".data")+32, uint64(len(m.Data)))
	f = parse(t, m.Data)
	if s, err := Of(f, f, FunctionsOfModule); err == nil {
		t.Errorf("sizes %+v of a file in which sections share bytes", s)
	}
}

func TestPackageOf(t *testing.T) {
	for name, want := range map[string]string{
		"main.main":                                  "main",
		"net/http.(*Server).Serve":                   "net/http",
		"example.com/a%2eb.F":                        "example.com/a.b",
		"example.com/a.v2/b.F.func1.2":               "example.com/a.v2/b",
		"slices.SortFunc[go.shape.struct { x/y.Z }]": "slices",
		"type:.eq.net/http.Request":                  "type:",
		"go:buildid":                                 "go:",
		"_rt0_amd64_linux":                           "(assembly)",
		"":                                           "(no name)",
	} {
		if got := PackageOf(name); got != want {
			t.Errorf("package of %q is %q, want %q", name, got, want)
		}
	}
}

func TestCompare(t *testing.T) {
	budget := Sizes{100, map[string]uint64{".text": 50, ".data": 20}, map[string]uint64{"a": 10, "b": 10, "gone": 5}, nil}
	found := Sizes{120, map[string]uint64{".text": 40, ".data": 40}, map[string]uint64{"a": 10, "b": 11, "new": 7},
		map[string]map[string]uint64{"new": {"F": 7}}}
	want := []Change{{"file", "", 100, 120}, {"section", ".data", 20, 40}, {"section", ".text", 50, 40},
		{"package", "new", 0, 7}, {"package", "b", 10, 11}, {"package", "gone", 5, 0}}
	if got := Compare(budget, found); !slices.Equal(got, want) {
		t.Errorf("changes %v, want %v", got, want)
	}
	if got, known := Functions(budget, found, "new"); !known || !slices.Equal(got, []Change{{"function", "F", 0, 7}}) {
		t.Errorf("functions of a new package: %v, known %v", got, known)
	}
	if got, known := Functions(budget, found, "b"); known {
		t.Errorf("functions of a package of which the budget has none: %v", got)
	}
	for _, c := range []struct {
		found     uint64
		tolerance float64
		grown     bool
	}{{100, 0, false}, {101, 0, true}, {99, 0, false}, {110, 10, false}, {111, 10, true}} {
		if got := (Change{Budget: 100, Found: c.found}).Grown(c.tolerance); got != c.grown {
			t.Errorf("%d of 100 at %v %%: grown %v, want %v", c.found, c.tolerance, got, c.grown)
		}
	}
}

func TestBudget(t *testing.T) {
	b := &Budget{Schema, map[string]Sizes{"linux_amd64": {1, map[string]uint64{".text": 1}, map[string]uint64{}, nil}}}
	text, err := b.JSON()
	if err != nil {
		t.Fatal(err)
	}
	if back, err := ParseBudget(text); err != nil || !reflect.DeepEqual(back, b) {
		t.Errorf("read back %+v, %v; want %+v", back, err, b)
	}
	for text, want := range map[string]string{
		`{"files": {}}`:                    "schema is 0, want 1",
		`{"schema": 2}`:                    "schema is 2, want 1",
		`{"schema": 1, "file": {}}`:        `unknown field "file"`,
		`{"schema": 1} {}`:                 "data follows the object",
		`{"schema": 1, "files": {"a": 3}}`: "cannot unmarshal",
	} {
		if _, err := ParseBudget([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q in it", text, err, want)
		}
	}
}
