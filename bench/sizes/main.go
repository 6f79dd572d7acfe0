// Sizes prints how many bytes of a program several tools account for, and how many of them by package:
//
//	go run ./bench/sizes
//
// The program is linkcheck, as go build makes it with and without -ldflags="-s -w". Peers are GNU size and go tool nm.
package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/gobin"
	"github.com/go3s/rules_go3s/internal/sizes"
)

// An account is what a tool says of a file, in bytes.
type account struct{ all, packages uint64 }

var tools = []struct {
	name    string
	account func(file string) (account, error)
}{
	{"`linkcheck sizes --report`", ours},
	{"`go tool nm -size`", goNM},
	{"`size -A`", gnuSize},
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench/sizes:", err)
		os.Exit(1)
	}
}

func run() error {
	dir, err := os.MkdirTemp("", "sizes")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	fmt.Println("| tool | with symbols | of them by package | `-s -w` | of them by package |\n|---|---|---|---|---|")
	rows := make([]string, len(tools)+1)
	rows[0] = "| the file |"
	for i, t := range tools {
		rows[i+1] = "| " + t.name + " |"
	}
	for name, ldflags := range []string{"", "-s -w"} {
		file := filepath.Join(dir, strconv.Itoa(name))
		if out, err := exec.Command("go", "build", "-trimpath", "-ldflags="+ldflags, "-o", file, "./tools/linkcheck").CombinedOutput(); err != nil {
			return fmt.Errorf("%w\n%s", err, out)
		}
		info, err := os.Stat(file)
		if err != nil {
			return err
		}
		rows[0] += fmt.Sprintf(" %d | |", info.Size())
		for i, t := range tools {
			a, err := t.account(file)
			if err != nil {
				return fmt.Errorf("%s: %w", t.name, err)
			}
			rows[i+1] += fmt.Sprintf(" %d | %d |", a.all, a.packages)
		}
	}
	fmt.Println(strings.Join(rows, "\n"))
	return nil
}

func ours(file string) (account, error) {
	f, err := elf.Open(file)
	if err != nil {
		return account{}, err
	}
	defer f.Close()
	b, err := sizes.Break(file, f, f)
	if err != nil {
		return account{}, err
	}
	var a account
	for _, m := range b.Modules {
		a.all += m.Bytes
		for _, p := range m.Packages {
			if p.Name != "" {
				a.packages += p.Bytes
			}
		}
	}
	return a, nil
}

// goNM adds the sizes of symbols up but for those of zeroed data, which is not in the file.
func goNM(file string) (account, error) {
	out, err := exec.Command("go", "tool", "nm", "-size", file).CombinedOutput()
	if bytes.Contains(out, []byte("no symbols")) {
		return account{}, nil
	}
	var a account
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		if len(f) < 4 || strings.ContainsAny(f[2], "BbU") {
			continue
		}
		n, err := strconv.ParseUint(f[1], 10, 64)
		if err != nil {
			return a, fmt.Errorf("line %q: %w", line, err)
		}
		a.all += n
		if gobin.PackageOf(f[3]) != "" {
			a.packages += n
		}
	}
	return a, err
}

// gnuSize adds the sizes of sections up but for those of zeroed data.
func gnuSize(file string) (account, error) {
	out, err := exec.Command("size", "-A", "-d", file).Output()
	var a account
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		if len(f) != 3 || strings.HasSuffix(f[0], "bss") || !strings.HasPrefix(f[0], ".") {
			continue
		}
		n, err := strconv.ParseUint(f[1], 10, 64)
		if err != nil {
			return a, fmt.Errorf("line %q: %w", line, err)
		}
		a.all += n
	}
	return a, err
}
