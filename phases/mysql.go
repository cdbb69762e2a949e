package phases

import (
	"strings"

	"github.com/expandcontract/migrate/migrations/sqltext"
)

// mysqlEffects reads a statement of MySQL or MariaDB clause by clause. No Go
// parser knows both: each refuses much that one of the servers takes.
func mysqlEffects(sql string) []Effect {
	tokens, err := significant(sqltext.MySQL, sql)
	if err != nil {
		return []Effect{unknown(err.Error())}
	}
	return readMySQL(sql, tokens)
}

// readMySQL reads the tokens of one statement of sql. Where it meets what it does
// not know the rest is Unknown.
func readMySQL(sql string, tokens []sqltext.Token) []Effect {
	for len(tokens) > 0 && (tokens[len(tokens)-1].Text == ";" || tokens[len(tokens)-1].Kind == sqltext.Semicolon) {
		tokens = tokens[:len(tokens)-1]
	}
	if len(tokens) == 0 {
		return nil
	}
	r := &mysqlReader{cursor: cursor{sql: sql, tokens: tokens}}
	r.statement()
	if r.failed == "" && len(r.effects) == 0 {
		r.add(Effect{Action: Session})
	}
	for i := range r.effects {
		r.effects[i].Algorithm, r.effects[i].Lock = r.algorithm, r.lock+r.effects[i].Lock
	}
	if r.failed != "" {
		r.add(unknown(r.failed))
	}
	return r.effects
}

// mysqlReader collects the effects of one statement.
type mysqlReader struct {
	cursor
	effects         []Effect
	algorithm, lock string
}

func (r *mysqlReader) add(e Effect) { r.effects = append(r.effects, e) }

// statement dispatches on the first word.
func (r *mysqlReader) statement() {
	if r.peek().Text == "(" {
		r.query()
		return
	}
	if r.peek().Kind != sqltext.Word {
		r.fail("a statement starts with a word")
		return
	}
	switch word := strings.ToUpper(r.next().Text); word {
	case "CREATE":
		r.create()
	case "ALTER":
		r.alter()
	case "DROP":
		r.drop()
	case "RENAME":
		r.rename()
	case "TRUNCATE":
		r.accept("TABLE")
		r.add(Effect{Action: TruncateTable, Object: r.object(Table)})
	case "INSERT", "REPLACE", "UPDATE", "DELETE", "SELECT", "WITH", "VALUES", "TABLE", "LOAD", "CALL", "DO", "IMPORT":
		r.data(word)
	default:
		r.other(word)
	}
}

func (r *mysqlReader) other(word string) {
	switch word {
	case "SET":
		r.set()
	case "GRANT", "REVOKE":
		r.grant(word)
	case "LOCK":
		r.lockTables()
	case "UNLOCK":
		r.add(Effect{Action: UnlockTable})
	case "ANALYZE", "OPTIMIZE", "REPAIR", "CHECK", "CHECKSUM":
		r.maintain(word)
	case "BEGIN", "START", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "XA":
		r.transaction(word)
	case "PREPARE":
		r.prepare()
	case "EXECUTE":
		r.execute()
	case "IF", "CASE", "LOOP", "WHILE", "REPEAT", "FOR":
		r.compound()
	case "USE", "SHOW", "DESCRIBE", "DESC", "EXPLAIN", "HELP", "FLUSH", "DEALLOCATE", "KILL", "HANDLER", "PURGE", "RESET",
		"CHANGE", "STOP", "INSTALL", "UNINSTALL", "SIGNAL", "RESIGNAL", "GET", "BINLOG", "CACHE", "SHUTDOWN", "CLONE", "RETURN",
		"LEAVE", "ITERATE", "OPEN", "CLOSE", "FETCH", "RESTART":
		r.add(Effect{Action: Session, Option: strings.ToLower(word)})
	default:
		r.fail("a statement that starts with " + word)
	}
}
