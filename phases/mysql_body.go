package phases

import (
	"strings"

	"github.com/expandcontract/migrate/migrations/sqltext"
)

// compoundEffects reads the SQL statements in a routine's body or a compound
// statement, whatever the branches and loops around them (MySQL Reference
// Manual, "Compound Statement Syntax"; MariaDB's BEGIN NOT ATOMIC).
func compoundEffects(sql string, tokens []sqltext.Token) []Effect {
	b := &body{cursor: cursor{sql: sql, tokens: tokens}}
	for !b.done() {
		b.statement()
	}
	return b.effects
}

// body stands at the start of a statement between calls of statement.
type body struct {
	cursor
	effects []Effect
}

// statement reads up to where the next statement starts.
func (b *body) statement() {
	if isName(b.peek()) && b.ahead(1).Text == ":" {
		b.i += 2 // a label
		return
	}
	word := ""
	if b.peek().Kind == sqltext.Word {
		word = strings.ToUpper(b.peek().Text)
	}
	switch word {
	case "BEGIN":
		b.next()
		b.accept("NOT", "ATOMIC")
	case "ELSE", "LOOP", "REPEAT", "EXCEPTION":
		b.next()
	case "IF", "ELSEIF", "WHEN":
		b.behind("THEN")
	case "WHILE", "FOR":
		b.behind("DO")
	case "CASE":
		b.next()
		b.i = b.findPart("WHEN")
	case "UNTIL":
		b.behind("END")
		b.simpleEnd()
	case "DECLARE":
		b.declare()
	default:
		b.simple(word)
	}
}

// behind goes behind the next such word of this statement.
func (b *body) behind(word string) {
	b.next()
	b.i = min(b.findPart(word)+1, len(b.tokens))
}

// findPart is the index of the next such word that is not inside parentheses or a
// CASE expression.
func (b *body) findPart(word string) int {
	depth := 0
	for i := b.i; i < len(b.tokens); i++ {
		switch tok := b.tokens[i]; {
		case depth <= 0 && tok.Is(word):
			return i
		case tok.Text == "(" || tok.Is("CASE"):
			depth++
		case tok.Text == ")" || tok.Is("END"):
			depth--
		case tok.Text == ";":
			return i
		}
	}
	return len(b.tokens)
}

// end is the index of the semicolon that ends the statement.
func (b *body) end() int {
	for i := b.i; i < len(b.tokens); i++ {
		if tok := b.tokens[i]; tok.Text == ";" || tok.Kind == sqltext.Semicolon {
			return i
		}
	}
	return len(b.tokens)
}

func (b *body) simpleEnd() { b.i = min(b.end()+1, len(b.tokens)) }

// declare passes over declarations; a handler's statement is read.
func (b *body) declare() {
	if end := b.end(); !(b.ahead(2).Is("HANDLER") && b.i+3 < end) {
		b.simpleEnd()
		return
	}
	b.i += 4 // DECLARE CONTINUE HANDLER FOR
	for {
		switch {
		case b.accept("SQLSTATE"):
			b.accept("VALUE")
			b.next()
		case b.accept("NOT", "FOUND"):
		default:
			b.next() // SQLEXCEPTION, SQLWARNING, a code or a condition's name
		}
		if !b.op(",") {
			return
		}
	}
}

// simple reads a statement that ends with a semicolon. SET of variables, and what
// moves in the body, has no effect outside of it.
func (b *body) simple(word string) {
	start, end := b.i, b.end()
	b.simpleEnd()
	switch word {
	case "", "END", "SET", "RETURN", "LEAVE", "ITERATE", "OPEN", "FETCH", "CLOSE", "SIGNAL", "RESIGNAL", "GET", "NULL":
		return
	}
	b.effects = append(b.effects, readMySQL(b.sql, b.tokens[start:end])...)
}
