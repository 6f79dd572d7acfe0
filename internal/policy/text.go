package policy

import (
	"fmt"
	"strings"
)

// shownFindings is how many findings of one rule the text shows.
const shownFindings = 3

// A Style says how a report becomes text.
type Style struct {
	Colour bool // with escape sequences of terminals
	Quiet  bool // without the files of which there is nothing to say
}

// Text returns the verdict on every file as text, in one line where the file is clean, and whether one of them failed on that day.
func (r *Report) Text(day Date, style Style) (text string, failed bool) {
	var b strings.Builder
	paint := func(code, s string) string {
		if !style.Colour {
			return s
		}
		return "\x1b[" + code + "m" + s + "\x1b[0m"
	}
	for i := range r.Files {
		f := &r.Files[i]
		breaches := f.Verdict(day)
		verdict := paint("32", "ok")
		if Failed(breaches) {
			verdict, failed = paint("31", "FAIL"), true
		}
		if style.Quiet && len(breaches) == 0 && f.UnverifiedGo == "" {
			continue
		}
		judged := 0
		for _, rule := range f.Rules {
			if rule.Status != NotApplicable {
				judged++
			}
		}
		fmt.Fprintf(&b, "%s: %s (%s, %s, %d bytes, %d rules)\n", f.Name, verdict, f.Profile, f.GOARCH, f.Size, judged)
		if f.UnverifiedGo != "" {
			fmt.Fprintf(&b, "  %s Go release: %s\n", paint("33", "warning"), f.UnverifiedGo)
		}
		unjudged := 0
		for _, br := range breaches {
			if len(br.Findings) == 1 && br.Findings[0].Detail == NotUnpacked {
				unjudged++
				continue
			}
			colourOf := map[Severity]string{Error: "31", Warning: "33"}
			fmt.Fprintf(&b, "  %s %s\n", paint(colourOf[br.Severity], string(br.Severity)), br.Rule)
			for _, x := range br.Findings[:min(len(br.Findings), shownFindings)] {
				fmt.Fprintf(&b, "    %s: %s\n", x.Subject, x.Detail)
			}
			if more := len(br.Findings) + br.Omitted - shownFindings; more > 0 {
				fmt.Fprintf(&b, "    … and %d more\n", more)
			}
			// A report of a newer linkcheck may name rules that this one lacks.
			if rule, err := RuleByID(br.Rule); err == nil {
				fmt.Fprintf(&b, "    → %s\n", rule.Remedy)
			}
		}
		if unjudged > 0 {
			fmt.Fprintf(&b, "  %d more rules cannot be judged, since the program cannot be unpacked\n", unjudged)
		}
	}
	return b.String(), failed
}
