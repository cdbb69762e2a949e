package phases

import (
	"strings"

	"github.com/expandcontract/migrate/migrations/sqltext"
)

// The parser walks its trees recursively on the C stack, where an overflow ends
// the process: observed from 30,000 levels on with a stack of 8 MB. A text shorter
// than shallowBytes cannot hold more than some 10,000, as a level takes two bytes.
const (
	shallowBytes = 20_000
	deepestChain = 10_000
)

// unreadable says why a text must not be given to the parser, "" where it may.
func unreadable(sql string) string {
	if strings.ContainsRune(sql, 0) {
		return "a byte of value zero" // the parser, and the server, would see the end there
	}
	if len(sql) > shallowBytes && deepest(sql) > deepestChain {
		return "an expression nested too deeply"
	}
	return ""
}

// deepest is an upper bound of how deep a statement's expressions nest. Operators
// and words nest to the left until a comma or semicolon parts what stands beside
// it, and what parentheses hold adds to what they stand in.
func deepest(sql string) int {
	tokens, _ := significant(sqltext.Postgres, sql)
	type level struct{ chain, longest int }
	open := []level{{}}
	for _, tok := range tokens {
		top := &open[len(open)-1]
		switch {
		case tok.Text == "(":
			open = append(open, level{})
		case tok.Text == ")" && len(open) > 1:
			inner := top.longest
			open = open[:len(open)-1]
			top = &open[len(open)-1]
			top.chain += inner + 1
		case tok.Text == ",", tok.Kind == sqltext.Semicolon:
			top.chain = 0
		case tok.Kind == sqltext.Operator, tok.Kind == sqltext.Word:
			top.chain++
		}
		top.longest = max(top.longest, top.chain)
	}
	longest := 0
	for _, l := range open {
		longest += l.longest
	}
	return longest
}
