package main

import (
	"fmt"
	"strconv"
	"strings"
	"text/scanner"
)

// A message is a protocol buffer in text form, by the names of its fields: what starlark_doc_extract writes.
type message map[string][]value

// A value is a message, or the text of a string, number or enumerator.
type value struct {
	message message
	text    string
}

// parse reads a message in text form. name is that of the file, for errors.
func parse(name, text string) (message, error) {
	p := &parser{}
	p.s.Init(strings.NewReader(text))
	p.s.Filename = name
	p.s.Mode = scanner.ScanIdents | scanner.ScanInts | scanner.ScanStrings
	p.s.Error = func(*scanner.Scanner, string) {} // Scan's next token shows it
	m, err := p.fields(scanner.EOF)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.s.Position, err)
	}
	return m, nil
}

type parser struct{ s scanner.Scanner }

// fields reads fields up to the token end.
func (p *parser) fields(end rune) (message, error) {
	m := message{}
	for {
		tok := p.s.Scan()
		if tok == end {
			return m, nil
		}
		if tok != scanner.Ident {
			return nil, fmt.Errorf("found %q, want the name of a field", p.s.TokenText())
		}
		name := p.s.TokenText()
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		m[name] = append(m[name], v)
	}
}

// value reads what follows the name of a field.
func (p *parser) value() (value, error) {
	switch tok := p.s.Scan(); tok {
	case '{':
		m, err := p.fields('}')
		return value{message: m}, err
	case ':':
	default:
		return value{}, fmt.Errorf("found %q, want ':' or '{'", p.s.TokenText())
	}
	switch tok := p.s.Scan(); tok {
	case scanner.Ident, scanner.Int:
		return value{text: p.s.TokenText()}, nil
	case scanner.String:
		// Java's TextFormat escapes ' as well, which Go's strings do not know.
		text, err := strconv.Unquote(strings.ReplaceAll(p.s.TokenText(), `\'`, `'`))
		if err != nil {
			return value{}, fmt.Errorf("the string %s: %w", p.s.TokenText(), err)
		}
		return value{text: text}, nil
	case '-':
		p.s.Scan()
		return value{text: "-" + p.s.TokenText()}, nil
	default:
		return value{}, fmt.Errorf("found %q, want a value", p.s.TokenText())
	}
}

// text returns the value of a field, empty if there is none.
func (m message) text(name string) string {
	if len(m[name]) == 0 {
		return ""
	}
	return m[name][0].text
}

// messages returns the messages of a repeated field.
func (m message) messages(name string) []message {
	var messages []message
	for _, v := range m[name] {
		messages = append(messages, v.message)
	}
	return messages
}
