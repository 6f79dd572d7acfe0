package sdkcheck

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"go/scanner"
	"go/token"
	"hash"
	"io"
	"strconv"
	"strings"
)

// A declaration is one declaration at the top level of a Go file: a function, a type, a variable, or all constants of one
// const (…), because iota ties them together.
type declaration struct {
	name   string          // "func (*T).f", "type T", "var a,b", "const First"; the second of a name gets "#2"
	digest string          // of its tokens, see digestLen
	idents map[string]bool // all identifiers in it
}

// digestLen is the number of hexadecimal digits of a digest: 80 bits, far more than chance needs. A person who can
// choose the sources of an SDK needs no collision.
const digestLen = 20

// declarations splits a Go file. It needs no parser, so the Go release that it is built with may be older than the file:
// a new syntax has the same tokens. Comments, layout and imports do not count.
func declarations(file string, src []byte) ([]declaration, error) {
	s := splitter{file: file, seen: map[string]int{}}
	s.fset = token.NewFileSet()
	s.pos = s.fset.AddFile(file, -1, len(src))
	s.scan.Init(s.pos, src, func(at token.Position, msg string) {
		if s.err == nil {
			s.err = fmt.Errorf("%s:%d:%d: %s", file, at.Line, at.Column, msg)
		}
	}, 0)
	for s.next(); s.tok != token.EOF && s.err == nil; {
		switch s.tok {
		case token.SEMICOLON:
			s.next()
		case token.PACKAGE, token.IMPORT:
			s.skip()
		case token.FUNC:
			s.function()
		case token.TYPE, token.VAR, token.CONST:
			s.group()
		default:
			s.fail("want a declaration")
		}
	}
	return s.out, s.err
}

// A splitter reads the tokens of one file.
type splitter struct {
	file string
	fset *token.FileSet
	pos  *token.File
	scan scanner.Scanner
	at   token.Pos
	tok  token.Token
	lit  string
	out  []declaration
	seen map[string]int
	err  error
}

func (s *splitter) next() { s.at, s.tok, s.lit = s.scan.Scan() }

func (s *splitter) fail(want string) {
	if s.err == nil {
		at := s.fset.Position(s.at)
		s.err = fmt.Errorf("%s:%d:%d: found %s %q, %s", s.file, at.Line, at.Column, s.tok, s.lit, want)
	}
}

// skip reads up to the end of a declaration.
func (s *splitter) skip() { s.body(newDigest()) }

// function reads a function declaration. Its receiver names it, without type parameters.
func (s *splitter) function() {
	d := newDigest()
	d.add(s.tok, s.lit)
	s.next()
	receiver := ""
	if s.tok == token.LPAREN {
		pointer, last, brackets := "", "", 0
		for s.tok != token.RPAREN && s.err == nil {
			switch {
			case s.tok == token.EOF:
				s.fail("want the end of the receiver")
			case s.tok == token.LBRACK:
				brackets++
			case s.tok == token.RBRACK:
				brackets--
			case brackets > 0: // type parameters
			case s.tok == token.MUL:
				pointer = "*"
			case s.tok == token.IDENT:
				last = s.lit
			}
			d.add(s.tok, s.lit)
			s.next()
		}
		d.add(s.tok, s.lit)
		s.next()
		receiver = last + "."
		if pointer != "" {
			receiver = "(*" + last + ")."
		}
	}
	if s.tok != token.IDENT {
		s.fail("want the name of a function")
		return
	}
	name := "func " + receiver + s.lit
	s.body(d)
	s.add(name, d)
}

// group reads a type, var or const declaration: alone or in parentheses.
func (s *splitter) group() {
	keyword := s.tok
	s.next()
	if s.tok != token.LPAREN {
		s.spec(keyword)
		return
	}
	s.next()
	if keyword != token.CONST {
		for s.tok != token.RPAREN && s.err == nil {
			if s.tok == token.SEMICOLON {
				s.next()
				continue
			}
			s.spec(keyword)
		}
		s.next()
		return
	}
	d, name, first := newDigest(), "_", true
	d.add(keyword, "")
	for depth := 1; s.err == nil; s.next() {
		switch s.tok {
		case token.LPAREN, token.LBRACE, token.LBRACK:
			depth++
		case token.RPAREN, token.RBRACE, token.RBRACK:
			depth--
		case token.EOF:
			s.fail("want the end of const (")
		case token.IDENT:
			if first && name == "_" {
				name = s.lit
			}
		}
		if depth == 0 {
			break
		}
		first = depth == 1 && s.tok == token.SEMICOLON
		d.add(s.tok, s.lit)
	}
	s.next()
	s.add("const "+name, d)
}

