package sqltext

import (
	"fmt"
	"strings"
)

// Pos is a place in a text. Line and Column start at 1; a column is a rune (an
// invalid byte counts as one), and a byte order mark at the start takes none.
// LF, CRLF and a lone CR each end a line. Offset counts bytes from 0.
type Pos struct {
	Offset, Line, Column int
}

// String is "line:column".
func (p Pos) String() string { return fmt.Sprintf("%d:%d", p.Line, p.Column) }

// Kind is what a token is.
type Kind int

// The kinds of token.
const (
	// Space is blank space, and a byte order mark at the start of the text.
	Space Kind = iota
	// LineComment runs from -- (or # in MySQL) to the end of the line, without
	// the line break.
	LineComment
	// BlockComment is /* ... */, nested in PostgreSQL only. An optimizer hint
	// is one, and so is MariaDB's sandbox marker, a comment for version 999999.
	BlockComment
	// Conditional is the opening, such as /*!50003 or /*M!100100, or the
	// closing */ of MySQL's executable comment. What stands between the two is
	// lexed as SQL, whatever the version.
	Conditional
	// Word is a keyword or an identifier without quotes.
	Word
	// QuotedIdent is an identifier with its quotes (and prefix, for U&"").
	QuotedIdent
	// String is a string or bit constant with its quotes and prefix, or a
	// dollar-quoted string.
	String
	// Number is a numeric constant, without a sign.
	Number
	// Param is a named parameter, :name. See Bind for what is not one.
	Param
	// Placeholder is a driver's own parameter: $1 in PostgreSQL, ? in MySQL.
	Placeholder
	// Variable is MySQL's @user or @@system variable. The host part of an
	// account name, as in 'app'@'%', is read as one too.
	Variable
	// Operator is an operator or other punctuation. It includes a semicolon
	// that ends no statement: one in a Conditional, or under another DELIMITER.
	Operator
	// Semicolon ends a statement unless a compound body or parentheses enclose
	// it. In MySQL it is whatever DELIMITER has set.
	Semicolon
	// MetaCommand is a command to a client up to the end of its line: a
	// backslash command, or MySQL's DELIMITER.
	MetaCommand
)

var kindNames = [...]string{
	"space", "line comment", "block comment", "conditional", "word", "quoted identifier", "string", "number",
	"parameter", "placeholder", "variable", "operator", "semicolon", "meta-command",
}

// String is the name of the kind in lower case.
func (k Kind) String() string {
	if k < 0 || int(k) >= len(kindNames) {
		return fmt.Sprintf("kind %d", int(k))
	}
	return kindNames[k]
}

// Token is one lexical element. Text is a slice of the input: the texts of all
// tokens, joined, are the input.
type Token struct {
	Kind Kind
	Text string
	Pos  Pos
}

// Significant reports whether the token is neither blank space nor a comment.
func (t Token) Significant() bool { return t.Kind > BlockComment }

// Is reports whether the token is the unquoted word, in any case.
func (t Token) Is(word string) bool { return t.Kind == Word && strings.EqualFold(t.Text, word) }

// SyntaxError is text that cannot be lexed, or that Split refuses. Pos is where
// the offending thing starts: the opening quote of an unterminated string, not
// the end of the file.
type SyntaxError struct {
	Pos  Pos
	Msg  string // what is wrong, in lower case
	Hint string // what to do instead, or empty
}

// Error is "line:column: message", without the hint.
func (e *SyntaxError) Error() string { return e.Pos.String() + ": " + e.Msg }
