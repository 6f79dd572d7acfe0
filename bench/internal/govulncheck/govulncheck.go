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

// Functions returns the functions of the program at path, with their packages, that govulncheck, the executable tool, finds.
// It finds none where the program has lost what govulncheck needs for it.
func Functions(tool, path string) (out []string, err error) {
	printed, err := exec.Command(tool, "-mode=extract", path).Output()
	if err != nil {
		first := ""
		if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
			first, _, _ = strings.Cut(string(exit.Stderr), "\n")
		}
		return nil, fmt.Errorf("govulncheck -mode=extract %s: %w: %s", path, err, first)
	}
	decoder := json.NewDecoder(bytes.NewReader(printed))
	for decoder.More() {
		var blob struct {
			PkgSymbols []struct {
				Pkg  string `json:"pkg"`
				Name string `json:"name"`
			} `json:"pkgSymbols"`
		}
		if err := decoder.Decode(&blob); err != nil {
			return nil, fmt.Errorf("govulncheck -mode=extract %s: %w", path, err)
		}
		for _, s := range blob.PkgSymbols {
			out = append(out, s.Pkg+"."+s.Name)
		}
	}
	return out, nil
}
