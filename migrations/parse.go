package migrations

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/expandcontract/migrate/migrations/sqltext"
)

// parse reads a file and fills m, save for its statements, which go to keep with
// the section they belong to.
func (m *Migration) parse(r io.Reader, size int64, d sqltext.Dialect, keep func(*[]Statement, Statement) error) error {
	sum := newCanonical()
	checked := &checkedReader{r: io.TeeReader(r, sum), line: 1}
	scanner := sqltext.NewScanner(d, checked, size)
	first := true
	scanner.Keep = func(tok sqltext.Token) bool { return isDirective(tok) }
	p := &parser{m: m, dialect: d, keep: keep, section: &m.Statements}
	for scanner.Scan() {
		if err := p.next(scanner.Statement(), scanner.Comments()); err != nil {
			return err
		}
		first = false
	}
	if checked.err != nil {
		return &FileError{Path: m.Path, Line: checked.line, Err: checked.err, Hint: "save the file as UTF-8"}
	}
	if err := scanner.Err(); err != nil {
		return m.syntaxFault(err)
	}
	for _, tok := range scanner.Comments() {
		if err := p.directive(directiveOf(tok)); err != nil {
			return err
		}
	}
	m.Checksum = sum.sum()
	return p.finish(first)
}

func (m *Migration) syntaxFault(err error) error {
	var syntax *sqltext.SyntaxError
	if !errors.As(err, &syntax) {
		return &FileError{Path: m.Path, Err: err}
	}
	return &FileError{Path: m.Path, Line: syntax.Pos.Line, Err: errors.New(syntax.Msg), Hint: syntax.Hint}
}

// directive is one "-- migrate:NAME ARGS" comment.
type directive struct {
	pos        sqltext.Pos
	name, args string
}

const directivePrefix = "-- migrate:"

// isDirective tells the comments that start their line and speak to the tool.
func isDirective(tok sqltext.Token) bool {
	return tok.Kind == sqltext.LineComment && tok.Pos.Column == 1 && strings.HasPrefix(tok.Text, directivePrefix)
}

func directiveOf(tok sqltext.Token) directive {
	rest := strings.TrimPrefix(tok.Text, directivePrefix)
	name, args, _ := strings.Cut(strings.TrimSpace(rest), " ")
	return directive{pos: tok.Pos, name: name, args: strings.TrimSpace(args)}
}

// parser carries what the directives above a statement said down to it.
type parser struct {
	m       *Migration
	dialect sqltext.Dialect
	keep    func(*[]Statement, Statement) error
	section *[]Statement
	count   int // statements of the section so far
	batch   *Batch
	batchAt directive
	allow   []Waiver
	allowAt directive
}

// next takes a statement and the directives ahead of it.
func (p *parser) next(s sqltext.Statement, comments []sqltext.Token) error {
	for _, tok := range comments {
		at := directiveOf(tok)
		if tok.Pos.Offset > s.Pos.Offset {
			return p.fault(at, errors.New("the directive stands inside a statement"), "end the statement above it with a semicolon")
		}
		if err := p.directive(at); err != nil {
			return err
		}
	}
	return p.statement(s)
}

func (p *parser) fault(at directive, err error, hint string) error {
	return &FileError{Path: p.m.Path, Line: at.pos.Line, Err: fmt.Errorf("-- migrate:%s: %w", at.name, err), Hint: hint}
}

func (p *parser) directive(at directive) error {
	err := p.apply(at)
	var placed *FileError
	if err == nil || errors.As(err, &placed) {
		return err
	}
	return p.fault(at, err, "")
}

