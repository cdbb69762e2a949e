package sqltext

import (
	"errors"
	"io"
	"strings"
)

// Statement is one SQL statement of a text. Text is a slice of the input that
// starts and ends with a token of SQL: blank space and comments around it and
// the semicolon behind it are left out. Pos is its start, End the place right
// behind it.
type Statement struct {
	Text string
	Pos  Pos
	End  Pos
}

// Split cuts a text into its statements, in order; empty ones are left out.
//
// In PostgreSQL a semicolon in parentheses (CREATE RULE ... DO ALSO (a; b)) or
// in a BEGIN ATOMIC body ends nothing. In MySQL the bodies of CREATE PROCEDURE,
// FUNCTION, TRIGGER and EVENT and MariaDB's BEGIN NOT ATOMIC stay whole, and
// DELIMITER is obeyed: under another delimiter than a semicolon nothing but it
// ends a statement, as in the mysql client.
//
// The error is a *SyntaxError: for text that cannot be lexed; for a body or, in
// PostgreSQL, a parenthesis that never closes; and for what only a client can
// run: backslash commands, and in PostgreSQL COPY FROM STDIN (psql manual,
// "Meta-Commands"; PostgreSQL manual, COPY) and DELIMITER.
func Split(d Dialect, src string) ([]Statement, error) {
	s := newSplitter(d)
	s.src = src
	lexer := NewLexer(d, src)
	for {
		tok, err := lexer.Next()
		if errors.Is(err, io.EOF) {
			return s.finish(lexer)
		}
		if err != nil {
			return nil, err
		}
		if err := s.add(tok, lexer); err != nil {
			return nil, err
		}
	}
}

// body follows the tokens of one statement to tell whether a semicolon ends it.
type body interface {
	// add takes the next token, which is neither blank space nor a comment. It
	// refuses what the server could not run.
	add(tok Token) *SyntaxError
	// open returns what encloses a semicolon here, nil for nothing.
	open() *SyntaxError
}

type splitter struct {
	src        string
	base       int // the offset at which src begins
	newBody    func() body
	body       body
	statements []Statement
	current    Statement
	started    bool
}

func newSplitter(d Dialect) *splitter {
	s := &splitter{newBody: newPostgresBody}
	if d == MySQL {
		s.newBody = newMySQLBody
	}
	s.body = s.newBody()
	return s
}

func (s *splitter) add(tok Token, lexer *Lexer) error {
	if !tok.Significant() {
		return nil
	}
	switch tok.Kind {
	case MetaCommand:
		if tok.Text[0] == '\\' {
			return refuseMeta(tok)
		}
		return nil
	case Semicolon:
		if tok.Text != ";" || s.body.open() == nil {
			s.end()
			return nil
		}
	}
	blank := tok.Kind == Operator && tok.Text == ";" && len(lexer.opened) == 0
	if !s.started && !blank {
		s.current.Pos = tok.Pos
		s.started = true
	}
	if !blank {
		s.current.End = lexer.pos
	}
	if err := s.body.add(tok); err != nil {
		return err
	}
	return nil
}

// end closes the current statement, if there is one.
func (s *splitter) end() {
	if s.started {
		s.current.Text = s.src[s.current.Pos.Offset-s.base : s.current.End.Offset-s.base]
		s.statements = append(s.statements, s.current)
	}
	s.current, s.started, s.body = Statement{}, false, s.newBody()
}

// finish ends the last statement. Under a DELIMITER of its own the text says
// itself where a body ends.
func (s *splitter) finish(lexer *Lexer) ([]Statement, error) {
	if err := s.body.open(); err != nil && lexer.delim == ";" {
		return nil, err
	}
	s.end()
	return s.statements, nil
}

func refuseMeta(tok Token) *SyntaxError {
	name, _, _ := strings.Cut(strings.TrimRight(tok.Text, " \t\r"), " ")
	return &SyntaxError{
		Pos:  tok.Pos,
		Msg:  "client command " + firstRunes(name, 20),
		Hint: "the server cannot run it: write the SQL it stands for",
	}
}

func firstRunes(s string, n int) string {
	for i := range s {
		if n--; n < 0 {
			return s[:i]
		}
	}
	return s
}
