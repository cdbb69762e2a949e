package phases

import (
	"strings"

	"github.com/expandcontract/migrate/migrations/sqltext"
)

// cursor walks the tokens of a statement. After a failure it stands at the end,
// so that every loop over it ends.
type cursor struct {
	sql    string
	tokens []sqltext.Token
	i      int
	failed string
}

// fail says why the statement cannot be read any further; the first reason counts.
func (c *cursor) fail(reason string) {
	if c.failed == "" {
		if c.i < len(c.tokens) {
			reason += ", near " + sqltext.OneLine(c.tokens[c.i].Text, 40)
		}
		c.failed = reason
	}
	c.i = len(c.tokens)
}

func (c *cursor) done() bool { return c.i >= len(c.tokens) }

// peek is the next token, at the end one of no text.
func (c *cursor) peek() sqltext.Token { return c.ahead(0) }

func (c *cursor) ahead(n int) sqltext.Token {
	if c.i+n < len(c.tokens) {
		return c.tokens[c.i+n]
	}
	return sqltext.Token{}
}

// next takes a token.
func (c *cursor) next() sqltext.Token {
	tok := c.peek()
	if !c.done() {
		c.i++
	}
	return tok
}

// at reports whether the words given are next.
func (c *cursor) at(words ...string) bool { return wordsAt(c.tokens, c.i, words...) }

// accept takes the words given if they are next.
func (c *cursor) accept(words ...string) bool {
	if !c.at(words...) {
		return false
	}
	c.i += len(words)
	return true
}

// acceptAny takes a word if it is one of those given, and returns it in lower case.
func (c *cursor) acceptAny(words ...string) string {
	for _, word := range words {
		if c.accept(word) {
			return strings.ToLower(word)
		}
	}
	return ""
}

// op takes an operator if it is next.
func (c *cursor) op(text string) bool {
	if c.peek().Text != text || c.done() || c.peek().Kind == sqltext.String {
		return false
	}
	c.i++
	return true
}

// name takes an identifier. A word in double quotes is one under ANSI_QUOTES.
func (c *cursor) name() string {
	tok := c.peek()
	switch {
	case c.done():
		c.fail("a name is missing")
		return ""
	case isName(tok):
		c.i++
		return identifier(sqltext.MySQL, tok)
	case tok.Kind == sqltext.String:
		c.i++
		return stringText(tok.Text)
	}
	c.fail("a name is expected")
	return ""
}

// names takes a list of names without parentheses.
func (c *cursor) names() []string {
	list := []string{c.name()}
	for c.op(",") {
		list = append(list, c.name())
	}
	return list
}

// object takes a name with, perhaps, its database's before it.
func (c *cursor) object(kind Kind) Object {
	o := Object{Kind: kind, Name: c.name()}
	if c.op(".") {
		o.Schema, o.Name = o.Name, c.name()
	}
	return o
}

// ifExists and ifNotExists take those words.
func (c *cursor) ifExists() bool    { return c.accept("IF", "EXISTS") }
func (c *cursor) ifNotExists() bool { return c.accept("IF", "NOT", "EXISTS") }

// wait takes MariaDB's WAIT n or NOWAIT.
func (c *cursor) wait() {
	if c.accept("WAIT") {
		c.next()
		return
	}
	c.accept("NOWAIT")
}

// group takes what stands in parentheses, and returns it without them.
func (c *cursor) group() []sqltext.Token {
	if c.peek().Text != "(" {
		c.fail("a parenthesis is expected")
		return nil
	}
	start, end := c.i, closing(c.tokens, c.i)
	c.i = end + 1
	if end <= start || c.tokens[end].Text != ")" {
		c.fail("a parenthesis is never closed")
		return nil
	}
	return c.tokens[start+1 : end]
}

// rest takes all that is left.
func (c *cursor) rest() []sqltext.Token {
	tokens := c.tokens[min(c.i, len(c.tokens)):]
	c.i = len(c.tokens)
	return tokens
}

// find is the index of the next such word outside parentheses, or the end.
func (c *cursor) find(words ...string) int {
	depth := 0
	for i := c.i; i < len(c.tokens); i++ {
		switch c.tokens[i].Text {
		case "(":
			depth++
		case ")":
			depth--
		}
		if depth > 0 {
			continue
		}
		for _, word := range words {
			if c.tokens[i].Is(word) {
				return i
			}
		}
	}
	return len(c.tokens)
}

// splitCommas cuts tokens at the commas outside parentheses.
func splitCommas(tokens []sqltext.Token) [][]sqltext.Token {
	var lists [][]sqltext.Token
	start, depth := 0, 0
	for i, tok := range tokens {
		if tok.Kind != sqltext.Operator {
			continue
		}
		switch tok.Text {
		case "(":
			depth++
		case ")":
			depth--
		case ",":
			if depth == 0 {
				lists = append(lists, tokens[start:i])
				start = i + 1
			}
		}
	}
	if start < len(tokens) {
		lists = append(lists, tokens[start:])
	}
	return lists
}
