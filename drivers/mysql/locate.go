package mysql

import (
	"regexp"
	"slices"
	"strings"

	mysqldriver "github.com/go-sql-driver/mysql"

	"github.com/expandcontract/migrate/migrations/sqltext"
	"github.com/expandcontract/migrate/migrator"
)

// Errors of data that breaks a rule.
const (
	columnNotNull    = 1048 // Column 'c' cannot be null
	duplicateEntry   = 1062 // Duplicate entry 'v' for key 'k'
	duplicateEntryMA = 1586 // the same, of MariaDB
	invalidNull      = 1138 // Invalid use of NULL value
	dataTruncated    = 1265 // Data truncated for column 'c' at row n
	noParentRow      = 1452
	checkViolated    = 3819 // Check constraint 'c' is violated.
	checkViolatedMA  = 4025 // CONSTRAINT `c` failed for `db`.`t`
)

var (
	inColumn     = regexp.MustCompile(`(?i)column '([^']+)'`)
	forKey       = regexp.MustCompile(`for key '([^']+)'$`)
	ofConstraint = regexp.MustCompile("(?i)constraint [`']([^`']+)[`']")
)

// locate fills in the object at fault. The server names it in its messages only,
// and never the table, which is the statement's. Detail gets what the statement was
// to hold the rows to, for Offenders: the columns of a key, the condition of a
// check, the column that was to lose its NULLs.
func locate(e *migrator.ServerError, refused *mysqldriver.MySQLError, sql string) {
	e.Table = target(sql)
	if match := inColumn.FindStringSubmatch(refused.Message); match != nil {
		e.Column = match[1]
	}
	switch refused.Number {
	case duplicateEntry, duplicateEntryMA:
		if match := forKey.FindStringSubmatch(refused.Message); match != nil {
			_, key, qualified := strings.Cut(match[1], ".") // MySQL writes 'table.key'
			if !qualified {
				key = match[1]
			}
			e.Constraint = key
			e.Detail = clause(sql, key, "KEY", "INDEX", "UNIQUE", "PRIMARY")
		}
	case noParentRow, checkViolated, checkViolatedMA:
		if match := ofConstraint.FindStringSubmatch(refused.Message); match != nil {
			e.Constraint = match[1]
			e.Detail = clause(sql, match[1], "CHECK")
		}
	case invalidNull:
		e.Column = modified(sql)
	}
}

// clause is what stands in the parentheses behind the name of a key or constraint
// in the statement, or behind one of the words where it has no name there; "" when
// the statement holds nothing like it.
func clause(sql, name string, words ...string) string {
	lexer := sqltext.NewLexer(sqltext.MySQL, sql)
	var last string
	after := ""
	for {
		token, err := lexer.Next()
		if err != nil {
			return last
		}
		switch word := strings.ToUpper(token.Text); {
		case token.Kind == sqltext.Space || token.Kind == sqltext.BlockComment || token.Kind == sqltext.LineComment:
		case token.Text == "(" && after != "":
			text := inside(lexer)
			if after == "name" {
				return text
			}
			last, after = text, ""
		case strings.EqualFold(unquote(token.Text), name):
			after = "name"
		case after == "" && slices.Contains(words, word):
			after = "word"
		}
	}
}

// inside reads up to the parenthesis that closes the one just read.
func inside(lexer *sqltext.Lexer) string {
	var text strings.Builder
	for depth := 1; ; {
		token, err := lexer.Next()
		if err != nil {
			return ""
		}
		switch token.Text {
		case "(":
			depth++
		case ")":
			if depth--; depth == 0 {
				return text.String()
			}
		}
		text.WriteString(token.Text)
	}
}

// modified is the column that a statement makes NOT NULL, by MODIFY or CHANGE; ""
// when there is none, or more than one.
func modified(sql string) string {
	words := wordsOf(sql)
	var found []string
	for i, word := range words {
		if upper := strings.ToUpper(word); upper != "MODIFY" && upper != "CHANGE" || i+1 >= len(words) {
			continue
		}
		next := i + 1
		if strings.EqualFold(words[next], "COLUMN") {
			next++
		}
		if next < len(words) {
			found = append(found, unquote(words[next]))
		}
	}
	if len(found) != 1 {
		return ""
	}
	return found[0]
}

func wordsOf(sql string) []string {
	lexer := sqltext.NewLexer(sqltext.MySQL, sql)
	var words []string
	for {
		token, err := lexer.Next()
		if err != nil {
			return words
		}
		if token.Kind == sqltext.Word || token.Kind == sqltext.QuotedIdent {
			words = append(words, token.Text)
		}
	}
}

// target is the table that the statement changes, as it is written without quotes
// and schema; "" when it changes none.
func target(sql string) string {
	names := names(sql)
	if len(names) == 0 {
		return ""
	}
	return names[len(names)-1]
}

// names are the parts of the name of the table that the statement changes.
func names(sql string) []string {
	lexer := sqltext.NewLexer(sqltext.MySQL, sql)
	first, reading, dotted := "", false, false
	var parts []string
	for {
		token, err := lexer.Next()
		if err != nil {
			return parts
		}
		word := strings.ToUpper(token.Text)
		switch {
		case token.Kind == sqltext.Space || token.Kind == sqltext.BlockComment || token.Kind == sqltext.LineComment:
		case first == "":
			first, reading = word, word == "UPDATE"
		case !reading:
			reading = opensName(first, word)
		case token.Text == ".":
			dotted = true
		case len(parts) > 0 && !dotted:
			return parts
		case token.Kind == sqltext.Word && skipped(word):
		case token.Kind == sqltext.Word || token.Kind == sqltext.QuotedIdent:
			parts, dotted = append(parts, unquote(token.Text)), false
		default:
			return parts
		}
	}
}

// opensName tells the word after which a statement names its table.
func opensName(first, word string) bool {
	switch first {
	case "ALTER":
		return word == "TABLE"
	case "CREATE", "DROP":
		return word == "ON" || word == "TABLE"
	case "INSERT", "REPLACE":
		return word == "INTO"
	case "DELETE":
		return word == "FROM"
	}
	return false
}

func skipped(word string) bool {
	switch word {
	case "IF", "NOT", "EXISTS", "LOW_PRIORITY", "IGNORE":
		return true
	}
	return false
}

func unquote(name string) string {
	if strings.HasPrefix(name, "`") {
		return strings.ReplaceAll(strings.Trim(name, "`"), "``", "`")
	}
	return name
}
