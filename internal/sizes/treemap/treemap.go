// Package treemap makes a size report into one HTML file that needs nothing else: style, script and data are in it, and its
// content security policy forbids to fetch anything.
package treemap

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/base64"
	"strings"
)

//go:embed page.html
var page string

//go:embed page.css
var style string

//go:embed page.js
var script string

// Page returns the page for a report, which is JSON as docs/schema/size-report.json describes it. It is the same for the same report.
func Page(report []byte) ([]byte, error) {
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := z.Write(report); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	data := base64.StdEncoding.EncodeToString(packed.Bytes())
	return []byte(strings.NewReplacer("/*STYLE*/", style, "/*SCRIPT*/", script, "/*DATA*/", data).Replace(page)), nil
}
