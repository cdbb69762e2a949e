package sqltext

import "strings"

// maxPostgresName is the longest name of anything, in bytes: NAMEDATALEN - 1.
const maxPostgresName = 63

// scanPostgres scans a token other than blank space by the rules of the
// PostgreSQL manual, "Lexical Structure".
func scanPostgres(l *Lexer, s string) (Kind, int, *SyntaxError) {
	switch c := s[0]; {
	case isIdentStart(c):
		return l.postgresWord(s)
	case isDigit(c), c == '.' && len(s) > 1 && isDigit(s[1]):
		return Number, max(scanRadix(s), scanDecimal(s, isDecimal)), nil
	case c == '\'':
		return l.quoted(s, 0, String, l.escapes == escapesContinue)
	case c == '"':
		return l.quoted(s, 0, QuotedIdent, false)
	case c == '$':
		return l.postgresDollar(s)
	case c == ';':
		return Semicolon, 1, nil
	case c == ':':
		kind, n := l.colon(s)
		return kind, n, nil
	case c == '\\':
		return MetaCommand, lineEnd(s, "\r\n"), nil
	case strings.HasPrefix(s, "--"):
		return LineComment, lineEnd(s, "\r\n"), nil
	case strings.HasPrefix(s, "/*"):
		return l.nestedComment(s)
	case strings.HasPrefix(s, ".."):
		return Operator, 2, nil
	}
	return Operator, postgresOperator(s), nil
}

// postgresWord scans a word, or the string or identifier it is the prefix of.
func (l *Lexer) postgresWord(s string) (Kind, int, *SyntaxError) {
	if len(s) > 1 && s[1] == '\'' && strings.IndexByte("eEbBxXnN", s[0]) >= 0 {
		return l.quoted(s, 1, String, s[0] == 'e' || s[0] == 'E')
	}
	if len(s) > 2 && (s[0] == 'u' || s[0] == 'U') && s[1] == '&' {
		switch s[2] {
		case '\'':
			return l.quoted(s, 2, String, false)
		case '"':
			return l.quoted(s, 2, QuotedIdent, false)
		}
	}
	return Word, scanWhile(s, 1, isIdentPart), nil
}

// postgresDollar scans a dollar-quoted string, a parameter, or a dollar alone.
// One inside a word never comes here.
func (l *Lexer) postgresDollar(s string) (Kind, int, *SyntaxError) {
	if len(s) > 1 && isDigit(s[1]) {
		return Placeholder, scanWhile(s, 2, isDigit), nil
	}
	switch n := scanDollarQuoted(s); n {
	case -1:
		return 0, 0, l.unterminated("dollar-quoted string")
	case 0:
		return Operator, 1, nil
	default:
		return String, n, nil
	}
}

// quoted scans a token whose opening quote is at s[i].
func (l *Lexer) quoted(s string, i int, kind Kind, backslash bool) (Kind, int, *SyntaxError) {
	n := scanQuoted(s, i, backslash)
	if n < 0 {
		return 0, 0, l.unterminated(kind.String())
	}
	return kind, n, nil
}

func (l *Lexer) nestedComment(s string) (Kind, int, *SyntaxError) {
	depth := 1
	for i := 2; i+1 < len(s); i++ {
		switch {
		case s[i] == '/' && s[i+1] == '*':
			depth++
			i++
		case s[i] == '*' && s[i+1] == '/':
			depth--
			i++
			if depth == 0 {
				return BlockComment, i + 1, nil
			}
		}
	}
	return 0, 0, l.unterminated("block comment")
}

// postgresOperator returns the length of the operator at the start of s, or 1
// for any other byte. An operator of several characters ends in + or - only
// when it has one of ~ ! @ # % ^ & | ` ? in it, and a comment ends it
// ("Lexical Structure", Operators). No operator is longer than its name may be.
func postgresOperator(s string) int {
	n := 0
	for n < min(len(s), maxPostgresName) && isPostgresOperator(s[n]) {
		if strings.HasPrefix(s[n:], "--") || strings.HasPrefix(s[n:], "/*") {
			break
		}
		n++
	}
	if !strings.ContainsAny(s[:n], "~!@#%^&|`?") {
		for n > 1 && (s[n-1] == '+' || s[n-1] == '-') {
			n--
		}
	}
	return max(n, 1)
}

func isPostgresOperator(c byte) bool { return strings.IndexByte("+-*/<>=~!@#%^&|`?", c) >= 0 }

// lineEnd returns the length of s up to the first of the line breaks.
func lineEnd(s, breaks string) int {
	if n := strings.IndexAny(s, breaks); n >= 0 {
		return n
	}
	return len(s)
}

// escapeState says how the next plain string is to be read. A string that
// follows an E'...' one across a line break continues it, backslashes included
// ("Lexical Structure", String Constants).
type escapeState int

const (
	escapesOff      escapeState = iota
	escapesNewline              // behind an E'...', before a line break
	escapesContinue             // behind an E'...' and a line break
)

func (e escapeState) after(tok Token) escapeState {
	switch tok.Kind {
	case Space:
		if e == escapesNewline && strings.ContainsAny(tok.Text, "\r\n") {
			return escapesContinue
		}
		return e
	case LineComment:
		return e
	case String:
		if e == escapesContinue && tok.Text[0] == '\'' || tok.Text[0]|0x20 == 'e' {
			return escapesNewline
		}
	}
	return escapesOff
}
