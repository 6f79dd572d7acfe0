package main

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// requireTools names every missing tool at once.
func requireTools(names ...string) error {
	var missing []string
	for _, n := range names {
		if _, err := exec.LookPath(n); err != nil {
			missing = append(missing, n)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("not found on PATH: %s; the air-gap mode needs a Debian machine with apt and Go", strings.Join(missing, ", "))
	}
	return nil
}

// output runs cmd and returns its standard output. On failure the error ends with what
// the command said. When ctx ends, the command is killed together with its children, so
// that none of them writes any more once output has returned.
func output(ctx context.Context, cmd *exec.Cmd) (string, error) {
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := runGroup(ctx, cmd)
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args[:min(len(cmd.Args), 3)], " "), err, strings.TrimSpace(stderr.String()))
	}
	return stdout.String(), nil
}

// runGroup runs cmd as the head of an own process group, which ends with ctx. Should this
// program be killed, the kernel ends cmd.
func runGroup(ctx context.Context, cmd *exec.Cmd) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })()
	return cmd.Wait()
}

// every calls f at each interval until stop is called.
func every(interval time.Duration, f func()) (stop func()) {
	t := time.NewTicker(interval)
	done := make(chan struct{})
	go func() {
		for {
			select {
			case <-t.C:
				f()
			case <-done:
				t.Stop()
				return
			}
		}
	}()
	return func() { close(done) }
}
