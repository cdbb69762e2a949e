package phases

import (
	"slices"

	"github.com/expandcontract/migrate/migrations/sqltext"
)

// Touched are the objects whose definition in the catalogue the effects change,
// each once, in order: what to look at to tell whether a statement took effect.
// Columns, constraints, partitions and MySQL's indexes are in their table's
// definition; a PostgreSQL index, a trigger, a policy and a rule stand for
// themselves. A rename, a move, and a partition that comes or goes name both
// sides. Rows, settings and Unknown effects name nothing.
func Touched(effects []Effect) []Object {
	var touched []Object
	for _, e := range effects {
		for _, o := range e.touches() {
			if !slices.Contains(touched, o) {
				touched = append(touched, o)
			}
		}
	}
	return touched
}

func (e Effect) touches() []Object {
	if e.Action == Unknown || !e.ChangesSchema() {
		return nil
	}
	if other, ok := e.otherSide(); ok {
		return []Object{e.Catalogued(), other}
	}
	return []Object{e.Catalogued()}
}

// Catalogued is the object whose definition in the catalogue holds that of the
// effect's object.
func (e Effect) Catalogued() Object {
	switch {
	case e.Object.Kind == Column, e.Object.Kind == Constraint, e.Object.Kind == Partition,
		e.Object.Kind == Index && e.InTable:
		return e.Object.OfTable()
	case e.Object.Kind == Index:
		return Object{Kind: Index, Schema: e.Object.Schema, Name: e.Object.Name}
	}
	return e.Object
}

// otherSide is the second object that an effect changes: what a rename or a move
// makes of the first, or the table that becomes or was a partition.
func (e Effect) otherSide() (Object, bool) {
	other := e.Catalogued()
	switch e.Action {
	case RenameTable, RenameIndex, RenameObject:
		if e.Object.Kind == Constraint || e.InTable {
			return Object{}, false
		}
		other.Schema, other.Name = e.NewSchema, e.NewName
	case SetSchema:
		other.Schema = e.NewSchema
	case AttachPartition, DetachPartition:
		other.Schema, other.Name = e.NewSchema, e.NewName
	case AlterPartition:
		other.Schema, other.Name = e.NewSchema, e.NewName
		return other, e.NewName != ""
	default:
		return Object{}, false
	}
	return other, true
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
	if o, ok := r.name(Table); ok {
		return []Object{o}
	}
	return nil
}

// Nameless reports a CREATE INDEX CONCURRENTLY that leaves the name to the server.
func Nameless(d sqltext.Dialect, sql string) bool {
	if !Concurrent(d, sql) {
		return false
	}
	for _, e := range Effects(d, sql) {
		if e.Action == CreateIndex && e.Object.Name == "" {
			return true
		}
	}
	return false
}
