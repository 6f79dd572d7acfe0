// Package page tests the page of "linkcheck sizes --html" in a browser:
//
//	CHROME=/usr/bin/chromium go test ./...
//
// SCREENSHOTS names a directory for pictures of the page in both themes.
package page

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// A browser shows the page.
type browser struct {
	*testing.T
	ctx      context.Context
	problems []string // what the page asked of the network, and errors of its script
}

func (b *browser) do(actions ...chromedp.Action) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute) // a busy machine takes its time
	defer cancel()
	if err := chromedp.Run(ctx, actions...); err != nil {
		b.Fatal(err)
	}
}

// eval returns the value of a JavaScript expression as a string.
func (b *browser) eval(expression string) string {
	b.Helper()
	var out any
	b.do(chromedp.Evaluate(expression, &out))
	return fmt.Sprint(out)
}

func (b *browser) want(expression, want string) {
	b.Helper()
	if got := b.eval(expression); got != want {
		b.Errorf("%s is %q, want %q", expression, got, want)
	}
}

func (b *browser) choose(id, value string) {
	b.Helper()
	b.want(fmt.Sprintf(`(s => { s.value = %q; s.dispatchEvent(new Event('change')); return s.value })(document.getElementById(%q))`, value, id), value)
}

// row returns the cells of the row of that name in the table.
func (b *browser) row(name string) []string {
	b.Helper()
	text := b.eval(fmt.Sprintf(`JSON.stringify([...document.querySelectorAll('#rows tr')].map(r => [...r.cells].map(c => c.textContent)).find(r => r[0] === %q) || [])`, name))
	var cells []string
	if err := json.Unmarshal([]byte(text), &cells); err != nil {
		b.Fatal(err)
	}
	return cells
}

func (b *browser) shot(name string) {
	b.Helper()
	dir := os.Getenv("SCREENSHOTS")
	if dir == "" {
		return
	}
	var png []byte
	b.do(chromedp.CaptureScreenshot(&png))
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o666); err != nil {
		b.Fatal(err)
	}
}

func (b *browser) key(key string) {
	b.Helper()
	b.do(chromedp.KeyEvent(key))
}

func command(t *testing.T, dir string, env []string, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
}

const program = `package main

import "fmt"

func main() { fmt.Println("hello") }
`

// grown has a function more.
const grown = program + `
//go:noinline
func greatlyGrown(n int) string { return fmt.Sprintf("%08b %x", n, n) }

func init() { println(greatlyGrown(7)) }
`

type report struct {
	Files []struct {
		Name     string            `json:"name"`
		Size     int               `json:"size"`
		Sections map[string]int    `json:"sections"`
		Types    map[string]int    `json:"types"`
		Tables   map[string]int    `json:"tables"`
		Modules  []json.RawMessage `json:"modules"`
	} `json:"files"`
}

