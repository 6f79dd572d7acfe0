// Package govulncheck asks govulncheck what it sees in a program.
package govulncheck

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
)

// Functions returns how many functions of the program at path govulncheck, the executable tool, finds.
// None are found where the program has lost what govulncheck needs for it.
func Functions(tool, path string) (int, error) {
	out, err := exec.Command(tool, "-mode=extract", path).Output()
	if err != nil {
		first := ""
		if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
			first, _, _ = strings.Cut(string(exit.Stderr), "\n")
		}
		return 0, fmt.Errorf("govulncheck -mode=extract %s: %w: %s", path, err, first)
	}
	decoder := json.NewDecoder(bytes.NewReader(out))
	for decoder.More() {
		var blob struct {
			PkgSymbols []json.RawMessage `json:"pkgSymbols"`
		}
		if err := decoder.Decode(&blob); err != nil {
			return 0, fmt.Errorf("govulncheck -mode=extract %s: %w", path, err)
		}
		if len(blob.PkgSymbols) > 0 {
			return len(blob.PkgSymbols), nil
		}
	}
	return 0, nil
}
