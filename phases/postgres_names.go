package phases

import (
	"strconv"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// relation is the object that a range variable names.
func relation(kind Kind, rv *pg.RangeVar) Object {
	if rv == nil {
		return Object{Kind: kind}
	}
	return Object{Kind: kind, Schema: rv.Schemaname, Name: rv.Relname}
}

// within is an object of a table.
func within(kind Kind, rv *pg.RangeVar, name string) Object {
	o := Object{Kind: kind, Name: name}
	if rv != nil {
		o.Schema, o.Table = rv.Schemaname, rv.Relname
	}
	return o
}

// named is the object that a qualified name stands for.
func named(kind Kind, names []*pg.Node) Object {
	return objectOf(kind, partsOf(names))
}

// objectOf takes the parts of a qualified name, the outermost first. The last
// part names the object; kinds that live in a table have its name before it.
func objectOf(kind Kind, parts []string) Object {
	o := Object{Kind: kind}
	if len(parts) == 0 {
		return o
	}
	o.Name, parts = parts[len(parts)-1], parts[:len(parts)-1]
	switch kind {
	case Column, Constraint, Trigger, Policy, Rule:
		if len(parts) > 0 {
			o.Table, parts = parts[len(parts)-1], parts[:len(parts)-1]
		}
	}
	if len(parts) > 0 && parts[len(parts)-1] != "pg_catalog" {
		o.Schema = parts[len(parts)-1]
	}
	return o
}

// parts flattens a node that names something into the parts of its name.
func parts(n *pg.Node) []string {
	if n == nil {
		return nil
	}
	switch v := n.Node.(type) {
	case *pg.Node_String_:
		return []string{v.String_.Sval}
	case *pg.Node_List:
		return partsOf(v.List.Items)
	case *pg.Node_TypeName:
		return partsOf(v.TypeName.Names)
	case *pg.Node_ObjectWithArgs:
		return partsOf(v.ObjectWithArgs.Objname)
	case *pg.Node_RangeVar:
		if v.RangeVar.Schemaname != "" {
			return []string{v.RangeVar.Schemaname, v.RangeVar.Relname}
		}
		return []string{v.RangeVar.Relname}
	}
	return nil
}

func partsOf(nodes []*pg.Node) []string {
	var all []string
	for _, n := range nodes {
		all = append(all, parts(n)...)
	}
	return all
}

// texts are the names in a list of strings, nil for an empty one.
func texts(nodes []*pg.Node) []string { return partsOf(nodes) }

// pgKinds are the kinds whose name here is not PostgreSQL's own word.
var pgKinds = map[pg.ObjectType]Kind{
	pg.ObjectType_OBJECT_TABLE:           Table,
	pg.ObjectType_OBJECT_FOREIGN_TABLE:   Table,
	pg.ObjectType_OBJECT_COLUMN:          Column,
	pg.ObjectType_OBJECT_ATTRIBUTE:       Column,
	pg.ObjectType_OBJECT_INDEX:           Index,
	pg.ObjectType_OBJECT_TABCONSTRAINT:   Constraint,
	pg.ObjectType_OBJECT_DOMCONSTRAINT:   Constraint,
	pg.ObjectType_OBJECT_VIEW:            View,
	pg.ObjectType_OBJECT_MATVIEW:         MaterializedView,
	pg.ObjectType_OBJECT_SEQUENCE:        Sequence,
	pg.ObjectType_OBJECT_TYPE:            Type,
	pg.ObjectType_OBJECT_DOMAIN:          Type,
	pg.ObjectType_OBJECT_FUNCTION:        Function,
	pg.ObjectType_OBJECT_ROUTINE:         Function,
	pg.ObjectType_OBJECT_AGGREGATE:       Function,
	pg.ObjectType_OBJECT_PROCEDURE:       Procedure,
	pg.ObjectType_OBJECT_STATISTIC_EXT:   Statistics,
	pg.ObjectType_OBJECT_TSCONFIGURATION: "text search configuration",
	pg.ObjectType_OBJECT_TSDICTIONARY:    "text search dictionary",
	pg.ObjectType_OBJECT_TSPARSER:        "text search parser",
	pg.ObjectType_OBJECT_TSTEMPLATE:      "text search template",
	pg.ObjectType_OBJECT_FDW:             "foreign data wrapper",
	pg.ObjectType_OBJECT_FOREIGN_SERVER:  "server",
	pg.ObjectType_OBJECT_OPCLASS:         "operator class",
	pg.ObjectType_OBJECT_OPFAMILY:        "operator family",
}

// pgKind is the kind for PostgreSQL's object type.
func pgKind(t pg.ObjectType) Kind {
	if kind, ok := pgKinds[t]; ok {
		return kind
	}
	word := strings.TrimPrefix(t.String(), "OBJECT_")
	return Kind(strings.ToLower(strings.ReplaceAll(word, "_", " ")))
}

// shortTypes are the names that the grammar gives to types written by their SQL
// names, back in the shorter of the server's own names.
var shortTypes = map[string]string{
	"int2": "smallint", "int4": "integer", "int8": "bigint", "int": "integer",
	"float4": "real", "float8": "double precision", "bool": "boolean", "bpchar": "char", "decimal": "numeric",
	"serial2": "smallserial", "serial4": "serial", "serial8": "bigserial",
}

// typeName writes a type in its short name, with modifiers and brackets.
func typeName(t *pg.TypeName) string {
	if t == nil {
		return ""
	}
	names := partsOf(t.Names)
	if len(names) > 1 && names[0] == "pg_catalog" {
		names = names[1:]
	}
	if len(names) == 1 {
		if short, ok := shortTypes[names[0]]; ok {
			names[0] = short
		}
	}
	text := strings.Join(names, ".") + typeModifiers(t)
	if t.PctType {
		text += "%type"
	}
	text += strings.Repeat("[]", len(t.ArrayBounds))
	if t.Setof {
		text = "setof " + text
	}
	return text
}

// typeModifiers writes the numbers in parentheses. An interval's say which
// fields it keeps, and are left out, as is the 1 that char alone stands for.
func typeModifiers(t *pg.TypeName) string {
	names := partsOf(t.Names)
	if len(t.Typmods) == 0 || names[len(names)-1] == "interval" {
		return ""
	}
	var mods []string
	for _, n := range t.Typmods {
		switch c := n.GetAConst(); {
		case c == nil:
			mods = append(mods, strings.Join(partsOf(n.GetColumnRef().GetFields()), "."))
		case c.GetSval() != nil:
			mods = append(mods, c.GetSval().Sval)
		default:
			mods = append(mods, strconv.Itoa(int(c.GetIval().GetIval())))
		}
	}
	return "(" + strings.Join(mods, ",") + ")"
}
