package data

import (
	"os"
	"strings"
	"testing"
)

// TestEmbedCfg: linked by rules_go3s, the package returns the section; linked by the go command, it says that
// it cannot.
func TestEmbedCfg(t *testing.T) {
	if os.Getenv("TEST_SRCDIR") != "" { // under Bazel
		if got, want := EmbedCfg(), "{\"listen\": \"127.0.0.1:8080\"}\n"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		return
	}
	defer func() {
		if text, _ := recover().(string); !strings.HasPrefix(text, "section .embed_cfg: not in this program") {
			t.Errorf("panic %q", text)
		}
	}()
	t.Errorf("got %q, want a panic", EmbedCfg())
}
