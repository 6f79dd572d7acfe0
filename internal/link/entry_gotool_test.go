package link

import (
	"path/filepath"
	"reflect"
	"testing"

	"github.com/go3s/rules_go3s/internal/arch"
	"github.com/go3s/rules_go3s/internal/arch/all"
	"github.com/go3s/rules_go3s/internal/goobj"
	"github.com/go3s/rules_go3s/internal/gotool"
)

// The machine code in internal/arch/*/entry.go is that of the sources beside it.
func TestEntryFromSource(t *testing.T) {
	for _, a := range all.Arches {
		for source, want := range map[string]arch.Stub{"entry_exe.s": a.EntryExe, "entry_pie.s": a.EntryPIE, "entry_huge.s": a.EntryHuge} {
			t.Run(a.GOARCH+"/"+source, func(t *testing.T) {
				f, err := goobj.Parse(source, gotool.Assemble(t, filepath.Join("..", "arch", a.GOARCH), a.GOARCH, source))
				if err != nil {
					t.Fatal(err)
				}
				got, err := Stub(Object{source, f})
				if err != nil {
					t.Fatal(err)
				}
				if !reflect.DeepEqual(got, want) {
					t.Errorf("assembled %+v\nwant entry.go's %+v\nafter a change of the source run go generate in internal/link", got, want)
				}
			})
		}
	}
}
