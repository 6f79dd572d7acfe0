//go:build linux

package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/go3s/rules_go3s/examples/internal/progtest"
	"github.com/go3s/rules_go3s/examples/platform"
	"github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/elfsign"
)

//go:embed trusted.pem
var trusted []byte

func TestMain(m *testing.M) { progtest.Main(m, progtest.Options{Build: build}) }

// build is what the rule does, for tests without Bazel.
func build(out string) error {
	if err := (progtest.Build{}).To(out); err != nil {
		return err
	}
	f, err := elf.Open(out)
	if err != nil {
		return err
	}
	defer f.Close()
	p, err := elfsign.Read(f)
	if err != nil {
		return err
	}
	key, err := elfsign.ReadKey("test_key.pem", true)
	if err != nil {
		return err
	}
	s, err := key.Signature(p.Content, nil, time.Now())
	if err != nil {
		return err
	}
	if err := p.Add(s); err != nil {
		return err
	}
	signed := p.Bytes()
	if err := os.Remove(out); err != nil {
		return err
	}
	return os.WriteFile(out, signed, 0o755)
}

// verify verifies a file as elfsign verify does.
func verify(data []byte) error {
	trust := new(elfsign.Trust)
	if err := trust.Add("trusted.pem", trusted); err != nil {
		return err
	}
	f, err := elf.Parse("program", data)
	if err != nil {
		return err
	}
	p, err := elfsign.Read(f)
	if err != nil {
		return err
	}
	_, err = trust.Verify("program", p.Content, p.Signatures, time.Now())
	return err
}

func TestSigned(t *testing.T) {
	program := progtest.Under()
	goarch, err := platform.GOARCH(program.Path)
	if err != nil {
		t.Fatal(err)
	}
	result := progtest.Run(t, program.Command())
	if want := fmt.Sprintf("a signed program for linux/%s\n", goarch); result.Code != 0 || result.Stdout != want || result.Stderr != "" {
		t.Errorf("got %+v, want %q", result, want)
	}
	data, err := os.ReadFile(program.Path)
	if err != nil {
		t.Fatal(err)
	}
	if err := verify(data); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(data); i += len(data) / 20 {
		changed := bytes.Clone(data)
		changed[i] ^= 0x10
		if verify(changed) == nil {
			t.Errorf("with another byte at %#x it verifies", i)
		}
	}
}
