package phases

import (
	"errors"
	"io"
	"strings"

	"github.com/expandcontract/migrate/migrations/sqltext"
)

// significant are the tokens of a statement without blank space, comments and
// the marks around MySQL's executable comments, whose content counts.
func significant(d sqltext.Dialect, sql string) ([]sqltext.Token, error) {
	var tokens []sqltext.Token
	lexer := sqltext.NewLexer(d, sql)
	for {
		tok, err := lexer.Next()
		if errors.Is(err, io.EOF) {
			return tokens, nil
		}
		if err != nil {
			return tokens, err
		}
		if tok.Significant() && tok.Kind != sqltext.Conditional {
			tokens = append(tokens, tok)
		}
	}
}

// wordsAt reports whether the tokens from i on are the words given.
func wordsAt(tokens []sqltext.Token, i int, words ...string) bool {
	if i < 0 || i+len(words) > len(tokens) {
		return false
	}
	for n, word := range words {
		if !tokens[i+n].Is(word) {
			return false
		}
	}
	return true
}

// closing is the index of the parenthesis that closes the one at i, or the last
// token's when none does or when there is none at i.
func closing(tokens []sqltext.Token, i int) int {
	depth := 0
	for ; i < len(tokens); i++ {
		if tokens[i].Kind != sqltext.Operator {
			continue
		}
		switch tokens[i].Text {
		case "(":
			depth++
		case ")":
			if depth--; depth <= 0 {
				return i
			}
		}
	}
	return max(len(tokens)-1, 0)
}

// isName reports whether a token can be an object's name.
func isName(tok sqltext.Token) bool {
	return tok.Kind == sqltext.Word || tok.Kind == sqltext.QuotedIdent
}

// identifier is a name as the server stores it, without its quotes.
func identifier(d sqltext.Dialect, tok sqltext.Token) string {
	text := tok.Text
	if tok.Kind == sqltext.Word {
		if d == sqltext.Postgres {
			return strings.ToLower(text)
		}
		return text
	}
	if tok.Kind != sqltext.QuotedIdent || len(text) < 2 {
		return text
	}
	quote := text[len(text)-1:]
	start := strings.Index(text, quote) + 1
	return strings.ReplaceAll(text[start:len(text)-1], quote+quote, quote)
}

// stringText is what a string constant says: without quotes, escapes left as they are.
func stringText(text string) string {
	if strings.HasPrefix(text, "$") {
		tag := strings.IndexByte(text[1:], '$') + 2
		return text[tag : len(text)-tag]
	}
	start := strings.IndexAny(text, `'"`)
	if start < 0 || len(text) < start+2 {
		return text
	}
	quote := text[start : start+1]
	return strings.ReplaceAll(text[start+1:len(text)-1], quote+quote, quote)
}

// source is the text of tokens as they stand in the statement they are of.
func source(sql string, tokens []sqltext.Token) string {
	if len(tokens) == 0 {
		return ""
	}
	last := tokens[len(tokens)-1]
	return sql[tokens[0].Pos.Offset : last.Pos.Offset+len(last.Text)]
}
