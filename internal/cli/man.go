package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

func sortedKeys(m map[string][]string) []string { return slices.Sorted(maps.Keys(m)) }

// man returns the manual page in the language of man(7).
func man(t *Tool) string {
	var b strings.Builder
	fmt.Fprintf(&b, ".TH %s 1 \"\" \"rules_go3s\" \"rules_go3s\"\n", roff(strings.ToUpper(t.Name)))
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n.SH SYNOPSIS\n.nf\n", roff(t.Name), roff(t.What))
	for i := range t.Commands {
		fmt.Fprintf(&b, "%s\n", roff(t.Synopsis(&t.Commands[i])))
	}
	b.WriteString(".fi\n")
	if t.named() {
		b.WriteString(".SH COMMANDS\n")
	} else {
		b.WriteString(".SH DESCRIPTION\n")
	}
	for i := range t.Commands {
		c := &t.Commands[i]
		if c.Name != "" {
			fmt.Fprintf(&b, ".SS %s %s\n", roff(t.Name), roff(c.Name))
		}
		if c.Before != "" {
			manText(&b, c.Before)
		} else {
			fmt.Fprintf(&b, "%s\n", roff(sentence(c.What)))
		}
		if c.Name == "" && len(c.Flags) > 0 {
			b.WriteString(".SH OPTIONS\n")
		}
		for _, f := range c.Flags {
			fmt.Fprintf(&b, ".TP\n\\fB%s\\fP", strings.Join(mapped(f.Names, roff), `\fP, \fB`))
			if f.Arg != "" {
				fmt.Fprintf(&b, " \\fI%s\\fP", roff(f.Arg))
			}
			fmt.Fprintf(&b, "\n%s\n", roff(f.Help))
		}
		if c.After != "" {
			b.WriteString(".PP\n")
			manText(&b, c.After)
		}
	}
	b.WriteString(".SH SELF-DESCRIPTION\n" + roff(aboutFlags))
	b.WriteString(".SH EXIT STATUS\n")
	for status, meaning := range t.Exit {
		fmt.Fprintf(&b, ".TP\n.B %d\n%s\n", status, roff(meaning))
	}
	return b.String()
}

func mapped(list []string, f func(string) string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = f(s)
	}
	return out
}

// manText writes paragraphs, between which is an empty line. Lines that begin with a tab are shown as they are.
func manText(b *strings.Builder, text string) {
	literal, paragraph := false, false
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		code, isCode := strings.CutPrefix(line, "\t")
		if isCode != literal && line != "" {
			literal = isCode
			if literal {
				b.WriteString(".PP\n.RS 4\n.nf\n")
			} else {
				b.WriteString(".fi\n.RE\n.PP\n")
			}
			paragraph = false
		}
		if line == "" {
			paragraph = true
			continue
		}
		if paragraph {
			paragraph = false
			b.WriteString(".PP\n")
		}
		b.WriteString(roff(code) + "\n")
	}
	if literal {
		b.WriteString(".fi\n.RE\n")
	}
}

// roff makes s mean itself, also where a line begins.
func roff(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`).Replace(s)
	if strings.HasPrefix(s, ".") {
		s = `\&` + s
	}
	return s
}
