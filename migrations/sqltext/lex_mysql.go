package sqltext

import "strings"

// maxDelimiter is the longest delimiter the mysql client takes.
const maxDelimiter = 16

// scanMySQL scans a token other than blank space by the rules of the MySQL
// Reference Manual, "Language Structure".
func scanMySQL(l *Lexer, s string) (Kind, int, *SyntaxError) {
	if l.atDelimiter(s) {
		return Semicolon, len(l.delim), nil
	}
	switch c := s[0]; {
	case isDigit(c), c == '.' && len(s) > 1 && isDigit(s[1]) && !l.afterName():
		return l.mysqlNumber(s)
	case isIdentStart(c), c == '$':
		return l.mysqlWord(s)
	case c == '\'', c == '"':
		return l.quoted(s, 0, String, true)
	case c == '`':
		return l.quoted(s, 0, QuotedIdent, false)
	case c == '@':
		return l.mysqlVariable(s)
	case c == '?':
		return Placeholder, 1, nil
	case c == ':':
		kind, n := l.colon(s)
		return kind, n, nil
	case c == '\\':
		return l.mysqlBackslash(s)
	case c == '#', isDashComment(s):
		return LineComment, len(strings.TrimSuffix(s[:lineEnd(s, "\n")], "\r")), nil
	case strings.HasPrefix(s, "/*"):
		return l.mysqlComment(s)
	case strings.HasPrefix(s, "*/") && len(l.opened) > 0:
		l.opened = l.opened[:len(l.opened)-1]
		return Conditional, 2, nil
	}
	return Operator, mysqlOperator(s), nil
}

// atDelimiter reports whether s starts with what ends a statement. Nothing in
// an executable comment does.
func (l *Lexer) atDelimiter(s string) bool {
	return strings.HasPrefix(s, l.delim) && len(l.opened) == 0
}

// isDashComment: the second dash must be followed by white space, a control
// character or the end ("Comments").
func isDashComment(s string) bool {
	return strings.HasPrefix(s, "--") && (len(s) == 2 || s[2] <= ' ' || s[2] == 0x7f)
}

// afterName reports whether a point here qualifies the name it touches.
func (l *Lexer) afterName() bool {
	return (l.prev == Word || l.prev == QuotedIdent) && l.prevEnd == l.pos.Offset
}

// mysqlNumber scans a number, or an identifier that starts with a digit.
func (l *Lexer) mysqlNumber(s string) (Kind, int, *SyntaxError) {
	word := l.wordEnd(s)
	if l.prev == Operator && l.last == "." && l.prevEnd == l.pos.Offset {
		return Word, word, nil
	}
	n := scanDecimal(s, isDigit)
	if n >= word {
		return Number, n, nil
	}
	if scanRadix(s[:word]) == word && !strings.ContainsAny(s[:word], "XBoO_") {
		return Number, word, nil
	}
	return Word, word, nil
}

// wordEnd returns the end of the word at the start of s: a delimiter such as $$
// ends it.
func (l *Lexer) wordEnd(s string) int {
	if l.delim == ";" {
		return scanWhile(s, 0, isIdentPart)
	}
	n := 0
	for n < len(s) && isIdentPart(s[n]) && !l.atDelimiter(s[n:]) {
		n++
	}
	return n
}

// mysqlWord scans a word, or what it is the start of: a string with a prefix
// or a character set, a dollar-quoted string (MySQL 9), a DELIMITER command.
func (l *Lexer) mysqlWord(s string) (Kind, int, *SyntaxError) {
	if s[0] == '$' {
		if n := scanDollarQuoted(s); n != 0 {
			if n < 0 {
				return 0, 0, l.unterminated("dollar-quoted string")
			}
			return String, n, nil
		}
	}
	n := l.wordEnd(s)
	if l.prev == Semicolon && len(l.opened) == 0 && strings.EqualFold(s[:n], "DELIMITER") {
		return l.delimiter(s)
	}
	if n < len(s) && isStringPrefix(s[:n], s[n]) {
		return l.quoted(s, n, String, true)
	}
	return Word, n, nil
}

