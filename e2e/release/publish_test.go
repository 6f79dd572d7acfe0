package release

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

// tool returns go3s-release, built by the go command.
func tool(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "go3s-release")
	cmd := exec.Command("go", "build", "-o", path, "./tools/go3s-release")
	cmd.Dir = "../.."
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

// run returns what a command prints and its exit status.
func run(t *testing.T, args ...string) (string, int) {
	t.Helper()
	cmd := exec.Command(args[0], args[1:]...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return out.String(), cmd.ProcessState.ExitCode()
}

// A server counts the requests that write.
type server struct {
	http.Handler
	writes atomic.Int32
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		s.writes.Add(1)
	}
	s.Handler.ServeHTTP(w, r)
}

func serve(t *testing.T, handler http.Handler) (*server, string) {
	t.Helper()
	s := &server{Handler: handler}
	listener := httptest.NewServer(s)
	t.Cleanup(listener.Close)
	return s, strings.TrimPrefix(listener.URL, "http://")
}

func TestPublish(t *testing.T) {
	release := tool(t)
	_, host := serve(t, registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	to := filepath.Join(t.TempDir(), "www", "example")
	for i, args := range [][]string{
		{release, "publish", folder(t), "--registry=" + host + "/tools/example", "--plain-http", "--directory=" + to},
		{release, "publish", folder(t), "--registry=" + host + "/tools/example:latest", "--plain-http"},
	} {
		if out, status := run(t, args...); status != 0 || !strings.Contains(out, "@sha256:") {
			t.Fatalf("%d: status %d, printed %q", i, status, out)
		}
	}
	local, err := layout.ImageIndexFromPath(filepath.Join(folder(t), "image"))
	if err != nil {
		t.Fatal(err)
	}
	top, err := local.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	for _, tag := range []string{"1.2.3", "latest"} {
		ref, err := name.ParseReference(fmt.Sprintf("%s/tools/example:%s", host, tag), name.Insecure)
		if err != nil {
			t.Fatal(err)
		}
		pulled, err := remote.Index(ref)
		if err != nil {
			t.Fatal(err)
		}
		if err := validate.Index(pulled); err != nil {
			t.Error(err)
		}
		if digest, err := pulled.Digest(); err != nil || digest != top.Manifests[0].Digest {
			t.Errorf("%s: the registry has %s (%v), want %s", tag, digest, err, top.Manifests[0].Digest)
		}
	}
	if out, status := run(t, release, "verify", "--key="+publicKey, to); status != 0 {
		t.Errorf("the published folder is refused:\n%s", out)
	}
	if out, status := run(t, release, "rebuild", to, folder(t)); status != 0 || !strings.Contains(out, " 0 differ") {
		t.Errorf("the published folder differs:\n%s", out)
	}
}

func TestPublishRefused(t *testing.T) {
	release := tool(t)
	good, host := serve(t, registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	denying, deniedHost := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, `{"errors":[{"code":"DENIED","message":"not for you"}]}`, http.StatusForbidden)
	}))
	closed := httptest.NewServer(nil)
	closed.Close()
	closedHost := strings.TrimPrefix(closed.URL, "http://")
	tampered := filepath.Join(t.TempDir(), "tampered")
	if out, err := exec.Command("cp", "-rL", folder(t), tampered).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := os.Remove(filepath.Join(tampered, "example_1.2.3.spdx.json")); err != nil {
		t.Fatal(err)
	}
	there := t.TempDir()
	for _, test := range []struct {
		name string
		args []string
		want string
	}{
		{"no reference", []string{folder(t), "--registry=example.com/UPPER:x"}, "want HOST/REPOSITORY:TAG"},
		{"no tag", []string{folder(t), "--registry=" + host + "/a/b:1.2.3+meta"}, "--registry"},
		{"a digest", []string{folder(t), "--registry=" + host + "/a/b@sha256:" + strings.Repeat("0", 64)}, "is no tag"},
		{"a registry that refuses", []string{folder(t), "--plain-http", "--registry=" + deniedHost + "/a/b:1"}, "403"},
		{"no registry", []string{folder(t), "--plain-http", "--registry=" + closedHost + "/a/b:1"}, "connection refused"},
		{"a folder that is there", []string{folder(t), "--directory=" + there, "--plain-http", "--registry=" + host + "/a/b:1"}, "already"},
		{"a release that is not sound", []string{tampered, "--plain-http", "--registry=" + host + "/a/b:1"}, "not published: sums"},
		{"nowhere", []string{folder(t)}, "want --directory, --registry"},
	} {
		to := filepath.Join(t.TempDir(), "new")
		args := append([]string{release, "publish"}, test.args...)
		if !strings.Contains(strings.Join(args, " "), "--directory") && test.name != "nowhere" {
			args = append(args, "--directory="+to)
		}
		out, status := run(t, args...)
		if status == 0 || !strings.Contains(out, test.want) {
			t.Errorf("%s: status %d, printed %q, want %q", test.name, status, out, test.want)
		}
		if exists(to) {
			t.Errorf("%s: a folder was written", test.name)
		}
	}
	if n := good.writes.Load() + denying.writes.Load(); n != 0 {
		t.Errorf("%d requests wrote to a registry", n)
	}
}
