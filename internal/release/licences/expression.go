package licences

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// An Expression is an SPDX licence expression (SPDX 2.3, annex D): licences, of which all hold (AND) or one may choose (OR).
type Expression struct {
	id       string // of a licence, "ID WITH EXCEPTION" with an exception; empty for others
	operator string // AND or OR between the parts
	parts    []Expression
}

var idRE = regexp.MustCompile(`^(DocumentRef-[A-Za-z0-9.-]+:)?[A-Za-z0-9.+-]+$`)

// ParseExpression reads an expression. Whether SPDX lists its identifiers is not looked up: LicenseRef-… is anybody's.
func ParseExpression(text string) (Expression, error) {
	p := &parser{words: strings.Fields(strings.NewReplacer("(", " ( ", ")", " ) ").Replace(text))}
	e, err := p.list("OR")
	if err == nil && len(p.words) > 0 {
		err = fmt.Errorf("found %q, want AND, OR, WITH or the end", p.words[0])
	}
	if err != nil {
		return Expression{}, fmt.Errorf("%q is no SPDX licence expression, such as MIT or (MIT OR Apache-2.0): %w", text, err)
	}
	return e, nil
}

type parser struct{ words []string }

// next takes the next word if it is the given one.
func (p *parser) next(word string) bool {
	if len(p.words) == 0 || p.words[0] != word {
		return false
	}
	p.words = p.words[1:]
	return true
}

// list reads parts with an operator between. Those of OR are lists of AND, which binds more tightly.
func (p *parser) list(operator string) (Expression, error) {
	e := Expression{operator: operator}
	for {
		read := p.part
		if operator == "OR" {
			read = func() (Expression, error) { return p.list("AND") }
		}
		part, err := read()
		if err != nil {
			return Expression{}, err
		}
		e.parts = append(e.parts, part)
		if !p.next(operator) {
			return e, nil
		}
	}
}

// part reads what is between operators.
func (p *parser) part() (Expression, error) {
	if p.next("(") {
		e, err := p.list("OR")
		if err == nil && !p.next(")") {
			err = fmt.Errorf("a %q without %q", "(", ")")
		}
		return e, err
	}
	id, err := p.identifier()
	if err == nil && p.next("WITH") {
		var exception string
		exception, err = p.identifier()
		id += " WITH " + exception
	}
	return Expression{id: id}, err
}

func (p *parser) identifier() (string, error) {
	if len(p.words) == 0 {
		return "", fmt.Errorf("it ends where an identifier is missing")
	}
	id := p.words[0]
	if !idRE.MatchString(id) || slices.Contains([]string{"AND", "OR", "WITH"}, id) {
		return "", fmt.Errorf("found %q, want an identifier", id)
	}
	p.words = p.words[1:]
	return id, nil
}

// Problems returns what judge says of the licences that hold, as far as one may not choose others; judge says "" of one that is fine.
func (e Expression) Problems(judge func(id string) string) []string {
	if e.operator == "" {
		if problem := judge(e.id); problem != "" {
			return []string{problem}
		}
		return nil
	}
	var out []string
	for _, part := range e.parts {
		problems := part.Problems(judge)
		if e.operator == "OR" && problems == nil {
			return nil
		}
		out = append(out, problems...)
	}
	return out
}
