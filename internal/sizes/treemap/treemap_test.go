package treemap

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"io"
	"regexp"
	"strings"
	"testing"
)

// The page has the report in it, whatever that contains, and refers to nothing outside.
func TestPage(t *testing.T) {
	report := []byte(`{"schema":1,"files":[{"name":"</script><script>alert(1)</script>"}]}`)
	page, err := Page(report)
	if err != nil {
		t.Fatal(err)
	}
	text := string(page)
	m := regexp.MustCompile(`(?s)<script type="text/plain" id="data">(.*?)</script>`).FindStringSubmatch(text)
	if m == nil {
		t.Fatal("no data in the page")
	}
	packed, err := base64.StdEncoding.DecodeString(m[1])
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(z); err != nil || !bytes.Equal(got, report) {
		t.Errorf("data %q, %v; want %q", got, err, report)
	}
	if strings.Contains(text, "alert(1)") || strings.Count(text, "<script") != 2 {
		t.Error("the report has become a part of the page")
	}
	if found := regexp.MustCompile(`(?i)https?:|//[a-z]+\.|\bsrc=|\bhref=|url\(|@import|fetch\(|XMLHttp|/\*(STYLE|SCRIPT|DATA)\*/`).FindString(text); found != "" {
		t.Errorf("the page has %q in it: want nothing outside of the page, and every part put in", found)
	}
	if !strings.Contains(text, `content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"`) {
		t.Error("the page has no policy that forbids to fetch anything")
	}
	// What the script looks up by its id is in the page.
	for _, id := range regexp.MustCompile(`\$\('(\w+)'\)`).FindAllStringSubmatch(script, -1) {
		if strings.Count(text, `id="`+id[1]+`"`) != 1 {
			t.Errorf("the script looks up %q, which the page does not have once", id[1])
		}
	}
	again, err := Page(report)
	if err != nil || !bytes.Equal(page, again) {
		t.Errorf("a second page of the same report is another one; %v", err)
	}
}
