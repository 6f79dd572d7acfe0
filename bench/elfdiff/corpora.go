package main

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/go3s/rules_go3s/internal/elf/elfdiff"
	"github.com/go3s/rules_go3s/internal/elf/elftest"
	"github.com/go3s/rules_go3s/internal/machine"
)

// ebpf is a module whose tests carry ELF files.
const ebpf = "github.com/cilium/ebpf@v0.22.0"

// small is the greatest size in bytes of a file that is damaged.
const small = 64 << 10

// readAll reads all corpora.
func (r *results) readAll(dir string, system, mutants int) error {
	goroot, err := output("go", "env", "GOROOT")
	if err != nil {
		return err
	}
	module, err := output("go", "mod", "download", "-json", ebpf)
	if err != nil {
		return err
	}
	var downloaded struct{ Dir string }
	if err := json.Unmarshal([]byte(module), &downloaded); err != nil {
		return err
	}
	yaml := filepath.Join(dir, "yaml")
	if err := makeYAML(yaml); err != nil {
		return err
	}
	for _, c := range []struct {
		name string
		dirs []string
		most int
	}{
		{"tests of debug/elf", []string{filepath.Join(goroot, "src/debug/elf/testdata")}, 1 << 30},
		{"tests of " + ebpf, []string{downloaded.Dir}, 1 << 30},
		{"yaml2obj", []string{yaml}, 1 << 30},
		{"this system", []string{"/usr/bin", "/usr/sbin", "/usr/lib"}, system},
	} {
		if err := r.readDirs(c.name, c.dirs, c.most, mutants); err != nil {
			return err
		}
	}
	for _, goarch := range goarchs {
		tools := filepath.Join(dir, "tools", goarch)
		if err := os.MkdirAll(tools, 0o777); err != nil {
			return err
		}
		build := exec.Command("nice", "go", "build", "-o", tools+"/", "cmd/...")
		build.Env = append(os.Environ(), "GOOS=linux", "GOARCH="+goarch, "CGO_ENABLED=0", "GOFLAGS=")
		if out, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("%s for %s: %w\n%s", build, goarch, err, out)
		}
		if err := r.readDirs("Go's commands, "+goarch, []string{tools}, 1<<30, 0); err != nil {
			return err
		}
		os.RemoveAll(tools)
	}
	for _, c := range elftest.Malformed() {
		r.add("elftest", c.Name, c.Data)
		r.damage("elftest", c.Name, c.Data, mutants)
	}
	for _, m := range elftest.Machines {
		r.add("elftest", m.String(), elftest.Executable(m).Build().Data)
	}
	r.wait()
	return nil
}

func output(name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w", cmd, err)
	}
	return strings.TrimSpace(string(out)), nil
}

// makeYAML makes the files that internal/elf/elfdiff/testdata describes.
func makeYAML(dir string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	sources, err := filepath.Glob("internal/elf/elfdiff/testdata/*.yaml")
	if err != nil || len(sources) == 0 {
		return fmt.Errorf("no internal/elf/elfdiff/testdata/*.yaml: start this in the root of the module (%v)", err)
	}
	for _, source := range sources {
		text, err := os.ReadFile(source)
		if err != nil {
			return err
		}
		for i := range strings.Count("\n"+string(text), "\n--- ") {
			out := filepath.Join(dir, fmt.Sprintf("%s-%d", filepath.Base(source), i+1))
			if _, err := output("yaml2obj", fmt.Sprintf("--docnum=%d", i+1), "-o", out, source); err != nil {
				return err
			}
		}
	}
	return nil
}

// readDirs reads the ELF files below dirs, as many as most, and mutants of the small ones.
func (r *results) readDirs(corpus string, dirs []string, most, mutants int) error {
	seen := map[string]bool{}
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() || len(seen) >= most {
				return nil // what cannot be read is not looked at
			}
			data, err := readFile(path)
			if err != nil || len(data) < 4 || string(data[:4]) != "\x7fELF" {
				return nil
			}
			name, err := filepath.Rel(dir, path)
			if err != nil || seen[name] {
				return err
			}
			seen[name] = true
			r.add(corpus, name, data)
			if corpus != "this system" || len(seen) <= 100 {
				r.damage(corpus, name, data, mutants)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var in io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		if in, err = gzip.NewReader(f); err != nil {
			return nil, err
		}
	} else {
		var magic [4]byte
		if _, err := io.ReadFull(f, magic[:]); err != nil || string(magic[:]) != "\x7fELF" {
			return nil, err
		}
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return nil, err
		}
	}
	return io.ReadAll(in)
}

// damage reads mutants of a small file, the same ones each time.
func (r *results) damage(corpus, name string, data []byte, mutants int) {
	if len(data) > small {
		return
	}
	sum := fnv.New64()
	sum.Write(data)
	random := rand.New(rand.NewPCG(sum.Sum64(), 0))
	for i := range mutants {
		r.add("mutants of "+corpus, fmt.Sprintf("%s#%d", name, i), elfdiff.Mutate(random, data))
	}
}

// goarchs are the machines for which the commands of Go are built.
var goarchs = machine.GOARCHs()

// workers is how many files are read at a time.
var workers = runtime.GOMAXPROCS(0)
