package phases

import (
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// treeVersion is the version of the grammar's trees, PG_VERSION_NUM of pg_query_go v6.
const treeVersion = 170007

// expression writes an expression as SQL, "" when it cannot be.
func expression(n *pg.Node) string {
	if n == nil {
		return ""
	}
	target := &pg.Node{Node: &pg.Node_ResTarget{ResTarget: &pg.ResTarget{Val: n}}}
	query := &pg.Node{Node: &pg.Node_SelectStmt{SelectStmt: &pg.SelectStmt{
		TargetList: []*pg.Node{target}, Op: pg.SetOperation_SETOP_NONE, LimitOption: pg.LimitOption_LIMIT_OPTION_DEFAULT,
	}}}
	sql, err := pg.Deparse(&pg.ParseResult{Version: treeVersion, Stmts: []*pg.RawStmt{{Stmt: query}}})
	if err != nil {
		return ""
	}
	return strings.TrimPrefix(sql, "SELECT ")
}

// walk calls f with every message below and including m but constants, of which
// seed rows have very many.
func walk(m protoreflect.Message, f func(protoreflect.Message)) {
	if n, ok := m.Interface().(*pg.Node); ok && n.GetAConst() != nil {
		return
	}
	f(m)
	m.Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case fd.Message() == nil:
		case fd.IsList():
			for i := range v.List().Len() {
				walk(v.List().Get(i).Message(), f)
			}
		default:
			walk(v.Message(), f)
		}
		return true
	})
}

// walkNode calls f with every message of a node, also for none.
func walkNode(n *pg.Node, f func(any)) {
	if n == nil {
		return
	}
	walk(n.ProtoReflect(), func(m protoreflect.Message) { f(m.Interface()) })
}

// volatile reports whether an expression calls a volatile function, or one that
// is not known not to be.
func volatile(n *pg.Node) bool {
	found := false
	walkNode(n, func(m any) {
		if call, ok := m.(*pg.FuncCall); ok {
			found = found || !steady(partsOf(call.Funcname))
		}
	})
	return found
}

// steady reports whether a function is one of the server's own that are stable
// or immutable (PostgreSQL's pg_proc.provolatile).
func steady(name []string) bool {
	if len(name) == 2 && name[0] == "pg_catalog" {
		name = name[1:]
	}
	return len(name) == 1 && slices.Contains(steadyFunctions, name[0])
}

// steadyFunctions are those that defaults and checks are seen to call. A function
// of the same name found earlier on the search path would hide them; that is rare.
var steadyFunctions = strings.Fields(`
	now transaction_timestamp statement_timestamp timezone date_trunc date_part extract age make_date make_interval
	make_timestamp make_timestamptz to_timestamp to_date to_char to_number date time timestamp timestamptz interval
	current_setting current_user session_user current_schema current_database pg_current_xact_id txid_current
	lower upper initcap concat concat_ws format length char_length octet_length btrim ltrim rtrim trim lpad rpad left
	right substring substr replace translate repeat reverse split_part position strpos overlay md5 sha256 encode
	decode convert_to convert_from ascii chr quote_ident quote_literal starts_with regexp_replace regexp_match
	regexp_like like similar_to_escape is_normalized normalize hashtext
	abs ceil ceiling floor round trunc mod power sqrt sign div exp ln log
	array_append array_cat array_fill array_length array_position array_prepend array_remove array_to_string
	array_upper array_lower cardinality string_to_array num_nonnulls num_nulls
	json_build_object json_build_array jsonb_build_object jsonb_build_array to_json to_jsonb json_typeof jsonb_typeof
	jsonb_array_length json_array_length jsonb_set jsonb_strip_nulls json_object jsonb_object jsonb_extract_path_text
	jsonb_path_exists row_to_json array_to_json jsonb_matches_schema
	to_tsvector to_tsquery plainto_tsquery setweight inet masklen family host network set_masklen
	int4range int8range numrange tsrange tstzrange daterange lower_inc upper_inc isempty isfinite
	overlaps bit_length get_byte point box circle polygon text int4 int8 float8 numeric bool`)

// proves are the columns that a condition can only hold for when they are not
// null: c IS NOT NULL, and ANDs of such conditions.
func proves(n *pg.Node) []string {
	switch {
	case n.GetBoolExpr() != nil && n.GetBoolExpr().Boolop == pg.BoolExprType_AND_EXPR:
		var all []string
		for _, arg := range n.GetBoolExpr().Args {
			all = append(all, proves(arg)...)
		}
		return all
	case n.GetNullTest() != nil && n.GetNullTest().Nulltesttype == pg.NullTestType_IS_NOT_NULL:
		if fields := partsOf(n.GetNullTest().Arg.GetColumnRef().GetFields()); len(fields) > 0 {
			return fields[len(fields)-1:]
		}
	}
	return nil
}

// columnsIn are the columns that an expression names, each once.
func columnsIn(n *pg.Node) []string {
	var names []string
	walkNode(n, func(m any) {
		ref, ok := m.(*pg.ColumnRef)
		if !ok {
			return
		}
		if fields := partsOf(ref.Fields); len(fields) > 0 && !slices.Contains(names, fields[len(fields)-1]) {
			names = append(names, fields[len(fields)-1])
		}
	})
	return names
}

// isNull reports whether an expression is NULL, also cast.
func isNull(n *pg.Node) bool {
	for n.GetTypeCast() != nil {
		n = n.GetTypeCast().Arg
	}
	return n.GetAConst() != nil && n.GetAConst().Isnull
}
