//go:build linux

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/go3s/rules_go3s/examples/internal/progtest"
)

func TestMain(m *testing.M) { progtest.Main(m, progtest.Options{Isolate: true}) }

// A served program is one that accepts connections.
type served struct {
	engine, addr, dir string
}

// start starts the program for a directory with two files, and what it must not serve beside them.
func start(t *testing.T, engine string) (s served, files map[string][]byte) {
	t.Helper()
	s.dir = t.TempDir()
	big := make([]byte, 3<<20+17)
	rand.NewChaCha8([32]byte{1}).Read(big)
	files = map[string][]byte{"small": []byte("hello, kernel\n"), "big": big, "empty": {}, strings.Repeat("n", 255): []byte("long name")}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(s.dir, name), data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, err := range []error{
		os.Mkdir(filepath.Join(s.dir, "folder"), 0o777), os.WriteFile(filepath.Join(s.dir, "folder", "x"), nil, 0o666),
		os.Symlink("/etc/passwd", filepath.Join(s.dir, "link")), syscall.Mkfifo(filepath.Join(s.dir, "fifo"), 0o666),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	cmd := progtest.Under().Command("-engine", engine, s.dir)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil || stderr.Len() > 0 {
			t.Errorf("-engine %s: %v, printed %q, want exit status 0 after SIGTERM and nothing", engine, err, stderr.String())
		}
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if _, scanErr := fmt.Sscanf(line, "%s on %s\n", &s.engine, &s.addr); err != nil || scanErr != nil {
		t.Fatalf("-engine %s: it printed %q, %v", engine, line, err)
	}
	return s, files
}

// haveRing reports whether the program under test can have a ring: this kernel allows it, and no emulator is between them. qemu's user
// mode knows no io_uring.
func haveRing() bool {
	r, err := newRing(1)
	if err == nil {
		syscall.Close(r.fd)
	}
	return err == nil && progtest.Under().Emulator == ""
}

func engines() []string {
	if haveRing() {
		return []string{"uring", "epoll", "threads"}
	}
	return []string{"epoll", "threads"}
}

func TestFiles(t *testing.T) {
	for _, engine := range engines() {
		t.Run(engine, func(t *testing.T) {
			s, files := start(t, engine)
			if s.engine != engine {
				t.Errorf("it is %s", s.engine)
			}
			client := &http.Client{Transport: &http.Transport{MaxConnsPerHost: 4}}
			get := func(path string) (string, []byte) {
				resp, err := client.Get("http://" + s.addr + path)
				if err != nil {
					return err.Error(), nil
				}
				defer resp.Body.Close()
				body, err := io.ReadAll(resp.Body)
				if err != nil {
					return err.Error(), nil
				}
				return resp.Status, body
			}
			var wg sync.WaitGroup
			for range 4 {
				wg.Go(func() {
					for range 3 {
						for name, want := range files {
							if status, body := get("/" + name); status != "200 OK" || !bytes.Equal(body, want) {
								t.Errorf("/%s: %s, %d bytes, want %d", name, status, len(body), len(want))
							}
						}
						for _, name := range []string{"missing", "link", "folder", "fifo"} {
							if status, body := get("/" + name); status != "404 Not Found" || len(body) > 0 {
								t.Errorf("/%s: %s, %d bytes, want 404", name, status, len(body))
							}
						}
						for _, path := range []string{"/", "/folder/x", "/" + strings.Repeat("n", 256), "/%2e%2e/small"} {
							if status, _ := get(path); status != "400 Bad Request" {
								t.Errorf("%s: %s, want 400", path, status)
							}
						}
					}
				})
			}
			wg.Wait()
		})
	}
}

// TestRaw: requests that no HTTP client makes.
func TestRaw(t *testing.T) {
	const small = "HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\nhello, kernel\n"
	const last = "HTTP/1.1 200 OK\r\nContent-Length: 14\r\nConnection: close\r\n\r\nhello, kernel\n"
	const bad = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
	for _, engine := range engines() {
		s, _ := start(t, engine)
		for request, want := range map[string]string{
			"GET /small HTTP/1.1\r\n\r\nGET /small HTTP/1.1\r\nconnection:  CLOSE\r\n\r\n": small + last,
			"GET /.. HTTP/1.1\r\n\r\n":           bad,
			"GET /../small HTTP/1.1\r\n\r\n":     bad,
			"GET /small\x00 HTTP/1.1\r\n\r\n":    bad,
			"POST /small HTTP/1.1\r\n\r\n":       bad,
			"GET /small HTTP/1.0\r\n\r\n":        bad,
			"\r\n\r\n":                           bad,
			strings.Repeat("x", bufferSize):      bad,
			"GET /small HTTP/1.1\r\nunfinished:": "",
		} {
			conn, err := net.Dial("tcp", s.addr)
			if err != nil {
				t.Fatal(err)
			}
			for _, part := range []string{request[:len(request)/2], request[len(request)/2:]} {
				if _, err := io.WriteString(conn, part); err != nil {
					t.Fatal(err)
				}
			}
			conn.(*net.TCPConn).CloseWrite()
			got, err := io.ReadAll(conn)
			conn.Close()
			if string(got) != want || err != nil {
				t.Errorf("%s: %.60q: got %q, %v, want %q", engine, request, got, err, want)
			}
		}
	}
}

// TestGone: clients that go away in the middle of an answer leave a server that works.
func TestGone(t *testing.T) {
	for _, engine := range engines() {
		s, files := start(t, engine)
		for range 50 {
			conn, err := net.Dial("tcp", s.addr)
			if err != nil {
				t.Fatal(err)
			}
			io.WriteString(conn, "GET /big HTTP/1.1\r\n\r\n")
			conn.(*net.TCPConn).SetLinger(0) // reset
			conn.Close()
		}
		resp, err := http.Get("http://" + s.addr + "/small")
		if err != nil {
			t.Fatalf("%s: %v", engine, err)
		}
		if body, err := io.ReadAll(resp.Body); !bytes.Equal(body, files["small"]) || err != nil {
			t.Errorf("%s: got %q, %v", engine, body, err)
		}
		resp.Body.Close()
	}
}

func TestAuto(t *testing.T) {
	want := "epoll"
	if haveRing() {
		want = "uring"
	}
	if s, _ := start(t, "auto"); s.engine != want {
		t.Errorf("auto is %s, want %s", s.engine, want)
	}
	if want == "epoll" {
		result := progtest.Run(t, progtest.Under().Command("-engine", "uring", t.TempDir()))
		if result.Code != 1 || !strings.Contains(result.Stderr, "uring: -engine uring: io_uring_setup: ") {
			t.Errorf("-engine uring: got %+v", result)
		}
	}
}

func TestErrors(t *testing.T) {
	dir := t.TempDir()
	for want, args := range map[string][]string{
		"0 arguments, want one":                              {},
		"/missing: no such file or directory":                {"/missing"},
		"/dev/null: not a directory":                         {"/dev/null"},
		`-engine "select", want auto, uring`:                 {"-engine=select", dir},
		`-addr localhost:80: ParseAddr("localhost")`:         {"-addr=localhost:80", dir},
		"-addr 192.0.2.1:0: cannot assign requested address": {"-addr=192.0.2.1:0", dir},
	} {
		result := progtest.Run(t, progtest.Under().Command(args...))
		if result.Code != 1 || result.Stdout != "" || !strings.Contains(result.Stderr, "uring: "+want) {
			t.Errorf("%q: got %+v, want %q", args, result, want)
		}
	}
}
