package phases

import (
	"strings"

	"github.com/expandcontract/migrate/migrations/sqltext"
)

// SessionEffect says what a statement does to its session beyond itself. What a
// later statement of the same file relies on must be done again when the file is
// resumed in another session.
type SessionEffect string

const (
	NoSessionEffect SessionEffect = ""
	SetsVariable    SessionEffect = "sets a variable"
	LocksTables     SessionEffect = "locks tables"
	UnlocksTables   SessionEffect = "unlocks tables"
)

// OnSession is the statement's effect on its session.
func OnSession(d sqltext.Dialect, sql string) SessionEffect {
	words := sqltext.Words(d, sql, 2)
	switch {
	case len(words) == 0:
		return NoSessionEffect
	case words[0] == "SET" || words[0] == "RESET" || words[0] == "USE":
		if len(words) > 1 && (words[1] == "GLOBAL" || words[1] == "PERSIST" || words[1] == "LOCAL" && d == sqltext.Postgres) {
			return NoSessionEffect
		}
		return SetsVariable
	case d == sqltext.MySQL && len(words) > 1 && (words[0] == "LOCK" || words[0] == "UNLOCK") && strings.HasPrefix(words[1], "TABLE"):
		if words[0] == "UNLOCK" {
			return UnlocksTables
		}
		return LocksTables
	default:
		return NoSessionEffect
	}
}

// KeepsSession reports whether the statement surely leaves its session's settings
// as they are. What calls functions, or is not understood, may not.
func KeepsSession(d sqltext.Dialect, sql string) bool {
	words := sqltext.Words(d, sql, 1)
	if len(words) == 0 {
		return true
	}
	switch words[0] {
	case "CREATE", "ALTER", "DROP", "COMMENT", "GRANT", "REVOKE", "TRUNCATE", "INSERT", "UPDATE", "DELETE":
		return !strings.Contains(strings.ToLower(sql), "set_config")
	}
	return false
}
