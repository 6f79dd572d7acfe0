package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestTimeZones: a program has the time zones where select() chose them, and only there.
func TestTimeZones(t *testing.T) {
	for variable, want := range map[string]bool{"WITH": true, "WITHOUT": false} {
		program, err := os.ReadFile(filepath.Join("..", os.Getenv(variable)))
		if err != nil {
			t.Fatal(err)
		}
		if got := bytes.Contains(program, []byte("time/tzdata.")); got != want {
			t.Errorf("%s: package time/tzdata in the program: %v, want %v", variable, got, want)
		}
	}
}
