package policy

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go3s/rules_go3s/internal/elfsign"
)

var signature = Rule{
	ID:       "signature",
	What:     "If the file has a section for signatures, it is whole, and every signature in it is of this file by the key that it names.",
	Why:      "A file that was changed after it was signed is refused where signatures are asked for. It should show before.",
	Evidence: "Section .elfsign, which ends the file; all bytes before it. Whether a key is to be trusted is for elfsign verify to say.",
	Remedy:   "Sign last: strip, pack and change the file before. Sign it again with elfsign.",
	Ref:      "docs/signing.md",
	Severity: Error,
	NotApplicable: func(in *Input) string {
		if in.File.Section(elfsign.Section) == nil {
			return "the file has no section " + elfsign.Section
		}
		return ""
	},
	Note: func(in *Input) string {
		p, err := elfsign.Read(in.File)
		if err != nil {
			return ""
		}
		var out []string
		for _, v := range new(elfsign.Trust).Judge(p.Content, p.Signatures, time.Time{}) {
			note := fmt.Sprintf("%v by %s", v.Kind, clip(v.Signer))
			if errors.Is(v.Err, elfsign.ErrUnknownSigner) {
				note += ", not checked: " + v.Err.Error()
			}
			out = append(out, note)
		}
		return strings.Join(out, "; ")
	},
	Check: func(in *Input) []Finding {
		p, err := elfsign.Read(in.File)
		if err != nil {
			return one("section "+elfsign.Section, "%s", clip(in.reason(err)))
		}
		if len(p.Signatures) == 0 {
			return one("section "+elfsign.Section, "it holds no signature")
		}
		var out collector
		for i, v := range new(elfsign.Trust).Judge(p.Content, p.Signatures, time.Time{}) {
			if v.Err != nil && !errors.Is(v.Err, elfsign.ErrUnknownSigner) {
				out.add(fmt.Sprintf("signature %d", i+1), "%v by %s: %v", v.Kind, clip(v.Signer), v.Err)
			}
		}
		return out
	},
}
