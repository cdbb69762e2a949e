package sqltext

import (
	"errors"
	"io"
	"slices"
	"strings"
)

// Scanner cuts a text that it reads piece by piece into the statements that Split
// would find. It holds one statement and a window of the text at a time, however
// long the text is. Use it like a bufio.Scanner; it is not for concurrent use.
type Scanner struct {
	// Keep chooses the comments that Comments returns; nil: none.
	Keep func(Token) bool

	r      io.Reader
	chunk  int // bytes to read the next time, at least
	most   int // what chunk grows to
	margin int // a token this near the window's end may go on behind it

	lexer    *Lexer
	split    *splitter
	safe     Lexer // the lexer at the last place outside a statement
	eof      bool
	done     bool
	err      error
	current  Statement
	comments []Token // kept since the statement before
	fresh    []Token // those of them behind safe
}

// Sizes of a Scanner's window.
const (
	scanMost   = 1 << 20
	scanMargin = 4 << 10 // longer than any name, dollar quote's tag or number
)

// NewScanner returns a scanner at the start of r, which has about size bytes.
func NewScanner(d Dialect, r io.Reader, size int64) *Scanner {
	return newScanner(d, r, int(min(max(size+1, 1), scanMost)), scanMost, scanMargin)
}

func newScanner(d Dialect, r io.Reader, first, most, margin int) *Scanner {
	s := &Scanner{r: r, chunk: first, most: most, margin: margin, lexer: NewLexer(d, ""), split: newSplitter(d)}
	s.safe = *s.lexer
	return s
}

// Statement is the statement that Scan found. Its Text holds on to a window of the
// text; do not keep many.
func (s *Scanner) Statement() Statement { return s.current }

// Comments are the kept comments behind the previous statement's end, up to the
// end of this one; behind the last statement, those up to the text's end.
func (s *Scanner) Comments() []Token { return s.comments }

// Err is the error that ended the scan, nil at the text's end: a *SyntaxError as
// Split has it, or the reader's.
func (s *Scanner) Err() error { return s.err }

// Scan goes on to the next statement; false at the text's end or an error.
func (s *Scanner) Scan() bool {
	s.current, s.comments = Statement{}, nil
	for !s.done && len(s.split.statements) == 0 {
		if s.err = s.step(); s.err != nil {
			s.done = true
			return false
		}
	}
	s.settle()
	if len(s.split.statements) == 0 {
		return false
	}
	s.current, s.split.statements = s.split.statements[0], nil
	return true
}

// step takes one token, or reads on when it may not be whole.
func (s *Scanner) step() error {
	tok, err := s.lexer.Next()
	if !s.eof && (err != nil || s.lexer.pos.Offset+s.margin > s.end()) {
		return s.more()
	}
	if errors.Is(err, io.EOF) {
		s.done = true
		_, err := s.split.finish(s.lexer)
		return err
	}
	if err == nil {
		err = s.split.add(tok, s.lexer)
	}
	if err != nil {
		return err
	}
	if (tok.Kind == LineComment || tok.Kind == BlockComment) && s.Keep != nil && s.Keep(tok) {
		s.fresh = append(s.fresh, tok)
	}
	if !s.split.started {
		s.settle()
	}
	return nil
}

// settle makes the present place the one to go back to.
func (s *Scanner) settle() {
	s.safe = *s.lexer
	s.safe.opened, s.safe.brackets = slices.Clone(s.lexer.opened), slices.Clone(s.lexer.brackets)
	s.comments, s.fresh = append(s.comments, s.fresh...), nil
}

// end is the offset behind the window.
func (s *Scanner) end() int { return s.lexer.base + len(s.lexer.src) }

// more reads on and goes back to the last safe place. The window at least doubles
// when a statement does not fit, so that a long one is not read over and over.
func (s *Scanner) more() error {
	rest := s.lexer.src[s.safe.pos.Offset-s.lexer.base:]
	buffer := make([]byte, len(rest)+max(s.chunk, len(rest)))
	s.chunk = min(2*s.chunk, s.most)
	n, err := io.ReadFull(s.r, buffer[copy(buffer, rest):])
	s.eof = errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
	if err != nil && !s.eof {
		return err
	}
	window := string(buffer[:len(rest)+n])
	lexer := s.safe
	lexer.opened, lexer.brackets = slices.Clone(s.safe.opened), slices.Clone(s.safe.brackets)
	lexer.src, lexer.base, lexer.err = window, s.safe.pos.Offset, nil
	lexer.last = strings.Clone(lexer.last) // else it holds on to the window before
	s.lexer, s.fresh = &lexer, nil
	s.split.src, s.split.base = window, lexer.base
	s.split.current, s.split.started, s.split.body = Statement{}, false, s.split.newBody()
	return nil
}
