package phases

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// reindex reads REINDEX of an index, a table, or all of a schema or database.
func (r *pgReader) reindex(s *pg.ReindexStmt) {
	e := Effect{Action: Reindex, Object: Object{Kind: Database, Name: s.Name}, Concurrently: hasOption(s.Params, "concurrently")}
	switch s.Kind {
	case pg.ReindexObjectType_REINDEX_OBJECT_INDEX:
		e.Object = relation(Index, s.Relation)
	case pg.ReindexObjectType_REINDEX_OBJECT_TABLE:
		e.Object = relation(Table, s.Relation)
	case pg.ReindexObjectType_REINDEX_OBJECT_SCHEMA:
		e.Object.Kind = Schema
	}
	r.add(e)
}

// hasOption reports whether an option is given and not turned off.
func hasOption(options []*pg.Node, name string) bool {
	return slices.ContainsFunc(options, func(n *pg.Node) bool {
		def := n.GetDefElem()
		off := def.GetArg().GetString_().GetSval()
		return def.GetDefname() == name && off != "false" && off != "off"
	})
}

func (r *pgReader) vacuum(s *pg.VacuumStmt) {
	e := Effect{Action: Analyze, Object: Object{Kind: Database}}
	if s.IsVacuumcmd {
		e.Action = Vacuum
	}
	if hasOption(s.Options, "full") {
		e.Option = "full"
	}
	if len(s.Rels) == 0 {
		r.add(e)
	}
	for _, n := range s.Rels {
		e.Object = relation(Table, n.GetVacuumRelation().GetRelation())
		r.add(e)
	}
}

func (r *pgReader) truncate(s *pg.TruncateStmt) {
	for _, n := range s.Relations {
		r.add(Effect{Action: TruncateTable, Object: relation(Table, n.GetRangeVar()), Only: !n.GetRangeVar().GetInh(),
			Cascade: s.Behavior == pg.DropBehavior_DROP_CASCADE})
	}
}

// lockModes are the table lock modes by their number (lockdefs.h).
var lockModes = [...]string{
	1: "access share", 2: "row share", 3: "row exclusive", 4: "share update exclusive",
	5: "share", 6: "share row exclusive", 7: "exclusive", 8: "access exclusive",
}

func (r *pgReader) lockTable(s *pg.LockStmt) {
	mode := ""
	if s.Mode > 0 && int(s.Mode) < len(lockModes) {
		mode = lockModes[s.Mode]
	}
	for _, n := range s.Relations {
		r.add(Effect{Action: LockTable, Object: relation(Table, n.GetRangeVar()), Lock: mode})
	}
}
