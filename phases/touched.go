package phases

import (
	"slices"
	"strings"

	"github.com/expandcontract/migrate/migrations/sqltext"
)

// Touched names the objects whose definition in the catalogue the statement
// changes, in the order in which it names them: whether it took effect shows in
// them. Columns, constraints and MySQL's indexes are part of their table. There is
// none when the statement changes no definition, or is not understood.
//
// For PostgreSQL only statements that cannot run in a transaction are read: the
// others commit together with their record.
func Touched(d sqltext.Dialect, sql string) []Object {
	r := newReader(d, sql)
	verb := r.word()
	if verb == "RENAME" && r.take("TABLE", "TABLES") {
		return r.renamed()
	}
	if verb != "CREATE" && verb != "ALTER" && verb != "DROP" {
		return nil
	}
	kind := r.kind()
	if kind == Index {
		return r.index(verb)
	}
	if kind == "" || d == sqltext.Postgres {
		return nil
	}
	r.exists()
	objects := r.list(kind)
	if verb == "ALTER" && kind == Table {
		objects = append(objects, r.alsoAltered()...)
	}
	return objects
}

// kinds are the words that name a kind of object behind CREATE, ALTER and DROP.
var kinds = map[string]Kind{
	"TABLE": Table, "INDEX": Index, "VIEW": View, "TRIGGER": Trigger, "PROCEDURE": Procedure, "FUNCTION": Function,
	"EVENT": Event, "SEQUENCE": Sequence, "DATABASE": Schema, "SCHEMA": Schema,
}

// kind reads over OR REPLACE, TEMPORARY, UNIQUE, DEFINER = `u`@`h` and the like.
func (r *reader) kind() Kind {
	for range 16 {
		token, ok := r.next()
		if !ok {
			return ""
		}
		if token.Kind != sqltext.Word {
			continue
		}
		word := strings.ToUpper(token.Text)
		if word == "TEMPORARY" || word == "USER" || word == "ROLE" || word == "SERVER" {
			return "" // gone with the session, or not in the database's catalogue
		}
		if kind, known := kinds[word]; known {
			return kind
		}
	}
	return ""
}

// index reads CREATE INDEX name ON table and DROP INDEX name [ON table].
func (r *reader) index(verb string) []Object {
	concurrently := r.take("CONCURRENTLY")
	r.exists()
	var name Object
	if !r.at("ON") {
		name, _ = r.name(Index)
	}
	if r.dialect == sqltext.MySQL {
		r.seek("ON")
		return r.list(Table)
	}
	if !concurrently || name.Name == "" {
		return nil
	}
	if verb == "CREATE" && r.take("ON") {
		r.take("ONLY")
		if table, ok := r.name(Table); ok {
			name.Schema, name.Table = table.Schema, table.Name // an index lives in its table's schema
		}
	}
	return []Object{name}
}

// renamed reads a TO b, c TO d.
func (r *reader) renamed() []Object {
	var objects []Object
	r.exists()
	for {
		from, ok := r.name(Table)
		if !ok {
			return objects
		}
		r.seek("TO")
		to, ok := r.name(Table)
		if !ok {
			return nil
		}
		objects = append(objects, from, to)
		if !r.take(",") {
			return objects
		}
	}
}

// alsoAltered finds the other table of RENAME TO and EXCHANGE PARTITION.
func (r *reader) alsoAltered() []Object {
	var objects []Object
	for {
		token, ok := r.next()
		if !ok {
			return objects
		}
		switch word := strings.ToUpper(token.Text); {
		case token.Kind != sqltext.Word:
		case word == "RENAME":
			if !r.at("COLUMN") && !r.at("INDEX") && !r.at("KEY") {
				r.take("TO", "AS", "=")
				objects = r.append(objects)
			}
		case word == "EXCHANGE":
			r.seek("TABLE")
			objects = r.append(objects)
		}
	}
}

func (r *reader) append(objects []Object) []Object {
	if o, ok := r.name(Table); ok {
		objects = append(objects, o)
	}
	return objects
}

func (r *reader) list(kind Kind) []Object {
	var objects []Object
	for {
		o, ok := r.name(kind)
		if !ok {
			return objects
		}
		objects = append(objects, o)
		if !r.take(",") {
			return objects
		}
	}
}

// Repeatable reports whether the statement may run a second time when it is not
// known whether the first took effect: it ends in the same state.
func Repeatable(d sqltext.Dialect, sql string) bool {
	words := sqltext.Words(d, sql, 0)
	if len(words) == 0 {
		return false
	}
	switch words[0] {
	case "VACUUM", "ANALYZE", "REINDEX", "OPTIMIZE", "CHECK", "FLUSH", "GRANT", "CLUSTER":
		return true
	case "ALTER":
		return len(words) > 1 && words[1] == "SYSTEM"
	case "LOCK", "UNLOCK", "SET":
		return true
	case "DROP":
		return slices.Contains(words[:min(len(words), 4)], "EXISTS")
	}
	return false
}

// Reindexed names the index or table of PostgreSQL's REINDEX (INDEX | TABLE)
// CONCURRENTLY name; none for other statements.
func Reindexed(sql string) []Object {
	r := newReader(sqltext.Postgres, sql)
	if r.word() != "REINDEX" {
		return nil
	}
	for len(r.tokens) > 0 && !r.at("INDEX", "TABLE") {
		r.next()
	}
	r.next()
	if !r.take("CONCURRENTLY") {
		return nil
	}
	return r.append(nil)
}

// Nameless reports a CREATE INDEX CONCURRENTLY that leaves the name to the server.
func Nameless(d sqltext.Dialect, sql string) bool {
	return Concurrent(d, sql) && newReader(d, sql).word() == "CREATE" && len(Touched(d, sql)) == 0
}
