package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/go3s/rules_go3s/internal/machine"
)

// run runs cmd in the directory of sources. It returns what is missing when the program,
// or the specimen that an argument names, does not exist.
func (k *keeper) run(cmd command) (missing string, err error) {
	env := append(os.Environ(), "GOOS=linux", "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false", "GOWORK=off", "LC_ALL=C")
	var args []string
	for _, arg := range cmd {
		if strings.Contains(arg, "=") && len(args) == 0 {
			env = append(env, arg)
			continue
		}
		if name, ok := strings.CutPrefix(arg, "$"); ok {
			s := k.find(name)
			if s == nil {
				return "", fmt.Errorf("no specimen %q to begin with", name)
			}
			if s.Missing != "" {
				return s.Missing, nil
			}
			arg = s.Path
		}
		args = append(args, arg)
	}
	if args[0] == "cp" {
		return "", copyFile(args[2], args[1])
	}
	if _, err := exec.LookPath(args[0]); err != nil {
		return args[0] + " is not installed", nil
	}
	c := exec.Command(args[0], args[1:]...)
	c.Dir, c.Env = filepath.Join(k.dir, "src"), env
	if out, err := c.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return "", nil
}

func copyFile(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	os.Remove(to) // it may be read-only, or running
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// start starts the specimen, under an emulator where its machine is foreign, and says how
// it ended: "runs", or how it failed.
func (s *specimen) start(emulators string) string {
	if !s.Start {
		return "-"
	}
	args := append([]string{s.Path}, s.Args...)
	if s.GOARCH != runtime.GOARCH {
		qemu := machine.Of(s.GOARCH).Qemu()
		if emulators != "" {
			qemu = filepath.Join(emulators, qemu)
		}
		if _, err := exec.LookPath(qemu); err != nil {
			return "no emulator"
		}
		args = append([]string{qemu}, args...)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	err := exec.CommandContext(ctx, args[0], args[1:]...).Run()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return "hangs"
	case err == nil:
		return "runs"
	case errors.As(err, &exit):
		return strings.TrimPrefix(exit.ProcessState.String(), "signal: ")
	}
	return "cannot be started"
}
