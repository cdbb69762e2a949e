package phases

import (
	"strings"

	"github.com/expandcontract/migrate/migrations/sqltext"
)

// Online returns the texts with which a statement of MySQL or MariaDB that
// changes a table is to be tried, in order, so that the server refuses what it
// could not do without stopping the application's writes: first as a change of
// the catalogue alone, then in place with writes going on. There is none for
// statements that choose for themselves (ALGORITHM, LOCK), that have no such
// clause, or that make or drop whole tables. DROP INDEX is online everywhere, and
// MariaDB's takes no clause (1064).
//
// ALGORITHM=INSTANT takes no LOCK clause (1221, measured on MySQL 9.7).
func Online(sql string) []string {
	r := newReader(sqltext.MySQL, sql)
	for _, token := range r.tokens {
		if word := strings.ToUpper(token.Text); token.Kind == sqltext.Word && (word == "ALGORITHM" || word == "LOCK") {
			return nil
		}
	}
	switch r.word() {
	case "ALTER":
		return r.onlineTable(sql)
	case "CREATE":
		return r.onlineIndex(sql)
	}
	return nil
}

// onlineTable puts the clauses behind the table's name: with partitions they
// may not stand at the end.
func (r *reader) onlineTable(sql string) []string {
	for r.take("ONLINE", "IGNORE") {
	}
	if !r.take("TABLE") {
		return nil
	}
	r.exists()
	if _, ok := r.name(Table); !ok {
		return nil
	}
	if r.take("WAIT") {
		r.next()
	}
	r.take("NOWAIT")
	if len(r.tokens) == 0 || r.wholePartitions() {
		return nil
	}
	at, comma := r.tokens[0].Pos.Offset, ", "
	if r.at("PARTITION") || r.at("REMOVE") {
		comma = " "
	}
	return []string{
		sql[:at] + "ALGORITHM=INSTANT" + comma + sql[at:],
		sql[:at] + "ALGORITHM=INPLACE, LOCK=NONE" + comma + sql[at:],
	}
}

// wholePartitions tells the commands that ignore the clauses or refuse them.
func (r *reader) wholePartitions() bool {
	return r.at("TRUNCATE", "EXCHANGE", "OPTIMIZE", "ANALYZE", "CHECK", "REPAIR", "DISCARD", "IMPORT", "CONVERT") &&
		!(r.at("CONVERT") && len(r.tokens) > 1 && strings.EqualFold(r.tokens[1].Text, "TO"))
}

func (r *reader) onlineIndex(sql string) []string {
	if r.take("OR") {
		r.take("REPLACE")
	}
	r.take("UNIQUE", "FULLTEXT", "SPATIAL")
	if !r.at("INDEX") {
		return nil
	}
	return []string{sql + "\nALGORITHM=INPLACE LOCK=NONE"} // on a line of their own: the statement may end in a comment
}
