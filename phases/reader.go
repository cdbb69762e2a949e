package phases

import (
	"slices"
	"strings"

	"github.com/expandcontract/migrate/migrations/sqltext"
)

// reader goes through the tokens of a statement that mean something.
type reader struct {
	dialect sqltext.Dialect
	tokens  []sqltext.Token
}

// newReader lexes the statement; behind what cannot be lexed there is nothing.
func newReader(d sqltext.Dialect, sql string) *reader {
	tokens, _ := significant(d, sql)
	return &reader{dialect: d, tokens: tokens}
}

func (r *reader) next() (sqltext.Token, bool) {
	if len(r.tokens) == 0 {
		return sqltext.Token{}, false
	}
	token := r.tokens[0]
	r.tokens = r.tokens[1:]
	return token, true
}

// word is the next token in upper case.
func (r *reader) word() string {
	token, _ := r.next()
	return strings.ToUpper(token.Text)
}

// at reports whether the next token is that word or sign.
func (r *reader) at(words ...string) bool {
	return len(r.tokens) > 0 && r.tokens[0].Kind != sqltext.QuotedIdent && slices.Contains(words, strings.ToUpper(r.tokens[0].Text))
}

// take goes over the next token when it is one of these.
func (r *reader) take(words ...string) bool {
	if !r.at(words...) {
		return false
	}
	r.tokens = r.tokens[1:]
	return true
}

// exists goes over IF [NOT] EXISTS.
func (r *reader) exists() {
	if r.take("IF") {
		r.take("NOT")
		r.take("EXISTS")
	}
}

// name reads a name of up to two parts.
func (r *reader) name(kind Kind) (Object, bool) {
	first, ok := r.identifier()
	if !ok {
		return Object{}, false
	}
	if !r.take(".") {
		return Object{Kind: kind, Name: first}, true
	}
	second, ok := r.identifier()
	return Object{Kind: kind, Schema: first, Name: second}, ok
}

func (r *reader) identifier() (string, bool) {
	if len(r.tokens) == 0 || !isName(r.tokens[0]) {
		return "", false
	}
	token, _ := r.next()
	return identifier(r.dialect, token), true
}
