package cmdlink

import (
	"fmt"
	"os"
	"strings"

	"github.com/go3s/rules_go3s/internal/goabi"
)

// checkFIPS refuses a standard library, of those import paths and in directory dir, that was not compiled with the FIPS 140-3 module of
// c. The packages of a frozen module have its version in their import path; those of the release have none.
func (c *Config) checkFIPS(std []string, dir string) error {
	if c.FIPS == "" {
		return nil
	}
	want := goabi.FIPSPackage
	if c.FIPS != goabi.FIPSLatest {
		want += "/" + c.FIPS
	}
	for _, path := range std {
		if strings.TrimPrefix(path, want) == "/check" {
			if _, err := os.Stat(stdArchive(dir, path)); err == nil {
				return nil
			}
		}
	}
	return fmt.Errorf("standard library %s: it has no package %s/check, so it was not compiled with the FIPS 140-3 module %s: "+
		"let the attribute fips of the rule choose both, or compile it with GOFIPS140=%s", c.Stdlib, want, c.FIPS, c.FIPS)
}
