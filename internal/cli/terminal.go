package cli

import (
	"flag"
	"io"
	"os"
)

// Terminal reports whether w is a terminal.
func Terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(info, null)
}

// A Colour is the value of a flag --color.
type Colour string

// ColourFlag adds the flag to fs.
func ColourFlag(fs *flag.FlagSet) *Colour {
	c := Colour("auto")
	OneOf(fs, (*string)(&c), "color", "colours: auto (on a terminal, unless NO_COLOR is set or TERM is dumb), always or never: `when`",
		"auto", "always", "never")
	return &c
}

// On reports whether what is written to w has colours.
func (c *Colour) On(w io.Writer) bool {
	switch *c {
	case "always":
		return true
	case "never":
		return false
	}
	return Terminal(w) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}
