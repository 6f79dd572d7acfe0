package greet

import "testing"

func TestLine(t *testing.T) {
	// The UUID is the one that RFC 9562, appendix A.4 gives for this name.
	const want = "greetings to www.example.com, 2ed6657d-e927-568b-95e1-2665a8aea6a2"
	if got := Line("www.example.com"); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