func (p *parser) apply(at directive) error {
	switch at.name {
	case "transaction":
		if at.args != "none" {
			return fmt.Errorf("unknown value %q, want none", at.args)
		}
		p.m.Autocommit = true
		return nil
	case "lock-timeout":
		return duration(&p.m.LockTimeout, at.args)
	case "statement-timeout":
		return duration(&p.m.StatementTimeout, at.args)
	case "backfill":
		return p.backfill(at)
	case "verify":
		return p.enter(&p.m.Verify, at)
	case "undo":
		if p.m.Phase != Pre {
			return fmt.Errorf("only a pre migration can be taken back")
		}
		return p.enter(&p.m.Undo, at)
	case "allow":
		return p.waive(at)
	default:
		return fmt.Errorf("unknown directive, want transaction, lock-timeout, statement-timeout, backfill, verify, undo or allow")
	}
}

func duration(into **time.Duration, text string) error {
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return fmt.Errorf("%q is no duration, want for instance 500ms, 2s or 20m", text)
	}
	*into = &d
	return nil
}

// enter starts a section; what follows belongs to it.
func (p *parser) enter(section *[]Statement, at directive) error {
	if at.args != "" {
		return fmt.Errorf("unexpected %q", at.args)
	}
	if err := p.dangling(); err != nil {
		return err
	}
	p.section, p.count = section, len(*section)
	return nil
}

func (p *parser) waive(at directive) error {
	rule, reason, _ := strings.Cut(at.args, " because ")
	rule, reason = strings.TrimSpace(rule), strings.TrimSpace(reason)
	if rule == "" || reason == "" || strings.Contains(rule, " ") {
		return fmt.Errorf("want RULE because REASON")
	}
	p.allow, p.allowAt = append(p.allow, Waiver{Rule: rule, Reason: reason, Pos: at.pos}), at
	return nil
}

func (p *parser) statement(s sqltext.Statement) error {
	p.count++
	statement := Statement{Statement: s, Ordinal: p.count, Batch: p.batch, Allow: p.allow}
	p.batch, p.allow = nil, nil
	if p.section == &p.m.Statements {
		if err := p.m.checkBatch(statement, p.dialect); err != nil {
			return &FileError{Path: p.m.Path, Line: s.Pos.Line, Err: err}
		}
	}
	return p.keep(p.section, statement)
}

// dangling refuses a header or waiver that no statement follows.
func (p *parser) dangling() error {
	if p.batch != nil {
		return p.fault(p.batchAt, errors.New("no statement below it"), "")
	}
	if len(p.allow) > 0 {
		return p.fault(p.allowAt, errors.New("no statement below it"), "")
	}
	return nil
}

// finish checks what only the whole file shows.
func (p *parser) finish(empty bool) error {
	if err := p.dangling(); err != nil {
		return err
	}
	if empty || p.m.Count() == 0 && len(p.m.Verify) == 0 {
		return &FileError{Path: p.m.Path, Err: errors.New("the file holds no statement")}
	}
	return nil
}

// checkedReader lets UTF-8 through, and nothing else; a zero byte is none that a
// server would take.
type checkedReader struct {
	r    io.Reader
	part []byte // the first bytes of a character whose rest is not read yet
	line int
	err  error
}

func (c *checkedReader) Read(p []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	n, err := c.r.Read(p)
	if n == 0 && errors.Is(err, io.EOF) && len(c.part) > 0 {
		c.err = errNotUTF8
		return 0, c.err
	}
	c.check(append(c.part, p[:n]...))
	if c.err != nil {
		return 0, c.err
	}
	return n, err
}

var (
	errNotUTF8 = errors.New("the text is not UTF-8")
	errZero    = errors.New("the text holds a zero byte")
)

func (c *checkedReader) check(text []byte) {
	c.part = nil
	for i := 0; i < len(text); {
		switch b := text[i]; {
		case b == '\n':
			c.line++
			i++
		case b == 0:
			c.err = errZero
			return
		case b < utf8.RuneSelf:
			i++
		case !utf8.FullRune(text[i:]):
			c.part = append([]byte{}, text[i:]...)
			return
		default:
			r, size := utf8.DecodeRune(text[i:])
			if r == utf8.RuneError && size == 1 {
				c.err = errNotUTF8
				return
			}
			i += size
		}
	}
}
