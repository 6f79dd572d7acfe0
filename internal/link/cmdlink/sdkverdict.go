package cmdlink

import (
	"github.com/go3s/rules_go3s/internal/pcln"
	"github.com/go3s/rules_go3s/internal/sdkcheck"
)

// checkSDK holds the SDK of that release to c.SDKVerdict, if there is one. It returns a warning, with a newline, where c lets
// something through.
func (c *Config) checkSDK(release string) (warning string, err error) {
	if c.SDKVerdict == "" {
		return "", nil
	}
	tables := c.Traceback != "" && c.Traceback != pcln.Full.String()
	if warning, err = sdkcheck.CheckFile(c.SDKVerdict, c.Main, release, tables, c.UnverifiedGo); warning != "" {
		warning += "\n"
	}
	return warning, err
}