func isStringPrefix(word string, quote byte) bool {
	switch {
	case quote != '\'' && quote != '"':
		return false
	case word[0] == '_':
		return len(word) > 1
	}
	return quote == '\'' && len(word) == 1 && strings.Contains("xXbBnN", word)
}

// delimiter scans a DELIMITER command, to which the rest of its line belongs,
// and obeys it.
func (l *Lexer) delimiter(s string) (Kind, int, *SyntaxError) {
	n := len(strings.TrimSuffix(s[:lineEnd(s, "\n")], "\r"))
	delim, rest, _ := strings.Cut(strings.TrimSpace(s[len("DELIMITER"):n]), " ")
	delim = unquote(delim)
	rest = strings.TrimSpace(rest)
	switch {
	case delim == "" || len(delim) > maxDelimiter || strings.ContainsAny(delim, "\\\t\r"):
		return 0, 0, &SyntaxError{Pos: l.pos, Msg: "DELIMITER takes 1 to 16 characters other than a backslash",
			Hint: "write it as in DELIMITER //"}
	case rest != "" && rest[0] != '#' && !isDashComment(rest):
		return 0, 0, &SyntaxError{Pos: l.pos, Msg: "text behind DELIMITER " + delim, Hint: "start the statement on the next line"}
	}
	l.delim = delim
	return MetaCommand, n, nil
}

// unquote takes the quotes off a delimiter, as the client does.
func unquote(s string) string {
	if n := len(s); n > 2 && strings.IndexByte("'\"`", s[0]) >= 0 && s[n-1] == s[0] {
		return s[1 : n-1]
	}
	return s
}

// mysqlVariable scans @name, @@scope.name, @'name' or an @ alone.
func (l *Lexer) mysqlVariable(s string) (Kind, int, *SyntaxError) {
	n := 1
	if len(s) > 1 && s[1] == '@' {
		n = 2
	}
	if n < len(s) && strings.IndexByte("'\"`", s[n]) >= 0 {
		return l.quoted(s, n, Variable, s[n] != '`')
	}
	for n < len(s) && (isIdentPart(s[n]) || s[n] == '.') && !l.atDelimiter(s[n:]) {
		n++
	}
	if n <= 2 && s[n-1] == '@' {
		return Operator, n, nil
	}
	return Variable, n, nil
}

// mysqlBackslash scans \N, which is NULL, or a command of the client's.
func (l *Lexer) mysqlBackslash(s string) (Kind, int, *SyntaxError) {
	switch {
	case strings.HasPrefix(s, `\N`) && (len(s) == 2 || !isIdentPart(s[2])):
		return Word, 2, nil
	case len(l.opened) > 0:
		return Operator, 1, nil
	}
	return MetaCommand, lineEnd(s, "\r\n"), nil
}

// mysqlComment scans a comment, or the opening of an executable one. MariaDB's
// dumps start with one for version 999999, which is there to stop other clients
// and runs nowhere (MariaDB documentation, "mariadb-dump").
func (l *Lexer) mysqlComment(s string) (Kind, int, *SyntaxError) {
	if n := conditionalOpen(s); n > 0 && !strings.HasSuffix(s[:n], "!999999") {
		l.opened = append(l.opened, l.pos)
		return Conditional, n, nil
	}
	n := strings.Index(s[2:], "*/")
	if n < 0 {
		return 0, 0, l.unterminated("block comment")
	}
	return BlockComment, n + 4, nil
}

// conditionalOpen returns the length of /*! or /*M! with the version behind it,
// five or six digits, or 0 for a plain comment.
func conditionalOpen(s string) int {
	n := 0
	switch {
	case strings.HasPrefix(s, "/*!"):
		n = 3
	case strings.HasPrefix(s, "/*M!"):
		n = 4
	default:
		return 0
	}
	if digits := scanWhile(s[:min(n+6, len(s))], n, isDigit); digits >= n+5 {
		return digits
	}
	return n
}

// mysqlOperator returns the length of the operator at the start of s, or 1 for
// any other byte.
func mysqlOperator(s string) int {
	for n := 3; n > 1; n-- {
		if len(s) < n {
			continue
		}
		switch s[:n] {
		case "<=>", "->>", "<=", ">=", "<>", "!=", "<<", ">>", "||", "&&", "->", "..":
			return n
		}
	}
	return 1
}
