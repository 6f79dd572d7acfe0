package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/go3s/rules_go3s/bench/internal/measure"
	"github.com/go3s/rules_go3s/internal/machine"
)

// A runner starts files of one program. All are started under one path, by which programs call themselves in what they print.
type runner struct {
	dir string // becomes the home directory of the program, made for each run
	p   program
}

// command returns how to start a file for arch with args: directly, or by an emulator.
func (r *runner) command(ctx context.Context, path, arch string, args ...string) *exec.Cmd {
	args = append([]string{path}, args...)
	if arch != runtime.GOARCH {
		args = append([]string{filepath.Join(os.Getenv("RULES_GO3S_QEMU_DIR"), machine.Of(arch).Qemu())}, args...)
	}
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir = filepath.Join(r.dir, "home")
	cmd.Env = []string{"HOME=" + cmd.Dir, "PATH=/usr/bin:/bin", "TZ=UTC", "LANG=C.UTF-8", "NO_COLOR=1"}
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// limit is the longest that one run may take.
func limit(arch string) time.Duration {
	if arch == runtime.GOARCH {
		return time.Minute
	}
	return 5 * time.Minute
}

// outcome runs a file in every way that the program has and returns what it did, to compare: outputs, exit statuses, and for
// a server its answer. A program that does not end is an error.
func (r *runner) outcome(file, arch string) (string, error) {
	defer os.RemoveAll(r.dir)
	var out strings.Builder
	for _, args := range r.p.runs() {
		path, err := r.fresh(file)
		if err != nil {
			return "", err
		}
		ctx, cancel := context.WithTimeout(context.Background(), limit(arch))
		cmd := r.command(ctx, path, arch, args...)
		var printed bytes.Buffer
		cmd.Stdout, cmd.Stderr = &printed, &printed
		err = cmd.Run()
		timedOut := ctx.Err() != nil
		cancel()
		if timedOut {
			return "", fmt.Errorf("%v: still runs after %v", args, limit(arch))
		}
		if cmd.ProcessState == nil {
			return "", err
		}
		fmt.Fprintf(&out, "$ %s\n%s\n%v\n", strings.Join(args, " "), printed.Bytes(), cmd.ProcessState)
	}
	if r.p.Server != nil {
		answer, err := r.serve(file, arch)
		if err != nil {
			return "", err
		}
		out.WriteString(answer)
	}
	return volatile.ReplaceAllString(strings.ReplaceAll(out.String(), r.dir, ""), "…"), nil
}

// volatile is what two runs of one file print differently: addresses of memory, and the time of log lines.
var volatile = regexp.MustCompile(`0x[0-9a-f]{6,}|\d{4}/\d\d/\d\d \d\d:\d\d:\d\d`)

// fresh makes the directory of a run and returns the path of the program in it.
func (r *runner) fresh(file string) (string, error) {
	if err := os.RemoveAll(r.dir); err != nil {
		return "", err
	}
	for _, d := range []string{"home", "dir"} {
		if err := os.MkdirAll(filepath.Join(r.dir, d), 0o777); err != nil {
			return "", err
		}
	}
	path := filepath.Join(r.dir, r.p.Name)
	return path, measure.Copy(path, file)
}

// serve starts a server, asks it and stops it, and returns its answer and how it ended.
func (r *runner) serve(file, arch string) (string, error) {
	path, err := r.fresh(file)
	if err != nil {
		return "", err
	}
	port, port2, err := freePorts()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(r.dir, "dir")
	fill := strings.NewReplacer("{port}", port, "{port2}", port2, "{dir}", dir).Replace
	for name, text := range r.p.Server.Files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(fill(text)), 0o666); err != nil {
			return "", err
		}
	}
	var args []string
	for _, a := range r.p.Server.Args {
		args = append(args, fill(a))
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit(arch))
	defer cancel()
	cmd := r.command(ctx, path, arch, args...)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		return "", err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	answer, err := ask(ctx, "http://127.0.0.1:"+port+r.p.Server.Path, ended)
	if err != nil {
		cancel()
		if cmd.ProcessState == nil {
			<-ended
		}
		return "", fmt.Errorf("%v: %w: %s", args, err, tail(said.String()))
	}
	cmd.Process.Signal(syscall.SIGTERM)
	<-ended
	if ctx.Err() != nil {
		return "", fmt.Errorf("%v: still runs after SIGTERM: %s", args, tail(said.String()))
	}
	return fmt.Sprintf("$ %s\n%s%v\n", strings.Join(r.p.Server.Args, " "), answer, cmd.ProcessState), nil
}

// ask returns what url answers once somebody listens there. It gives up when ctx or the server ends.
func ask(ctx context.Context, url string, ended chan error) (string, error) {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return "", err
		}
		if resp, err := client.Do(req); err == nil {
			body, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			return fmt.Sprintf("GET %s: %s\n%s\n", req.URL.Path, resp.Status, body), err
		}
		select {
		case <-ctx.Done():
			return "", errors.New("does not answer")
		case err := <-ended:
			ended <- err // for who waits
			return "", fmt.Errorf("ends before it answers: %w", err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// freePorts returns two TCP ports of loopback on which nobody listens.
func freePorts() (string, string, error) {
	var ports []string
	for range 2 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return "", "", err
		}
		defer l.Close()
		_, port, err := net.SplitHostPort(l.Addr().String())
		if err != nil {
			return "", "", err
		}
		ports = append(ports, port)
	}
	return ports[0], ports[1], nil
}

// tail returns the end of a long text.
func tail(s string) string {
	const most = 2000
	if len(s) > most {
		return "…" + s[len(s)-most:]
	}
	return s
}

// difference returns the first lines in which two texts differ, "" where they are equal.
func difference(want, got string) string {
	if want == got {
		return ""
	}
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := 0; ; i++ {
		switch {
		case i >= len(w):
			return fmt.Sprintf("line %d: %q more than go build's", i+1, g[i])
		case i >= len(g):
			return fmt.Sprintf("line %d: go build's has %q more", i+1, w[i])
		case w[i] != g[i]:
			return fmt.Sprintf("line %d: %q, go build's %q", i+1, g[i], w[i])
		}
	}
}
