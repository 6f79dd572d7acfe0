package fips_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/gobin"
	"github.com/go3s/rules_go3s/internal/gotool"
	"github.com/go3s/rules_go3s/internal/link/cmdlink"
	"github.com/go3s/rules_go3s/internal/link/linktest"
	"github.com/go3s/rules_go3s/internal/pack"
	"github.com/go3s/rules_go3s/internal/pcln"
	"github.com/go3s/rules_go3s/internal/policy"
)

func TestMain(m *testing.M) { linktest.Main(m) }

// What the program of examples/fips writes when the module of it works.
const works = "sealed and opened by module "

// offsets is how many places of each range get a flipped bit, more than 200 in all on this machine; emulators are slower.
func offsets(goarch string) int {
	if goarch == runtime.GOARCH {
		return 60
	}
	return 3
}

// A program with a frozen module starts in every mode, and with one flipped bit in anything that its checksum covers it does not.
func TestFlippedBits(t *testing.T) {
	linktest.Golink(t) // without a module of its own
	t.Setenv("GOFIPS140", "v1.0.0")
	for _, goarch := range policy.GOARCHs {
		p := linktest.Compile(t, goarch, filepath.Join("..", "..", "examples", "fips"), true)
		for _, mode := range []string{cmdlink.ModeExe, cmdlink.ModeStaticPIE} {
			for _, tier := range []pcln.Tier{pcln.Full, pcln.Functions, pcln.External} {
				t.Run(fmt.Sprintf("%s/%s/%s", goarch, mode, tier), func(t *testing.T) {
					path := filepath.Join(t.TempDir(), "program")
					p.Link(t, mode, path, func(c *cmdlink.Config) { c.StripDWARF = true })
					f, err := goelf.Open(path)
					if err != nil {
						t.Fatal(err)
					}
					defer f.Close()
					program, _, err := pcln.Compact(f, tier, goabi.Refuse)
					if err != nil {
						t.Fatal(err)
					}
					flip(t, goarch, program)
				})
			}
		}
	}
}

// flip starts program, packed and unpacked, as it is and with flipped bits.
func flip(t *testing.T, goarch string, program []byte) {
	f, err := goelf.Parse("program", program)
	if err != nil {
		t.Fatal(err)
	}
	for _, data := range [][]byte{program, packed(t, program)} {
		if out, ok := start(t, goarch, data); !ok || !strings.HasPrefix(out, works+"v1.0.0, enabled true") {
			t.Fatalf("unchanged: %s", out)
		}
	}
	info, err := gobin.ReadFIPSInfo(f)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	var lock sync.Mutex
	total, byCheck := 0, map[string]int{}
	for name, r := range map[string]gobin.Range{
		"text": info.Text, "rodata": info.ROData, "noptrdata": info.NoPtrData, "data": info.Data,
		"checksum": {Start: info.Self + 16, End: info.Self + 48},
	} {
		for i, addr := range places(r, offsets(goarch)) {
			at, ok := fileOffset(f, addr)
			if !ok {
				t.Fatalf("%s: address %#x is not in the file", name, addr)
			}
			slots <- struct{}{}
			wg.Go(func() {
				defer func() { <-slots }()
				data := bytes.Clone(program)
				data[at] ^= 1 << (addr % 8)
				if i == 1 { // once for each range: packing takes longer than starting
					data = packed(t, data)
				}
				out, ok := start(t, goarch, data)
				lock.Lock()
				defer lock.Unlock()
				total++
				if ok || strings.Contains(out, works) {
					t.Errorf("%s: with a bit at %#x of %#x to %#x flipped it starts: %s", name, addr, r.Start, r.End, out)
				}
				if strings.Contains(out, "fips140: verification mismatch") {
					byCheck[name]++
				}
			})
		}
	}
	wg.Wait()
	t.Logf("%d flipped bits, refused by the integrity check: %v; the others crash or fail a self-test before it", total, byCheck)
	for _, name := range []string{"text", "rodata", "noptrdata", "checksum"} {
		if byCheck[name] == 0 {
			t.Errorf("%s: none of the flipped bits was found by the integrity check itself", name)
		}
	}
}

// places returns up to n addresses of r, the first and the last among them.
func places(r gobin.Range, n int) []uint64 {
	size := r.End - r.Start
	var out []uint64
	for i := range uint64(n) {
		if size > 0 {
			out = append(out, r.Start+i*(size-1)/uint64(n-1))
		}
	}
	return slices.Compact(out)
}

// fileOffset returns where in the file the byte is that is loaded at addr.
func fileOffset(f *goelf.File, addr uint64) (uint64, bool) {
	for _, p := range f.Progs {
		if p.Type == 1 && addr >= p.Vaddr && addr-p.Vaddr < p.Filesz {
			return p.Off + addr - p.Vaddr, true
		}
	}
	return 0, false
}

func packed(t *testing.T, program []byte) []byte {
	f, err := goelf.Parse("program", program)
	if err == nil {
		program, err = pack.Pack(f)
	}
	if err != nil {
		t.Error(err)
	}
	return program
}

// start runs the program and returns what it wrote, and whether it ended well within a minute.
func start(t *testing.T, goarch string, program []byte) (string, bool) {
	dir, err := os.MkdirTemp(t.TempDir(), "")
	if err != nil {
		t.Error(err)
		return "", false
	}
	path := filepath.Join(dir, "program")
	syscall.ForkLock.RLock() // another start would inherit the open file, which then cannot be started
	err = os.WriteFile(path, program, 0o755)
	syscall.ForkLock.RUnlock()
	if err != nil {
		t.Error(err)
	}
	defer os.Remove(path)
	cmd := gotool.Run(t, goarch, path)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.Dir = &out, &out, dir
	if err := cmd.Start(); err != nil {
		t.Error(err)
		return "", false
	}
	timer := time.AfterFunc(time.Minute, func() { cmd.Process.Kill() }) // changed code may loop
	defer timer.Stop()
	err = cmd.Wait()
	return out.String(), err == nil
}
