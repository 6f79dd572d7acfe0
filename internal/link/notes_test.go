package link

import (
	"debug/elf"
	"fmt"
	"slices"
	"strings"
	"testing"

	goelf "github.com/go3s/rules_go3s/internal/elf"
)

// All notes are in one PT_NOTE, in order; their sections hold what belongs to one
// owner.
func TestNotes(t *testing.T) {
	for _, pie := range []bool{false, true} {
		for _, noID := range []bool{false, true} {
			out, f := mustLink(t, newTestObject(pie), Options{
				PIE: pie, NoBuildID: noID, PackageMetadata: []byte(`{"name":"a"}`),
				Notes: []Note{{"A", 1, []byte("x")}, {"B.c", 2, nil}, {"A", 3, []byte("12345")}},
			})
			checkSegments(t, f)
			g, err := goelf.Parse("out", out.File)
			if err != nil {
				t.Fatal(err)
			}
			notes, err := g.Notes()
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, n := range notes {
				if n.Type != noteBuildID || n.Name != "GNU" {
					got = append(got, fmt.Sprintf("%s:%#x=%q", n.Name, n.Type, n.Desc))
				}
			}
			want := []string{`Go:0x4="test"`, `FDO:0xcafe1a7e="{\"name\":\"a\"}\x00"`, `A:0x1="x"`, `A:0x3="12345"`, `B.c:0x2=""`}
			if !slices.Equal(got, want) || len(notes)-len(got) != map[bool]int{false: 1, true: 0}[noID] {
				t.Errorf("notes %q, want %q", got, want)
			}
			segments := 0
			for _, p := range f.Progs {
				if p.Type == elf.PT_NOTE {
					segments++
				}
			}
			var names []string
			for _, s := range f.Sections {
				if s.Type == elf.SHT_NOTE {
					names = append(names, s.Name)
				}
			}
			wantNames := []string{".note.gnu.build-id", ".note.go.buildid", ".note.package", ".note.A", ".note.B.c"}
			if noID {
				wantNames = wantNames[1:]
			}
			if segments != 1 || !slices.Equal(names, wantNames) {
				t.Errorf("%d PT_NOTE over %q, want 1 over %q", segments, names, wantNames)
			}
		}
	}
}

func TestNotesRefused(t *testing.T) {
	note := func(owner string) Options { return Options{Notes: []Note{{Owner: owner, Type: 1}}} }
	for _, tt := range []struct {
		name string
		opt  Options
		err  string
	}{
		{"no owner", note(""), `note "": want an owner`},
		{"slash", note("a/b"), "want an owner"},
		{"long owner", note(strings.Repeat("x", 65)), "at most 64"},
		{"GNU", note("GNU"), "note GNU: this owner is reserved: the build-id is set by --build-id-note"},
		{"Go", note("Go"), "this owner is reserved"},
		{"kernel", note("LINUX"), "this owner is reserved"},
		{"section of the build-id", note("gnu.build-id"), "its section .note.gnu.build-id means something else"},
		{"section of the Go build id", note("go"), "its section .note.go means something else"},
		{"section of the package metadata", note("package"), "its section .note.package means something else"},
		{"mark of the stack", note("GNU-stack"), "means something else"},
		{"package metadata", Options{Notes: []Note{{"FDO", packageType, nil}}}, "use --package-metadata"},
		{"too many", Options{Notes: make([]Note, maxNotes+1)}, "129 notes are added, want at most 128"},
		{"too large", Options{Notes: []Note{{"A", 1, make([]byte, maxNotesSize)}, {"A", 2, []byte("x")}}}, "note A: with it, the added notes have 1048577 bytes"},
		{"JSON list", Options{PackageMetadata: []byte("[]")}, "want a JSON object of strings"},
		{"JSON null", Options{PackageMetadata: []byte("null")}, "want a JSON object of strings"},
		{"JSON number", Options{PackageMetadata: []byte(`{"version":1}`)}, "want a JSON object of strings"},
		{"two JSON objects", Options{PackageMetadata: []byte("{}{}")}, "package metadata: invalid character"},
		{"zero byte", Options{PackageMetadata: []byte("{}\x00")}, "package metadata: invalid character"},
		{"no UTF-8", Options{PackageMetadata: []byte("{\"a\":\"\xff\"}")}, "in UTF-8"},
		{"large JSON", Options{PackageMetadata: make([]byte, maxNotesSize+1)}, "package metadata: 1048577 bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out, err := Link("go.o", newTestObject(false).bytes(), tt.opt)
			if err == nil || out != nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("error %v, want %q", err, tt.err)
			}
		})
	}
}

func TestParseNote(t *testing.T) {
	for _, tt := range []struct {
		spec string
		want Note
		file string
		err  string
	}{
		{"A:1=f", Note{Owner: "A", Type: 1}, "f", ""},
		{"A.b:0xffffffff=a:b=c", Note{Owner: "A.b", Type: 0xffffffff}, "a:b=c", ""},
		{"A=f", Note{}, "", "want owner:type=file"},
		{"A:1", Note{}, "", "want owner:type=file"},
		{"A:1=", Note{}, "", "want owner:type=file"},
		{"A:=f", Note{}, "", `note A: type "": want an integer of 32 bits`},
		{"A:-1=f", Note{}, "", "want an integer of 32 bits"},
		{"A:0x100000000=f", Note{}, "", "want an integer of 32 bits"},
	} {
		n, file, err := ParseNote(tt.spec)
		if tt.err != "" {
			if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%q: error %v, want %q", tt.spec, err, tt.err)
			}
			continue
		}
		if err != nil || n.Owner != tt.want.Owner || n.Type != tt.want.Type || file != tt.file {
			t.Errorf("%q: %+v, %q, %v", tt.spec, n, file, err)
		}
	}
}
