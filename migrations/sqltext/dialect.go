// Package sqltext reads SQL as text: it owns the lexical rules of PostgreSQL
// and of MySQL and MariaDB, the splitting of a file into statements, and the
// rewriting of :name parameters into a driver's placeholders. It knows where a
// string, a comment or a compound body starts and ends and at which line; what
// a statement means is left to others. Nothing here talks to a database,
// copies the input, or takes more than linear time in its length.
package sqltext

import (
	"strconv"
	"strings"
)

// Dialect names the lexical rules a text is read by. Any value but MySQL is
// read as Postgres.
type Dialect string

const (
	// Postgres reads text as PostgreSQL does with standard_conforming_strings
	// on, its default (PostgreSQL manual, "Lexical Structure").
	Postgres Dialect = "postgres"
	// MySQL reads text as MySQL and MariaDB do without the SQL modes
	// ANSI_QUOTES, NO_BACKSLASH_ESCAPES and ORACLE (MySQL Reference Manual,
	// "Language Structure").
	MySQL Dialect = "mysql"
)

// Placeholder is how the n-th argument, counted from 1, is written: $n for
// PostgreSQL and ? for MySQL.
func (d Dialect) Placeholder(n int) string {
	if d == MySQL {
		return "?"
	}
	return "$" + strconv.Itoa(n)
}

// QuoteIdent quotes name as an identifier, doubling the quotes inside it. A
// name is one identifier: a dot in it does not separate a schema from a table.
func (d Dialect) QuoteIdent(name string) string {
	quote := `"`
	if d == MySQL {
		quote = "`"
	}
	return quote + strings.ReplaceAll(name, quote, quote+quote) + quote
}

// OneLine folds a statement's blank space and cuts it to limit runes, the last of
// them then an ellipsis, for lists and tables.
func OneLine(sql string, limit int) string {
	line := []rune(strings.Join(strings.Fields(sql), " "))
	if len(line) <= limit {
		return string(line)
	}
	return string(line[:limit-1]) + "…"
}