// spec reads one type or constant, or variables that are declared together.
func (s *splitter) spec(keyword token.Token) {
	d := newDigest()
	d.add(keyword, "")
	var names []string
	for s.tok == token.IDENT {
		names = append(names, s.lit)
		d.add(s.tok, s.lit)
		s.next()
		if s.tok != token.COMMA || keyword == token.TYPE {
			break
		}
		d.add(s.tok, s.lit)
		s.next()
	}
	if len(names) == 0 {
		s.fail("want a name")
		return
	}
	s.body(d)
	s.add(keyword.String()+" "+strings.Join(names, ","), d)
}

// body adds to d what is left of a declaration, up to the semicolon after it or the parenthesis that closes its group.
func (s *splitter) body(d *digest) {
	for depth := 0; s.err == nil; s.next() {
		switch s.tok {
		case token.LPAREN, token.LBRACE, token.LBRACK:
			depth++
		case token.RPAREN, token.RBRACE, token.RBRACK:
			if depth--; depth < 0 {
				return // of the group
			}
		case token.SEMICOLON:
			if depth == 0 {
				return
			}
		case token.EOF:
			if depth > 0 {
				s.fail("want the end of the declaration")
			}
			return
		}
		d.add(s.tok, s.lit)
	}
}

func (s *splitter) add(name string, d *digest) {
	s.seen[name]++
	if n := s.seen[name]; n > 1 {
		name += "#" + strconv.Itoa(n)
	}
	s.out = append(s.out, declaration{name, d.sum(), d.idents})
}

// A digest sums up tokens.
type digest struct {
	hash   hash.Hash
	held   string // a separator that counts only if no closing bracket follows
	idents map[string]bool
}

func newDigest() *digest { return &digest{hash: sha256.New(), idents: map[string]bool{}} }

func (d *digest) add(tok token.Token, lit string) {
	switch tok {
	case token.SEMICOLON, token.COMMA:
		// In front of a closing bracket, whether there is one depends on the layout.
		d.flush()
		d.held = tok.String()
		return
	case token.RPAREN, token.RBRACE, token.RBRACK:
		d.held = ""
	case token.IDENT:
		d.idents[lit] = true
	}
	d.flush()
	if !tok.IsLiteral() && tok != token.ILLEGAL {
		lit = ""
	}
	io.WriteString(d.hash, tok.String()+" "+lit+"\n")
}

func (d *digest) flush() {
	if d.held != "" {
		io.WriteString(d.hash, d.held+" \n")
		d.held = ""
	}
}

func (d *digest) sum() string { return hex.EncodeToString(d.hash.Sum(nil))[:digestLen] }

// assembly returns a digest of an assembly file without its comments and layout. Lines count: they end instructions.
func assembly(src []byte) string {
	h := sha256.New()
	for line := range bytes.Lines(uncommented(src)) {
		if words := bytes.Fields(line); len(words) > 0 {
			h.Write(append(bytes.Join(words, []byte(" ")), '\n'))
		}
	}
	return hex.EncodeToString(h.Sum(nil))[:digestLen]
}

// uncommented replaces each comment by a space. Text in quotes keeps what looks like one.
func uncommented(src []byte) []byte {
	var out []byte
	for i := 0; i < len(src); i++ {
		rest := src[i:]
		switch {
		case bytes.HasPrefix(rest, []byte("//")):
			n := bytes.IndexByte(rest, '\n')
			if n < 0 {
				n = len(rest)
			}
			i += n - 1
		case bytes.HasPrefix(rest, []byte("/*")):
			n := bytes.Index(rest[2:], []byte("*/"))
			if n < 0 {
				n = len(rest) - 4
			}
			i += n + 3
			out = append(out, ' ')
		case src[i] == '"':
			n := 1
			for n < len(rest) && rest[n] != '"' && rest[n] != '\n' {
				if rest[n] == '\\' {
					n++
				}
				n++
			}
			n = min(n, len(rest)-1)
			out = append(out, rest[:n+1]...)
			i += n
		default:
			out = append(out, src[i])
		}
	}
	return out
}