// makePage writes a page about two builds of a program for two machines, and returns its path and what is in it.
func makePage(t *testing.T) (page string, r report) {
	dir := t.TempDir()
	linkcheck := filepath.Join(dir, "linkcheck")
	command(t, "../..", nil, "go", "build", "-o", linkcheck, "./tools/linkcheck")
	build := func(source, name string) {
		src := filepath.Join(dir, name)
		if err := os.MkdirAll(src, 0o777); err != nil {
			t.Fatal(err)
		}
		for file, text := range map[string]string{"main.go": source, "go.mod": "module example.com/hello\n\ngo 1.26\n"} {
			if err := os.WriteFile(filepath.Join(src, file), []byte(text), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		for _, goarch := range []string{"amd64", "arm64"} {
			command(t, src, []string{"GOARCH=" + goarch, "GOOS=linux", "CGO_ENABLED=0"}, "go", "build", "-trimpath", "-o", goarch, ".")
		}
	}
	build(program, "before")
	build(grown, "after")
	named := func(build string) (args []string) {
		for _, goarch := range []string{"amd64", "arm64"} {
			args = append(args, "linux_"+goarch+"="+filepath.Join(dir, build, goarch))
		}
		return args
	}
	page, base, all := filepath.Join(dir, "page.html"), filepath.Join(dir, "base.json"), filepath.Join(dir, "all.json")
	command(t, dir, nil, linkcheck, append([]string{"sizes", "--report=" + base}, named("before")...)...)
	command(t, dir, nil, linkcheck, append([]string{"sizes", "--report=" + all, "--html=" + page, "--base=" + base}, named("after")...)...)
	text, err := os.ReadFile(all)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	return page, r
}

// commas writes n as the page does.
func commas(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func signed(n int) string {
	if n > 0 {
		return "+" + commas(n)
	}
	return commas(n)
}

func TestPage(t *testing.T) {
	chrome := os.Getenv("CHROME")
	if chrome == "" {
		t.Fatal("CHROME is not set: set it to the program of Chromium, Debian's package chromium")
	}
	page, r := makePage(t)
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath(chrome), chromedp.NoSandbox, chromedp.WindowSize(1400, 900))
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	defer cancel()
	ctx, cancel := chromedp.NewContext(allocator)
	defer cancel()
	b := &browser{T: t, ctx: ctx}
	chromedp.ListenTarget(ctx, func(event any) {
		switch e := event.(type) {
		case *network.EventRequestWillBeSent:
			if !strings.HasPrefix(e.Request.URL, "file://"+page) && !strings.HasPrefix(e.Request.URL, "blob:") {
				b.problems = append(b.problems, "the page asked for "+e.Request.URL)
			}
		case *runtime.EventExceptionThrown:
			b.problems = append(b.problems, e.ExceptionDetails.Error())
		}
	})
	if err := chromedp.Run(ctx); err != nil { // the browser must not end with the first time limit
		t.Fatal(err)
	}
	b.do(network.Enable(), emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "light"}}),
		chromedp.Navigate("file://"+page), chromedp.WaitVisible(".box", chromedp.ByQuery))
	after, before := r.Files[0], r.Files[2]
	if after.Name+" (base)" != before.Name {
		t.Fatalf("files %q and %q", after.Name, before.Name)
	}

	t.Run("two builds", func(t *testing.T) {
		b := *b
		b.T = t
		b.want(`document.getElementById('base').selectedOptions[0].text`, before.Name)
		want := fmt.Sprintf("%s: %s bytes, before %s (%s)", after.Name, commas(after.Size), commas(before.Size), signed(after.Size-before.Size))
		b.want(`document.getElementById('status').textContent`, want)
		b.shot("builds-light")
		b.do(chromedp.Click("#only", chromedp.ByQuery))
		if cells := b.row("example.com/hello"); len(cells) != 3 || cells[2][0] != '+' {
			t.Errorf("row of the module that has grown: %q", cells)
		}
		b.do(chromedp.SendKeys("#search", "greatlyGrown", chromedp.ByQuery))
		if hits := b.eval(`document.querySelectorAll('#rows td button').length`); hits == "0" {
			t.Error("search does not find the function that is new")
		}
		b.key(kb.Escape)
		b.want(`document.getElementById('search').value`, "")
		b.do(chromedp.Click("#only", chromedp.ByQuery))
	})
	t.Run("two machines", func(t *testing.T) {
		b := *b
		b.T = t
		b.choose("base", "1")
		want := fmt.Sprintf("%s: %s bytes, before %s (%s)", after.Name, commas(after.Size), commas(r.Files[1].Size), signed(after.Size-r.Files[1].Size))
		b.want(`document.getElementById('status').textContent`, want)
	})
	b.choose("base", "")

	t.Run("groups", func(t *testing.T) {
		b := *b
		b.T = t
		for group, sums := range map[string]map[string]int{"section": after.Sections, "type": after.Types, "tables": after.Tables} {
			b.choose("group", group)
			for name, n := range sums {
				if cells := b.row(name); len(cells) != 3 || cells[1] != commas(n) {
					t.Errorf("grouped by %s: row %q, want %s with %s bytes", group, cells, name, commas(n))
				}
			}
		}
		b.choose("group", "module")
		// Every byte: the rows have as many as the file.
		b.want(`String([...document.querySelectorAll('#rows tr')].reduce((s, r) => s + Number(r.cells[1].textContent.replaceAll(',', '')), 0))`, fmt.Sprint(after.Size))
	})
	t.Run("mouse", func(t *testing.T) {
		b := *b
		b.T = t
		b.want(`[...document.querySelectorAll('#path button')].map(x => x.textContent).join('/')`, after.Name)
		b.do(chromedp.MouseClickXY(100, 300))
		b.want(`[...document.querySelectorAll('#path button')].map(x => x.textContent).join('/')`, after.Name+"/std")
		b.do(chromedp.Click(`//tbody//button[text()="runtime"]`, chromedp.BySearch))
		b.want(`[...document.querySelectorAll('#path button')].map(x => x.textContent).join('/')`, after.Name+"/std/runtime")
		b.shot("runtime-light")
		b.do(chromedp.Click(`#path button`, chromedp.ByQuery))
		b.want(`document.querySelectorAll('#path button').length`, "1")
	})
	t.Run("keys", func(t *testing.T) {
		b := *b
		b.T = t
		b.do(chromedp.Focus(".box[tabindex='0']", chromedp.ByQuery))
		first := b.eval(`document.activeElement.getAttribute('aria-label')`)
		b.key(kb.ArrowRight)
		if second := b.eval(`document.activeElement.getAttribute('aria-label')`); second == first || !strings.Contains(second, " bytes") {
			t.Errorf("the arrow key went from %q to %q", first, second)
		}
		b.key(kb.ArrowLeft)
		b.want(`document.activeElement.getAttribute('aria-label')`, first)
		b.key(kb.Enter)
		b.want(`document.querySelectorAll('#path button').length`, "2")
		b.key(kb.Escape)
		b.want(`document.querySelectorAll('#path button').length`, "1")
		b.want(`document.activeElement.getAttribute('aria-label')`, first)
		// As a keyboard does: the character comes only if the page lets the key through.
		b.do(input.DispatchKeyEvent(input.KeyDown).WithKey("/").WithText("/"), input.DispatchKeyEvent(input.KeyUp).WithKey("/"))
		b.want(`document.getElementById('search').value`, "")
		b.want(`document.activeElement.id`, "search")
		b.do(chromedp.SendKeys("#search", "mallocgc", chromedp.ByQuery))
		if rows := b.eval(`document.querySelector('#rows').textContent`); !strings.Contains(rows, "mallocgc") || !strings.Contains(rows, "found") {
			t.Errorf("found %.200q", rows)
		}
		if dim := b.eval(`document.querySelectorAll('.box.dim').length > 0 && document.querySelectorAll('.box:not(.dim)').length > 0`); dim != "true" {
			t.Error("the search dims nothing, or all")
		}
		b.shot("search-light")
		b.key(kb.Escape)
	})
	t.Run("themes", func(t *testing.T) {
		b := *b
		b.T = t
		background := `getComputedStyle(document.body).backgroundColor`
		b.want(background, "rgb(255, 255, 255)")
		b.shot("light")
		b.do(chromedp.Click("#theme", chromedp.ByQuery))
		b.want(background, "rgb(13, 17, 23)")
		b.shot("dark")
		b.choose("base", "2")
		b.shot("builds-dark")
		b.choose("base", "")
		b.do(emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}),
			chromedp.Reload(), chromedp.WaitVisible(".box", chromedp.ByQuery))
		b.want(background, "rgb(13, 17, 23)")
	})
	t.Run("narrow", func(t *testing.T) {
		b := *b
		b.T = t
		b.do(emulation.SetDeviceMetricsOverride(400, 800, 1, true), chromedp.Sleep(300*time.Millisecond))
		b.want(`document.documentElement.scrollWidth <= 400`, "true")
		b.shot("narrow-dark")
	})
	for _, p := range b.problems {
		t.Error(p)
	}
}
