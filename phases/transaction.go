// Package phases knows what a statement does to schema and data, and what each
// phase of a change permits. It reads SQL only; what a server really did is
// measured elsewhere.
package phases

import (
	"slices"

	"github.com/expandcontract/migrate/migrations/sqltext"
)

// NeedsAutocommit reports whether the statement cannot be one of several in a
// transaction: PostgreSQL refuses it there (manual, the Notes of each command);
// MySQL and MariaDB commit before and after it by themselves (MySQL manual,
// "Statements That Cause an Implicit Commit"), or may, as in a procedure.
func NeedsAutocommit(d sqltext.Dialect, sql string) bool {
	if d != sqltext.Postgres {
		return !withinTransaction(sql)
	}
	words := sqltext.Words(d, sql, 0)
	if len(words) == 0 {
		return false
	}
	second := ""
	if len(words) > 1 {
		second = words[1]
	}
	concurrently := slices.Contains(words, "CONCURRENTLY")
	switch words[0] {
	case "VACUUM":
		return true
	case "CREATE":
		return concurrently && slices.Contains(words[:min(3, len(words))], "INDEX") ||
			second == "DATABASE" || second == "TABLESPACE" || second == "SUBSCRIPTION"
	case "DROP":
		return concurrently || second == "DATABASE" || second == "TABLESPACE" || second == "SUBSCRIPTION"
	case "REINDEX":
		return concurrently || slices.Contains(words, "DATABASE") || slices.Contains(words, "SYSTEM") || slices.Contains(words, "SCHEMA")
	case "ALTER":
		return second == "SYSTEM" || second == "DATABASE" && slices.Contains(words, "TABLESPACE") ||
			second == "TABLE" && slices.Contains(words, "DETACH") && concurrently
	case "CLUSTER":
		return len(words) == 1
	}
	return false
}

// Concurrent reports whether the statement is one of PostgreSQL's that wait for
// old transactions while nobody waits for them: CREATE, DROP and REINDEX ...
// CONCURRENTLY.
func Concurrent(d sqltext.Dialect, sql string) bool {
	return d == sqltext.Postgres && NeedsAutocommit(d, sql) && slices.Contains(sqltext.Words(d, sql, 0), "CONCURRENTLY")
}

// withinTransaction tells the statements of MySQL that commit nothing.
func withinTransaction(sql string) bool {
	words := sqltext.Words(sqltext.MySQL, sql, 2)
	if len(words) == 0 {
		return false
	}
	switch words[0] {
	case "INSERT", "UPDATE", "DELETE", "REPLACE", "SELECT", "WITH", "VALUES", "DO", "TABLE":
		return true
	case "SET":
		return len(words) > 1 && words[1] != "PASSWORD" && words[1] != "DEFAULT"
	case "LOAD":
		return len(words) > 1 && words[1] == "DATA"
	}
	return false
}

// ControlsTransaction reports whether the statement starts or ends a transaction.
// A migration may not: the ledger's row must commit with the work it speaks of.
func ControlsTransaction(d sqltext.Dialect, sql string) bool {
	words := sqltext.Words(d, sql, 3)
	if len(words) == 0 {
		return false
	}
	switch words[0] {
	case "COMMIT", "ROLLBACK", "ABORT", "END", "SAVEPOINT", "RELEASE":
		return true
	case "BEGIN":
		return d == sqltext.Postgres || len(words) == 1 || words[1] == "WORK"
	case "START":
		return len(words) > 1 && words[1] == "TRANSACTION"
	case "PREPARE":
		return len(words) > 1 && words[1] == "TRANSACTION"
	}
	return false
}
