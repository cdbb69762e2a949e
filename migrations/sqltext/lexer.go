package sqltext

import (
	"io"
	"strings"
	"unicode/utf8"
)

const byteOrderMark = "\uFEFF"

// Lexer cuts a text into tokens, one per call of Next. It holds no more than
// its place in the text and the open brackets, and is not safe for concurrent
// use.
type Lexer struct {
	src  string
	base int // the offset at which src begins: it may be a window of the text
	scan func(*Lexer, string) (Kind, int, *SyntaxError)
	pos  Pos
	err  error

	prev    Kind   // of the last significant token; Semicolon at the start of a statement
	prevEnd int    // the offset behind it
	last    string // its text

	parens   int   // open ( of this statement
	brackets []int // for every open [ of this statement, the parens open at it

	escapes escapeState // PostgreSQL: whether a plain string continues an E''
	delim   string      // MySQL: what ends a statement
	opened  []Pos       // MySQL: the executable comments that are open
}

// NewLexer returns a lexer at the start of src.
func NewLexer(d Dialect, src string) *Lexer {
	l := &Lexer{src: src, scan: scanPostgres, pos: Pos{Line: 1, Column: 1}, prev: Semicolon, delim: ";"}
	if d == MySQL {
		l.scan = scanMySQL
	}
	return l
}

// Next returns the next token. At the end it returns io.EOF; a string, comment
// or dollar quote that never ends is a *SyntaxError at the place it starts. An
// error is final: further calls return it again.
func (l *Lexer) Next() (Token, error) {
	if l.err != nil {
		return Token{}, l.err
	}
	rest := l.src[l.pos.Offset-l.base:]
	if rest == "" {
		l.err = l.end()
		return Token{}, l.err
	}
	kind, n, err := l.next(rest)
	if err != nil {
		l.err = err
		return Token{}, err
	}
	tok := Token{Kind: kind, Text: rest[:n], Pos: l.pos}
	l.advance(tok.Text)
	l.remember(tok)
	return tok, nil
}

// next scans the token at the start of rest, which is not empty.
func (l *Lexer) next(rest string) (Kind, int, *SyntaxError) {
	if l.pos.Offset == 0 && strings.HasPrefix(rest, byteOrderMark) {
		return Space, len(byteOrderMark), nil
	}
	if isSpace(rest[0]) {
		return Space, scanWhile(rest, 1, isSpace), nil
	}
	return l.scan(l, rest)
}

func (l *Lexer) end() error {
	if n := len(l.opened); n > 0 {
		return &SyntaxError{Pos: l.opened[n-1], Msg: "unterminated executable comment"}
	}
	return io.EOF
}

// unterminated is the error for a token that starts here and never ends.
func (l *Lexer) unterminated(what string) *SyntaxError {
	return &SyntaxError{Pos: l.pos, Msg: "unterminated " + what}
}

// advance moves the position behind text, which starts at it.
func (l *Lexer) advance(text string) {
	if l.pos.Offset == 0 && text == byteOrderMark {
		l.pos.Offset = len(text)
		return
	}
	start := l.pos.Offset
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == '\n', c == '\r' && !strings.HasPrefix(l.src[start-l.base+i+1:], "\n"):
			l.pos.Line++
			l.pos.Column = 1
			i++
		case c < utf8.RuneSelf:
			l.pos.Column++
			i++
		default:
			_, size := utf8.DecodeRuneInString(text[i:])
			l.pos.Column++
			i += size
		}
	}
	l.pos.Offset = start + len(text)
}

// remember keeps what the reading of later tokens depends on.
func (l *Lexer) remember(tok Token) {
	l.escapes = l.escapes.after(tok)
	if !tok.Significant() || tok.Kind == Conditional {
		return
	}
	l.prev, l.last, l.prevEnd = tok.Kind, tok.Text, l.pos.Offset
	switch tok.Kind {
	case Semicolon:
		if l.parens == 0 {
			l.brackets = l.brackets[:0]
		}
	case MetaCommand:
		l.prev = Semicolon
	case Operator:
		l.bracket(tok.Text)
	}
}

// bracket keeps count of the open parentheses and brackets.
func (l *Lexer) bracket(text string) {
	switch text {
	case "(":
		l.parens++
	case ")":
		l.parens = max(l.parens-1, 0)
	case "[":
		l.brackets = append(l.brackets, l.parens)
	case "]":
		l.brackets = l.brackets[:max(len(l.brackets)-1, 0)]
	}
}

// colon scans what starts with a colon: a cast, an assignment, a parameter or
// a colon alone.
func (l *Lexer) colon(rest string) (Kind, int) {
	if len(rest) == 1 {
		return Operator, 1
	}
	switch c := rest[1]; {
	case c == ':' || c == '=':
		return Operator, 2
	case isParamStart(c) && !l.afterOperand():
		return Param, scanWhile(rest, 2, isParamPart)
	}
	return Operator, 1
}

// afterOperand reports whether a colon here belongs to the operand before it:
// because it touches it, or because both stand directly in square brackets.
func (l *Lexer) afterOperand() bool {
	switch l.prev {
	case Semicolon, MetaCommand:
		return false
	case Operator:
		if l.last != ")" && l.last != "]" {
			return false
		}
	}
	n := len(l.brackets)
	return l.prevEnd == l.pos.Offset || n > 0 && l.brackets[n-1] == l.parens
}
