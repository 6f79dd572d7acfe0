//go:build linux

package main

import (
	"debug/elf"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/go3s/rules_go3s/examples/internal/progtest"
	goelf "github.com/go3s/rules_go3s/internal/elf"
)

var (
	//go:embed config.json
	config string
	//go:embed motd.txt
	motd string
	//go:embed label.bin
	label string
)

func TestMain(m *testing.M) { progtest.Main(m, progtest.Options{}) }

// TestSections: the program prints what the files of its attribute `sections` hold, from where its symbols
// say that they are. What `go build` makes lacks them, and says so.
func TestSections(t *testing.T) {
	program := progtest.Under()
	f, err := elf.Open(program.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	result := progtest.Run(t, program.Command())
	s := f.Section(".motd")
	if s == nil {
		want := "panic: section .embed_cfg: not in this program: link it by a rule of rules_go3s, with the section in its attribute `sections`\n"
		if result.Code != 2 || result.Stdout != "" || !strings.HasPrefix(result.Stderr, want) {
			t.Errorf("got %+v, want status 2 and %q", result, want)
		}
		return
	}

	var addr uint64
	if n, err := fmt.Sscanf(result.Stdout, config+"%v "+motd, &addr); n != 1 || result.Code != 0 || result.Stderr != "" {
		t.Errorf("got %+v, %v; want %q and %q", result, err, config, motd)
	}
	if f.Type == elf.ET_EXEC && addr != 0x40000000 || addr%4096 != s.Addr%4096 {
		t.Errorf("section .motd, linked for %#x, was at %#x", s.Addr, addr)
	}
	symbols, err := f.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	value := map[string]uint64{}
	for _, s := range symbols {
		value[s.Name] = s.Value
	}
	if start, end, size := value["_binary_motd_start"], value["_binary_motd_end"], value["_binary_motd_size"]; start != s.Addr || end != start+uint64(len(motd)) || size != uint64(len(motd)) {
		t.Errorf("symbols: start %#x, end %#x, size %#x; want %d bytes at %#x", start, end, size, len(motd), s.Addr)
	}
}

// TestNotes: the notes of the attributes are in the program, where readers of segments find them.
func TestNotes(t *testing.T) {
	f, err := goelf.Open(progtest.Under().Path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if f.Section(".motd") == nil {
		return // made by `go build`: see TestSections
	}
	notes, err := f.Notes()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, n := range notes {
		got[fmt.Sprintf("%s:%#x", n.Name, n.Type)] = string(n.Desc)
	}
	if got["ACME:0x1"] != label {
		t.Errorf("notes %q, want %q for ACME:0x1", got, label)
	}
	text, zero := strings.CutSuffix(got["FDO:0xcafe1a7e"], "\x00")
	var metadata map[string]string
	if err := json.Unmarshal([]byte(text), &metadata); err != nil || !zero {
		t.Fatalf("package metadata %q: %v, want JSON and a zero byte", text, err)
	}
	if want := map[string]string{"name": "sections", "type": "example", "version": "1.0"}; !maps.Equal(metadata, want) {
		t.Errorf("package metadata %q, want %q", metadata, want)
	}
}
