package phases

import (
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// dataStatement reads what works on rows.
func (r *pgReader) dataStatement(n *pg.Node) bool {
	switch s := n.Node.(type) {
	case *pg.Node_SelectStmt:
		r.query(s.SelectStmt)
	case *pg.Node_InsertStmt:
		r.with(s.InsertStmt.WithClause)
		r.insert(s.InsertStmt)
	case *pg.Node_UpdateStmt:
		r.with(s.UpdateStmt.WithClause)
		r.add(Effect{Action: UpdateRows, Object: relation(Table, s.UpdateStmt.Relation),
			HasWhere: s.UpdateStmt.WhereClause != nil, Columns: targetNames(s.UpdateStmt.TargetList)})
	case *pg.Node_DeleteStmt:
		r.with(s.DeleteStmt.WithClause)
		r.add(Effect{Action: DeleteRows, Object: relation(Table, s.DeleteStmt.Relation), HasWhere: s.DeleteStmt.WhereClause != nil})
	case *pg.Node_MergeStmt:
		r.with(s.MergeStmt.WithClause)
		r.add(Effect{Action: MergeRows, Object: relation(Table, s.MergeStmt.Relation), HasWhere: true})
	case *pg.Node_CopyStmt:
		r.copyRows(s.CopyStmt)
	case *pg.Node_CallStmt:
		r.add(Effect{Action: Call, Object: named(Procedure, s.CallStmt.GetFunccall().GetFuncname())})
	default:
		return false
	}
	r.calls(n)
	return true
}

// query reads a SELECT: what it writes in its WITH, the table of its INTO, and itself.
func (r *pgReader) query(s *pg.SelectStmt) {
	r.with(s.WithClause)
	if into := intoClause(s); into != nil {
		r.add(Effect{Action: CreateTable, Object: relation(Table, into.Rel), Option: "as",
			Temporary: into.Rel.GetRelpersistence() == "t", Columns: outputColumns(&pg.Node{Node: &pg.Node_SelectStmt{SelectStmt: s}})})
		return
	}
	e := Effect{Action: Query}
	if len(s.FromClause) == 1 && s.FromClause[0].GetRangeVar() != nil {
		e.Object = relation(Table, s.FromClause[0].GetRangeVar())
	}
	e.HasWhere = s.WhereClause != nil
	if len(s.LockingClause) > 0 {
		e.Option = "for update"
	}
	r.add(e)
}

// intoClause is SELECT INTO's, which stands in the first arm of a UNION.
func intoClause(s *pg.SelectStmt) *pg.IntoClause {
	for s.Larg != nil {
		s = s.Larg
	}
	return s.IntoClause
}

// with reads the statements of a WITH that write.
func (r *pgReader) with(clause *pg.WithClause) {
	for _, n := range clause.GetCtes() {
		query := n.GetCommonTableExpr().GetCtequery()
		switch query.GetNode().(type) {
		case *pg.Node_InsertStmt, *pg.Node_UpdateStmt, *pg.Node_DeleteStmt, *pg.Node_MergeStmt:
			r.dataStatement(query)
		case *pg.Node_SelectStmt:
			r.with(query.GetSelectStmt().WithClause)
		}
	}
}

// writingParts reads what the query of CREATE TABLE AS writes besides.
func (r *pgReader) writingParts(n *pg.Node) {
	if n.GetExecuteStmt() != nil {
		r.statement(n)
		return
	}
	r.with(n.GetSelectStmt().GetWithClause())
	r.calls(n)
}

func (r *pgReader) insert(s *pg.InsertStmt) {
	values := s.SelectStmt.GetSelectStmt()
	e := Effect{Action: InsertRows, Object: relation(Table, s.Relation), Columns: targetNames(s.Cols), Rows: len(values.GetValuesLists())}
	if values == nil {
		e.Rows = 1 // DEFAULT VALUES
	}
	if s.OnConflictClause != nil {
		e.Option = "on conflict do nothing"
		if s.OnConflictClause.Action == pg.OnConflictAction_ONCONFLICT_UPDATE {
			e.Option = "on conflict do update"
		}
	}
	r.add(e)
}

// targetNames are the columns assigned to, nil for none.
func targetNames(nodes []*pg.Node) []string {
	var names []string
	for _, n := range nodes {
		names = append(names, n.GetResTarget().GetName())
	}
	return names
}

func (r *pgReader) copyRows(s *pg.CopyStmt) {
	e := Effect{Action: Query, Object: relation(Table, s.Relation), Columns: texts(s.Attlist), Option: "copy"}
	if s.IsFrom {
		e.Action = InsertRows
	}
	if s.Query != nil {
		e.Object = Object{}
		r.with(s.Query.GetSelectStmt().GetWithClause())
	}
	r.add(e)
}

// calls adds a Call for each function of the statement that is not known to be
// one of the server's own: such a function may do anything.
func (r *pgReader) calls(n *pg.Node) {
	var seen []Object
	walk(n.ProtoReflect(), func(m protoreflect.Message) {
		call, ok := m.Interface().(*pg.FuncCall)
		if !ok || r.isProcedureCall(n, call) || serversOwn(partsOf(call.Funcname)) {
			return
		}
		if o := named(Function, call.Funcname); !slices.Contains(seen, o) {
			seen = append(seen, o)
			r.add(Effect{Action: Call, Object: o})
		}
	})
}

func (r *pgReader) isProcedureCall(n *pg.Node, call *pg.FuncCall) bool {
	return n.GetCallStmt() != nil && n.GetCallStmt().Funccall == call
}

// serversOwn reports whether a function is known to be one of the server's own.
func serversOwn(name []string) bool {
	if len(name) == 2 && (name[0] == "pg_catalog" || name[0] == "information_schema") {
		return true
	}
	if len(name) != 1 {
		return false
	}
	return steady(name) || strings.HasPrefix(name[0], "pg_") || strings.HasPrefix(name[0], "json") ||
		strings.HasPrefix(name[0], "has_") || strings.HasPrefix(name[0], "xml") || strings.HasPrefix(name[0], "uuid_generate") ||
		strings.HasPrefix(name[0], "array_") || strings.HasPrefix(name[0], "regexp_") || strings.HasPrefix(name[0], "to_") ||
		strings.HasPrefix(name[0], "st_") || strings.HasPrefix(name[0], "string_") || slices.Contains(harmlessFunctions, name[0])
}

// harmlessFunctions are volatile ones and aggregates that change no schema.
var harmlessFunctions = strings.Fields(`
	nextval currval lastval setval set_config gen_random_uuid uuidv4 uuidv7 random clock_timestamp timeofday
	gen_random_bytes crypt gen_salt digest hmac
	count sum avg min max bool_and bool_or every bit_and bit_or stddev variance mode percentile_cont percentile_disc
	row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value last_value nth_value any_value
	generate_series generate_subscripts unnest format_type col_description obj_description version
	least greatest coalesce nullif ts_rank ts_headline query_to_xml table_to_xml lo_unlink
	current_schemas current_query txid_current_snapshot grouping range_agg similarity unaccent st_setsrid st_makepoint
	width_bucket factorial gcd lcm degrees radians sin cos tan asin acos atan atan2 pi cbrt trim_scale scale
	justify_days justify_hours justify_interval isfinite date_bin numrange multirange corr row`)
