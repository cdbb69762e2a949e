package phases

import (
	pg "github.com/pganalyze/pg_query_go/v6"
)

// createTableAs reads CREATE TABLE AS and CREATE MATERIALIZED VIEW.
func (r *pgReader) createTableAs(s *pg.CreateTableAsStmt) {
	action, kind := CreateTable, Table
	if s.Objtype == pg.ObjectType_OBJECT_MATVIEW {
		action, kind = CreateView, MaterializedView
	}
	e := Effect{Action: action, Object: relation(kind, s.Into.GetRel()), IfNotExists: s.IfNotExists,
		Temporary: s.Into.GetRel().GetRelpersistence() == "t", Columns: texts(s.Into.GetColNames())}
	if e.Columns == nil {
		e.Columns = outputColumns(s.Query)
	}
	if kind == Table {
		e.Option = "as"
	}
	r.add(e)
	r.writingParts(s.Query)
}

func (r *pgReader) createView(s *pg.ViewStmt) {
	action := CreateView
	if s.Replace {
		action = ReplaceView
	}
	columns := texts(s.Aliases)
	if columns == nil {
		columns = outputColumns(s.Query)
	}
	r.add(Effect{Action: action, Object: relation(View, s.View), OrReplace: s.Replace, Columns: columns,
		Temporary: s.View.GetRelpersistence() == "t"})
}

// outputColumns are the names of a query's columns, nil where a star or an
// expression without a name hides them.
func outputColumns(n *pg.Node) []string {
	s := n.GetSelectStmt()
	for s.GetLarg() != nil {
		s = s.Larg
	}
	var names []string
	for _, target := range s.GetTargetList() {
		name := target.GetResTarget().GetName()
		if name == "" {
			name = columnName(target.GetResTarget().GetVal())
		}
		if name == "" {
			return nil
		}
		names = append(names, name)
	}
	return names
}

// columnName is the name that the server gives to an expression (PostgreSQL's
// FigureColname), "" where that takes more than the expression.
func columnName(n *pg.Node) string {
	switch {
	case n.GetColumnRef() != nil:
		fields := n.GetColumnRef().Fields
		return fields[len(fields)-1].GetString_().GetSval()
	case n.GetFuncCall() != nil:
		names := partsOf(n.GetFuncCall().Funcname)
		return names[len(names)-1]
	case n.GetTypeCast() != nil:
		return columnName(n.GetTypeCast().Arg)
	case n.GetCoalesceExpr() != nil:
		return "coalesce"
	}
	return ""
}
