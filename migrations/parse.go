package migrations

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/expandcontract/migrate/migrations/sqltext"
)

// parse fills m from its file's text.
func (m *Migration) parse(src string, d sqltext.Dialect) error {
	m.Checksum = Checksum(src)
	directives, err := directivesOf(src, d)
	if err != nil {
		return m.syntaxFault(err)
	}
	statements, err := sqltext.Split(d, src)
	if err != nil {
		return m.syntaxFault(err)
	}
	p := &parser{m: m, section: &m.Statements}
	for _, s := range statements {
		for len(directives) > 0 && directives[0].pos.Offset < s.Pos.Offset {
			if err := p.directive(directives[0]); err != nil {
				return err
			}
			directives = directives[1:]
		}
		if len(directives) > 0 && directives[0].pos.Offset < s.End.Offset {
			return p.fault(directives[0], errors.New("the directive stands inside a statement"), "end the statement above it with a semicolon")
		}
		p.statement(s)
	}
	for _, left := range directives {
		if err := p.directive(left); err != nil {
			return err
		}
	}
	return p.finish(d)
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

// directivesOf finds the directives: comments (never text inside a string or a
// body) that start their line.
func directivesOf(src string, d sqltext.Dialect) ([]directive, error) {
	if !strings.Contains(src, directivePrefix) {
		return nil, nil
	}
	var found []directive
	lexer := sqltext.NewLexer(d, src)
	for {
		token, err := lexer.Next()
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return nil, err
		}
		rest, ok := strings.CutPrefix(token.Text, directivePrefix)
		if !ok || token.Kind != sqltext.LineComment || !startsLine(src, token.Pos) {
			continue
		}
		name, args, _ := strings.Cut(strings.TrimSpace(rest), " ")
		found = append(found, directive{pos: token.Pos, name: name, args: strings.TrimSpace(args)})
	}
}

func startsLine(src string, pos sqltext.Pos) bool {
	before := strings.TrimPrefix(src[:pos.Offset], "\ufeff")
	return before == "" || strings.HasSuffix(before, "\n") || strings.HasSuffix(before, "\r")
}

// parser carries what the directives above a statement said down to it.
type parser struct {
	m       *Migration
	section *[]Statement
	batch   *Batch
	batchAt directive
	allow   []Waiver
	allowAt directive
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
	p.section = section
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

func (p *parser) statement(s sqltext.Statement) {
	*p.section = append(*p.section, Statement{Statement: s, Ordinal: len(*p.section) + 1, Batch: p.batch, Allow: p.allow})
	p.batch, p.allow = nil, nil
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
func (p *parser) finish(d sqltext.Dialect) error {
	if err := p.dangling(); err != nil {
		return err
	}
	if len(p.m.Statements) == 0 && len(p.m.Verify) == 0 {
		return &FileError{Path: p.m.Path, Err: errors.New("the file holds no statement")}
	}
	for _, s := range p.m.Statements {
		if err := p.m.checkBatch(s, d); err != nil {
			return &FileError{Path: p.m.Path, Line: s.Pos.Line, Err: err}
		}
	}
	return nil
}
